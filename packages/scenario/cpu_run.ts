/**
 * Runs of a vCPU, from its program's beginning to its HLT.
 *
 * @module
 */
import { hex, internalErrorName } from "@ioeventfd/uapi";
import type { CountedWork, KvmVcpu, VcpuExit } from "@ioeventfd/uapi";
import { workBetween } from "./counted_work.ts";
import { showExit } from "./show_exit.ts";
import type { StageParts } from "./stage_parts.ts";

/** An exit with an access that userspace is to do. */
export type AccessExit = VcpuExit & { readonly reason: "mmio" | "io" };

const mostExits = 100_000;

/** A vCPU that runs until its guest halts, and what came of it. */
export class CpuRun {
  /** The vCPU itself, for what the stage has no verb for. */
  readonly vcpu: KvmVcpu;
  /** What reports call it. */
  readonly name: string;
  /** Exits to userspace of the last run, one line each, without the HLT that ended it. */
  exits: string[] = [];
  /** Work of the last run, or null where the backend counts none. */
  work: CountedWork | null = null;
  /** What a guest's read of a device gets: a number for little-endian bytes, or the bytes. 0 unless set. */
  onRead: (exit: AccessExit) => bigint | Uint8Array = () => 0n;
  /** What userspace does with a guest's write. Nothing unless set. */
  onWrite: (exit: AccessExit) => void = () => {};
  readonly #stage: StageParts;
  #end = "not run";
  #workBefore: CountedWork | null = null;

  /** @ignore Made by {@linkcode StageVm.cpu}. */
  constructor(stage: StageParts, vcpu: KvmVcpu, name: string) {
    this.#stage = stage;
    this.vcpu = vcpu;
    this.name = name;
  }

  /** How the last run ended: `hlt`, or a phrase that says what happened instead. */
  get end(): string {
    return this.#end;
  }

  /**
   * Runs until the guest halts, or until something else ends it. Reads are answered by `onRead`.
   *
   * @returns Exits to userspace, one line each, without the HLT
   */
  run(): string[] {
    this.begin();
    const { maxInstructions } = this.#stage.limits;
    if (!this.advance(maxInstructions)) this.giveUp();
    return this.exits;
  }

  /** Begins a run of several pieces. */
  begin(): void {
    this.exits = [];
    this.#end = "running";
    this.#workBefore = this.vcpu.countedWork?.() ?? null;
  }

  /**
   * Runs on for some instructions.
   *
   * @param maxInstructions Most guest instructions; a live kernel takes its time limit instead
   * @returns Whether the run is over
   */
  advance(maxInstructions: number): boolean {
    const timeoutMs = this.#countsInstructions ? Infinity : this.#stage.limits.timeoutMs;
    for (;;) {
      const exit = this.vcpu.run({ maxInstructions, timeoutMs });
      if (exit.reason === "intr") return false;
      if (exit.reason === "hlt") return this.#finish("hlt");
      if (this.exits.length === mostExits) break;
      const line = showExit(exit);
      if (exit.reason !== "mmio" && exit.reason !== "io") return this.#finish(this.#died(exit));
      this.exits.push(line);
      this.#stage.log.happened(`${this.name}: ${line}`);
      if (exit.write) this.onWrite(exit);
      else fill(exit.data, this.onRead(exit));
    }
    return this.#finish(`no HLT after ${mostExits} exits to userspace, at ${this.#rip()}`);
  }

  /** Ends a run that has not ended by itself. */
  giveUp(): void {
    this.#finish(this.#stillRunning());
  }

  #finish(end: string): true {
    this.#end = end;
    this.#stage.log.happened(`${this.name}: ${end}`);
    const after = this.vcpu.countedWork?.() ?? null;
    this.work = after && workBetween(this.#workBefore ?? {}, after);
    return true;
  }

  #died(exit: VcpuExit): string {
    const name = exit.reason === "internal_error" ? ` (${internalErrorName(exit.suberror)})` : "";
    return `${showExit(exit)}${name} at ${this.#rip()}`;
  }

  #stillRunning(): string {
    const { maxInstructions, timeoutMs } = this.#stage.limits;
    const limit = this.#countsInstructions ? `${maxInstructions} instructions` : `${timeoutMs} ms`;
    return `no HLT after ${limit}, at ${this.#rip()}`;
  }

  /** Time decides where instructions cannot be counted; elsewhere it would make results differ from host to host. */
  get #countsInstructions(): boolean {
    const { backend, limits } = this.#stage;
    return backend === "sim" && limits.maxInstructions < Infinity;
  }

  #rip(): string {
    return `rip ${hex(this.vcpu.getRegs().rip)}`;
  }
}

function fill(data: Uint8Array, answer: bigint | Uint8Array): void {
  if (answer instanceof Uint8Array) {
    data.set(answer.subarray(0, data.length));
    return;
  }
  for (let i = 0; i < data.length; i++) data[i] = Number((answer >> BigInt(8 * i)) & 0xffn);
}

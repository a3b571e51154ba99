/**
 * A vCPU on a stage.
 *
 * @module
 */
import { hex, internalErrorName } from "@ioeventfd/uapi";
import type { CountedWork, KvmVcpu, Regs, VcpuExit } from "@ioeventfd/uapi";
import { type WorkName, workNames } from "@ioeventfd/vmx-sim";
import { accessWork, workBetween } from "./counted_work.ts";
import { fillTables, guestLayout, startRegs, startSregs } from "./guest_mode.ts";
import type { GuestMode, SegmentBases } from "./guest_mode.ts";
import { machineCode, type Program } from "./program.ts";
import { showExit } from "./show_exit.ts";
import type { StageParts } from "./stage_parts.ts";

/** What a vCPU of a stage is made of. */
export interface StageCpuParts {
  /** The vCPU. */
  readonly vcpu: KvmVcpu;
  /** RAM at GPA 0. */
  readonly ram: Uint8Array;
  /** Mode the guest starts in. */
  readonly mode: GuestMode;
  /** What reports call it. */
  readonly name: string;
  /** Number of the vCPU in its VM. */
  readonly id: number;
}

/** An exit with an access that userspace is to do. */
export type AccessExit = VcpuExit & { readonly reason: "mmio" | "io" };

/** Work expected: a number, or the least that will do. */
export type ExpectedWork = {
  readonly [Kind in WorkName]?: number | { readonly atLeast: number };
};

const mostExits = 100_000;
const mostShown = 20;
const codeSpacing = 0x400;

/** A vCPU that runs a program to its HLT, and what came of it. */
export class StageCpu implements Disposable {
  /** The vCPU itself, for what the stage has no verb for. */
  readonly vcpu: KvmVcpu;
  /** What reports call it. */
  readonly name: string;
  /** Mode it started in. */
  readonly mode: GuestMode;
  /** Exits to userspace of the last run, one line each, without the HLT that ended it. */
  exits: string[] = [];
  /** Work of the last run, or null where the backend counts none. */
  work: CountedWork | null = null;
  /** What a guest's read of a device gets: a number for little-endian bytes, or the bytes. 0 unless set. */
  onRead: (exit: AccessExit) => bigint | Uint8Array = () => 0n;
  /** What userspace does with a guest's write. Nothing unless set. */
  onWrite: (exit: AccessExit) => void = () => {};
  readonly #stage: StageParts;
  readonly #parts: StageCpuParts;
  #end = "not run";
  #workBefore: CountedWork | null = null;

  /** @ignore Made by {@linkcode StageVm.cpu}. */
  constructor(stage: StageParts, parts: StageCpuParts) {
    this.#stage = stage;
    this.#parts = parts;
    this.vcpu = parts.vcpu;
    this.name = parts.name;
    this.mode = parts.mode;
  }

  /** How the last run ended: `hlt`, or a phrase that says what happened instead. */
  get end(): string {
    return this.#end;
  }

  /**
   * Puts the vCPU and its tables back to how the mode starts.
   *
   * @param bases Where DS and ES lie, for `real16`
   */
  reset(bases: SegmentBases = {}): void {
    fillTables(this.mode, this.#parts.ram);
    const { ds, es } = bases;
    const given = { ...(ds === undefined ? {} : { ds }), ...(es === undefined ? {} : { es }) };
    this.vcpu.setSregs(startSregs(this.mode, this.vcpu.getSregs(), given));
  }

  /**
   * Puts a program into RAM and the vCPU at its beginning, all registers 0 but RSP.
   *
   * @param program Machine code, from the assembler or any bytes
   * @param at Address; each vCPU has its own place where absent
   * @throws {RangeError} when it does not fit
   */
  load(program: Program, at: number = guestLayout.code + this.#parts.id * codeSpacing): void {
    const code = machineCode(program, this.mode, at);
    if (at + code.length > this.#parts.ram.length) {
      throw new RangeError(`A program of ${code.length} bytes does not fit at ${hex(at)} in RAM`);
    }
    this.#parts.ram.set(code, at);
    this.vcpu.setRegs(startRegs(guestLayout.stackTop - this.#parts.id * codeSpacing, at));
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
    const { timeoutMs } = this.#stage.limits;
    while (this.exits.length < mostExits) {
      const exit = this.vcpu.run({ maxInstructions, timeoutMs });
      if (exit.reason === "intr") return false;
      if (exit.reason === "hlt") return this.#finish("hlt");
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

  /**
   * Loads a program, runs it, and expects it to halt.
   *
   * @param program Machine code, from the assembler or any bytes
   * @returns Exits to userspace, one line each, without the HLT
   * @throws {ExpectationError} when the guest ends in another way
   */
  runProgram(program: Program): string[] {
    this.load(program);
    this.run();
    this.expectEnd("hlt");
    return this.exits;
  }

  /**
   * Expects how the last run ended.
   *
   * @param expected `hlt`, or the phrase that `end` gives
   * @throws {ExpectationError} when it ended in another way
   */
  expectEnd(expected: string): void {
    this.#stage.log.compare(`end of ${this.name}`, expected, this.#end);
  }

  /**
   * Expects the exits of the last run.
   *
   * @param expected One line each, as `showExit` spells them
   * @throws {ExpectationError} when they differ
   */
  expectExits(expected: readonly string[]): void {
    this.#stage.log.compare(`exits of ${this.name}`, shown(expected), shown(this.exits));
  }

  /**
   * Expects a register.
   *
   * @param register Its name, `rax`
   * @param expected Its value, a u64
   * @throws {ExpectationError} when it holds another value
   */
  expectRegister(register: keyof Regs, expected: bigint): void {
    const actual = this.vcpu.getRegs()[register];
    this.#stage.log.compare(`${register} of ${this.name}`, hex(expected), hex(actual));
  }

  /**
   * Expects what KVM had to do for the last run's accesses to doorbells and devices. Where the backend counts no work
   * this is noted, and nothing judged.
   *
   * @param expected Counts by kind: `{ bytesFetched: 0, exits: { atLeast: 1 } }`
   * @throws {ExpectationError} when a count differs
   * @throws {TypeError} for a kind that is not counted
   */
  expectWork(expected: ExpectedWork): void {
    const { log } = this.#stage;
    const kinds = Object.keys(expected) as WorkName[];
    const unknown = kinds.find((kind) => !workNames.includes(kind));
    if (unknown !== undefined) {
      throw new TypeError(`No work "${unknown}" is counted, only ${workNames.join(", ")}`);
    }
    if (this.work === null) {
      log.notCounted += kinds.length;
      return;
    }
    const actual = accessWork(this.work);
    for (const kind of kinds) {
      const count = actual[kind], wanted = expected[kind]!;
      const subject = `${kind} of ${this.name}`;
      if (typeof wanted === "number") log.compare(subject, String(wanted), String(count));
      else if (count >= wanted.atLeast) log.held++;
      else log.compare(subject, `at least ${wanted.atLeast}`, String(count));
    }
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
    const limit = this.#stage.backend === "sim"
      ? `${maxInstructions} instructions`
      : `${timeoutMs} ms`;
    return `no HLT after ${limit}, at ${this.#rip()}`;
  }

  #rip(): string {
    return `rip ${hex(this.vcpu.getRegs().rip)}`;
  }

  /** Closes the vCPU. */
  [Symbol.dispose](): void {
    this.vcpu[Symbol.dispose]();
  }
}

function shown(lines: readonly string[]): string {
  if (lines.length === 0) return "none";
  const more = lines.length > mostShown ? `; and ${lines.length - mostShown} more` : "";
  return lines.slice(0, mostShown).join("; ") + more;
}

function fill(data: Uint8Array, answer: bigint | Uint8Array): void {
  if (answer instanceof Uint8Array) {
    data.set(answer.subarray(0, data.length));
    return;
  }
  for (let i = 0; i < data.length; i++) data[i] = Number((answer >> BigInt(8 * i)) & 0xffn);
}

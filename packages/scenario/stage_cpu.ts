/**
 * A vCPU on a stage.
 *
 * @module
 */
import type { KvmVcpu, Regs, VcpuExit } from "@ioeventfd/uapi";
import type { EventLog } from "./event_log.ts";
import { fillTables, guestLayout, startRegs, startSregs } from "./guest_mode.ts";
import type { GuestMode } from "./guest_mode.ts";
import { showExit } from "./show_exit.ts";

/** Limits of one run. */
export interface RunLimits {
  /** Most guest instructions, on the model. */
  readonly maxInstructions: number;
  /** Most milliseconds, on a live kernel. */
  readonly timeoutMs: number;
}

/** What a vCPU of a stage is made of. */
export interface StageCpuParts {
  /** The vCPU. */
  readonly vcpu: KvmVcpu;
  /** RAM at GPA 0. */
  readonly ram: Uint8Array;
  /** Where expectations are kept. */
  readonly log: EventLog;
  /** Limits of each run. */
  readonly limits: RunLimits;
  /** Mode the guest starts in. */
  readonly mode: GuestMode;
  /** What reports call it. */
  readonly name: string;
  /** Number of the vCPU in its VM. */
  readonly id: number;
}

/** An answer to the guest's read: a number for little-endian bytes, or the bytes. */
export type ReadAnswer = (exit: VcpuExit & { reason: "mmio" | "io" }) => bigint | Uint8Array;

const mostExits = 100_000;
const codeSpacing = 0x400;

/** A vCPU that runs a program to its HLT, and what came of it. */
export class StageCpu implements Disposable {
  /** The vCPU itself, for what the stage has no verb for. */
  readonly vcpu: KvmVcpu;
  /** What reports call it. */
  readonly name: string;
  /** Exits to userspace of the last run, one line each, without the HLT that ended it. */
  exits: string[] = [];
  /** How the last run ended. */
  end: VcpuExit["reason"] | "not run" = "not run";
  /** What a guest's read of a device gets: 0 unless set. */
  onRead: ReadAnswer = () => 0n;
  readonly #parts: StageCpuParts;

  /** @param parts What it is made of */
  constructor(parts: StageCpuParts) {
    this.#parts = parts;
    this.vcpu = parts.vcpu;
    this.name = parts.name;
    fillTables(parts.mode, parts.ram);
    this.vcpu.setSregs(startSregs(parts.mode, this.vcpu.getSregs()));
  }

  /**
   * Puts a program into RAM and the vCPU at its beginning.
   *
   * @param program Machine code; from the assembler, or any bytes
   * @param at Address; each vCPU has its own place where absent
   */
  load(program: Uint8Array, at: number = guestLayout.code + this.#parts.id * codeSpacing): void {
    if (at + program.length > this.#parts.ram.length) {
      throw new RangeError(`A program of ${program.length} bytes does not fit at ${at} in RAM`);
    }
    this.#parts.ram.set(program, at);
    this.vcpu.setRegs(startRegs(guestLayout.stackTop - this.#parts.id * codeSpacing, at));
  }

  /**
   * Runs until the guest halts, or until something ends it. Reads are answered by `onRead`.
   *
   * @returns Exits to userspace, one line each, without the HLT
   */
  run(): string[] {
    this.exits = [];
    while (this.exits.length < mostExits) {
      const exit = this.vcpu.run(this.#parts.limits);
      this.end = exit.reason;
      if (exit.reason === "hlt") break;
      const line = showExit(exit);
      this.exits.push(line);
      this.#parts.log.happened(`${this.name}: ${line}`);
      if (exit.reason !== "mmio" && exit.reason !== "io") break;
      if (!exit.write) fill(exit.data, this.onRead(exit));
    }
    this.#parts.log.happened(`${this.name}: ended with ${this.end}`);
    return this.exits;
  }

  /**
   * Loads a program, runs it, and expects it to halt.
   *
   * @returns Exits to userspace, one line each, without the HLT
   * @throws {ExpectationError} when the guest ends in another way
   */
  runProgram(program: Uint8Array): string[] {
    this.load(program);
    this.run();
    this.#parts.log.compare(`end of ${this.name}`, "hlt", this.end);
    return this.exits;
  }

  /**
   * Expects the exits of the last run.
   *
   * @param expected One line each, as `showExit` spells them
   * @throws {ExpectationError} when they differ
   */
  expectExits(expected: readonly string[]): void {
    const shown = (lines: readonly string[]) => lines.length === 0 ? "none" : lines.join("; ");
    this.#parts.log.compare(`exits of ${this.name}`, shown(expected), shown(this.exits));
  }

  /**
   * Expects a register.
   *
   * @throws {ExpectationError} when it holds another value
   */
  expectRegister(register: keyof Regs, expected: bigint): void {
    const shown = (value: bigint) => `0x${value.toString(16)}`;
    const actual = this.vcpu.getRegs()[register];
    this.#parts.log.compare(`${register} of ${this.name}`, shown(expected), shown(actual));
  }

  /** Closes the vCPU. */
  [Symbol.dispose](): void {
    this.vcpu[Symbol.dispose]();
  }
}

function fill(data: Uint8Array, answer: bigint | Uint8Array): void {
  if (answer instanceof Uint8Array) {
    data.set(answer.subarray(0, data.length));
    return;
  }
  for (let i = 0; i < data.length; i++) data[i] = Number((answer >> BigInt(8 * i)) & 0xffn);
}

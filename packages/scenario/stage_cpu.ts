/**
 * A vCPU on a stage.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { KvmVcpu, Regs } from "@ioeventfd/uapi";
import { VmxVcpu, type WorkName, workNames } from "@ioeventfd/vmx-sim";
import { memoryProgram, portProgram } from "./access_program.ts";
import { accessWork } from "./counted_work.ts";
import { CpuRun } from "./cpu_run.ts";
import type { Doorbell } from "./doorbell.ts";
import type { EventLog } from "./event_log.ts";
import { fillTables, guestLayout, startRegs, startSregs } from "./guest_mode.ts";
import type { GuestMode, SegmentBases } from "./guest_mode.ts";
import { machineCode, type Program } from "./program.ts";
import type { StageParts } from "./stage_parts.ts";
import { TracedVcpu } from "./_traced_system.ts";

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

/** Work expected: a number, or the least that will do. */
export type ExpectedWork = {
  readonly [Kind in WorkName]?: number | { readonly atLeast: number };
};

const mostShown = 20;
const codeSpacing = 0x400;

/** A vCPU with verbs for its guest, and expectations. */
export class StageCpu extends CpuRun implements Disposable {
  /** Mode its programs are for: the one it started in, until the scenario says that its guest has switched. */
  mode: GuestMode;
  readonly #log: EventLog;
  readonly #parts: StageCpuParts;
  #dsBase = 0n;

  /** @ignore Made by {@linkcode StageVm.cpu}. */
  constructor(stage: StageParts, parts: StageCpuParts) {
    super(stage, parts.vcpu, parts.name);
    this.#log = stage.log;
    this.#parts = parts;
    this.mode = parts.mode;
  }

  /**
   * Puts the vCPU and its tables back to how the mode starts.
   *
   * @param bases Where DS and ES lie, for `real16`
   */
  reset(bases: SegmentBases = {}): void {
    fillTables(this.mode, this.#parts.ram);
    const { ds, es } = bases;
    this.#dsBase = ds ?? 0n;
    const given = { ...(ds === undefined ? {} : { ds }), ...(es === undefined ? {} : { es }) };
    this.vcpu.setSregs(startSregs(this.mode, this.vcpu.getSregs(), given));
  }

  /**
   * Whether the guest runs a guest of its own from here on: exits have that guest's physical addresses.
   *
   * @param isNested True to enter, false to leave
   * @throws {TypeError} on a live kernel
   */
  setNested(isNested: boolean): void {
    const vcpu = this.vcpu instanceof TracedVcpu ? this.vcpu.inner : this.vcpu;
    if (!(vcpu instanceof VmxVcpu)) throw new TypeError("Only the model's guest is made nested");
    vcpu.guestMode = isNested;
    this.#log.happened(`${this.name}: ${isNested ? "enters" : "leaves"} its nested guest`);
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
   * The guest stores to memory; it runs to its HLT.
   *
   * @param addr Guest physical address, below 4 GiB
   * @param len Bytes
   * @param value What is stored
   * @returns Exits to userspace, one line each
   */
  store(addr: bigint, len: number, value: bigint = 0n): string[] {
    return this.runProgram(memoryProgram({ addr, len, value }, this.mode, this.#dsBase));
  }

  /**
   * The guest loads from memory; it runs to its HLT.
   *
   * @param addr Guest physical address, below 4 GiB
   * @param len Bytes
   * @returns RAX afterwards: what was read in its low `len` bytes, above a RAX of 0
   */
  read(addr: bigint, len: number): bigint {
    this.runProgram(memoryProgram({ addr, len }, this.mode, this.#dsBase));
    return this.vcpu.getRegs().rax;
  }

  /**
   * The guest writes to a port; it runs to its HLT.
   *
   * @param port Port
   * @param len Bytes
   * @param value What is written
   * @returns Exits to userspace, one line each
   */
  out(port: bigint, len: number, value: bigint = 0n): string[] {
    return this.runProgram(portProgram({ addr: port, len, value }));
  }

  /**
   * The guest reads a port; it runs to its HLT.
   *
   * @param port Port
   * @param len Bytes
   * @returns RAX afterwards: what was read in its low `len` bytes, above a RAX of 0
   */
  in(port: bigint, len: number): bigint {
    this.runProgram(portProgram({ addr: port, len }));
    return this.vcpu.getRegs().rax;
  }

  /**
   * The guest rings a doorbell as its driver does: with the value and length it asks for, else with 0 in 2 bytes.
   *
   * @param doorbell Which one
   * @returns Exits to userspace, one line each
   * @throws {RangeError} for a doorbell that no guest can ring
   */
  ring({ bus, addr, match }: Doorbell): string[] {
    if (bus === "ccw") throw new RangeError("No x86 guest rings a CCW doorbell");
    const len = match.len === 0 ? 2 : match.len;
    const value = match.len === 0 ? 0n : match.datamatch ?? 0n;
    return bus === "mmio" ? this.store(addr, len, value) : this.out(addr, len, value);
  }

  /**
   * Expects how the last run ended.
   *
   * @param expected `hlt`, or the phrase that `end` gives
   * @throws {ExpectationError} when it ended in another way
   */
  expectEnd(expected: string): void {
    this.#log.compare(`end of ${this.name}`, expected, this.end);
  }

  /**
   * Expects the exits of the last run.
   *
   * @param expected One line each, as `showExit` spells them
   * @throws {ExpectationError} when they differ
   */
  expectExits(expected: readonly string[]): void {
    this.#log.compare(`exits of ${this.name}`, shown(expected), shown(this.exits));
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
    this.#log.compare(`${register} of ${this.name}`, hex(expected), hex(actual));
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
    const log = this.#log;
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

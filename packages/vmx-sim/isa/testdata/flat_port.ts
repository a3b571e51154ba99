/**
 * For tests: a flat memory port, a seeded generator, and CPUs in each mode.
 *
 * @module
 */
import { BasePort } from "../base_port.ts";
import { type CpuMode, type CpuState, DONE, FAULTED, type StepResult } from "../contract.ts";
import { cpuMode, createCpuState } from "../cpu_state.ts";
import { decode } from "../decode.ts";
import { execute } from "../execute.ts";
import { Instruction } from "../instruction.ts";
import { raise } from "../_fault.ts";
import { VECTOR_PF } from "../registers.ts";

/** Memory from `base` on, a log of accesses; #PF elsewhere. Ports answer 0x11223344 and log what is written. */
export class FlatPort extends BasePort {
  readonly memory: Uint8Array;
  readonly base: number;
  readonly log: string[] = [];
  override emulator = false;
  /** Elements that REP INS gets at once. */
  batch = 1;

  constructor(cpu: CpuState, bytes: number = 0x10000, base: number = 0) {
    super(cpu);
    this.memory = new Uint8Array(bytes);
    this.base = base;
  }

  #at(lo: number, hi: number, size: number): number {
    const offset = (lo >>> 0) - this.base;
    return hi === 0 && offset >= 0 && offset + size <= this.memory.length ? offset : -1;
  }

  #miss(lo: number, hi: number, size: number): StepResult {
    this.log.push(`miss ${(lo >>> 0).toString(16)} ${size}`);
    raise(this, VECTOR_PF, 2);
    this.fault.cr2Lo = lo;
    this.fault.cr2Hi = hi;
    return FAULTED;
  }

  override read(lo: number, hi: number, size: number, forWrite: boolean): StepResult {
    const at = this.#at(lo, hi, size);
    if (at < 0) return this.#miss(lo, hi, size);
    this.log.push(`${forWrite ? "rmw" : "read"} ${(lo >>> 0).toString(16)} ${size}`);
    this.data.set(this.memory.subarray(at, at + size));
    return DONE;
  }

  override write(lo: number, hi: number, size: number): StepResult {
    const at = this.#at(lo, hi, size);
    if (at < 0) return this.#miss(lo, hi, size);
    this.log.push(`write ${(lo >>> 0).toString(16)} ${size}`);
    this.memory.set(this.data.subarray(0, size), at);
    return DONE;
  }

  override portIn(port: number, size: number, count: number): StepResult {
    this.elements = Math.max(1, Math.min(count, this.batch));
    this.log.push(`in ${port.toString(16)} ${size} ${count}`);
    for (let i = 0; i < size * this.elements; i++) this.data[i] = 0x44 - 0x11 * (i % size);
    return DONE;
  }

  override portOut(port: number, size: number, string: boolean): StepResult {
    const value = Array.from(this.data.subarray(0, size)).reverse();
    const hex = value.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.log.push(`${string ? "outs" : "out"} ${port.toString(16)} ${hex}`);
    return DONE;
  }
}

/** xorshift32: the same numbers for the same seed. */
export function random32(seed: number): () => number {
  let state = Math.imul(seed | 1, 0x9e3779b1) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** A CPU in the given mode with flat segments, at CPL 0 (real mode: bases 0, limits 64 KiB). */
export function cpuIn(mode: CpuMode, level: 0 | 3 = 0): CpuState {
  const cpu = createCpuState();
  cpu.gpr.fill(0);
  cpu.rip.fill(0);
  cpu.cr4 = 0x600;
  for (const segment of cpu.seg) {
    segment.selector = 0;
    segment.baseLo = 0;
  }
  if (mode === "real") return cpu;
  cpu.cr0 = mode === "prot64" ? 0x80050033 : 0x60000011;
  cpu.cr4 = 0x620;
  if (mode === "prot64") cpu.efer = 0x500;
  const wide = mode === "prot16" ? 0 : 0xc000;
  for (const segment of cpu.seg) {
    segment.selector = 0x10 | level;
    segment.limit = mode === "prot16" ? 0xffff : 0xffffffff;
    segment.rights = wide | 0x93 | (level << 5);
  }
  const code = cpu.seg[1]!;
  code.selector = 8 | level;
  code.rights = (mode === "prot64" ? 0xa000 : wide) | 0x9b | (level << 5);
  return cpu;
}

/** Words of a register as one u64. */
export function register(cpu: CpuState, r: number): bigint {
  return (BigInt(cpu.gpr[2 * r + 1]! >>> 0) << 32n) | BigInt(cpu.gpr[2 * r]! >>> 0);
}

/** Sets a register to a u64. */
export function setRegister(cpu: CpuState, r: number, value: bigint): void {
  cpu.gpr[2 * r] = Number(BigInt.asIntN(32, value));
  cpu.gpr[2 * r + 1] = Number(BigInt.asIntN(32, value >> 32n));
}

/** Fetches at CS:RIP out of the port's memory, decodes and executes one step. */
export function stepOnce(cpu: CpuState, port: FlatPort, insn: Instruction): StepResult {
  const at = (cpu.rip[0]! >>> 0) + (cpuMode(cpu) === "prot64" ? 0 : cpu.seg[1]!.baseLo);
  const offset = at - port.base;
  const length = Math.min(15, port.memory.length - offset);
  const result = decode(port.memory, length, cpuMode(cpu), insn, offset);
  if (result !== 0) throw new Error(`Decoding at ${at.toString(16)} came to ${result}`);
  return execute(insn, cpu, port);
}

/** Runs until a step comes to something other than DONE or REPEATING, at most `limit` steps. */
export function runProgram(cpu: CpuState, port: FlatPort, limit: number = 1000): StepResult {
  const insn = new Instruction();
  for (let i = 0; i < limit; i++) {
    const result = stepOnce(cpu, port, insn);
    if (result !== DONE && result !== 5) return result;
  }
  throw new Error(`No end within ${limit} steps`);
}

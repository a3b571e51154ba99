import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import * as contract from "./contract.ts";
import { add, compute, resultFlags, subtract, withFlags } from "./_arithmetic.ts";
import * as arithmetic from "./_arithmetic.ts";
import type { Instruction } from "./instruction.ts";
import * as operand from "./_operand.ts";
import { borrowOut } from "./_wide.ts";
import * as wide from "./_wide.ts";
import * as registers from "./registers.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { DONE, RAX } = contract;
const { CMP } = arithmetic;
const { advance, loadOperand, loadRegister, storeLoaded, storeRegister, VALUE } = operand;
const { carryOut } = wide;
const { RFLAGS_AF, RFLAGS_ARITHMETIC, RFLAGS_CF, RFLAGS_OF } = registers;

/** Loads the immediate as the source operand. */
function loadImmediate(insn: Instruction, size: number): void {
  const lo = insn.immLo;
  VALUE[2] = size === 1 ? lo & 0xff : size === 2 ? lo & 0xffff : lo;
  VALUE[3] = size === 8 ? insn.immHi : 0;
}

function finish(insn: Instruction, cpu: CpuState, flags: number): StepResult {
  cpu.rflags = withFlags(cpu.rflags, flags);
  return advance(insn, cpu);
}

/** With the destination in VALUE 0 and the source in VALUE 2: compute, store unless CMP, commit. */
function applyToOperand(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const flags = compute(insn.kind, size, cpu.rflags);
  if (insn.kind !== CMP) {
    const result = storeLoaded(insn, cpu, port, size, VALUE[0]!, VALUE[1]!);
    if (result !== DONE) return result;
  }
  return finish(insn, cpu, flags);
}

/** ADD…CMP of 32-bit values, the result into register `to`: without a detour through VALUE, for a guest's loops. */
function alu32(insn: Instruction, cpu: CpuState, to: number, a: number, b: number): StepResult {
  const kind = insn.kind;
  let value = 0;
  let flags = 0;
  if (kind === 1) value = a | b;
  else if (kind === 4) value = a & b;
  else if (kind === 6) value = a ^ b;
  else {
    const carry = kind === 2 || kind === 3 ? cpu.rflags & RFLAGS_CF : 0;
    if (kind === 0 || kind === 2) {
      value = (a + b + carry) | 0;
      flags = carryOut(a, b, value) | ((((a ^ value) & (b ^ value)) >>> 20) & RFLAGS_OF);
    } else {
      value = (a - b - carry) | 0;
      flags = borrowOut(a, b, value) | ((((a ^ b) & (a ^ value)) >>> 20) & RFLAGS_OF);
    }
    flags |= (a ^ b ^ value) & RFLAGS_AF;
  }
  if (kind !== CMP) {
    cpu.gpr[to << 1] = value;
    cpu.gpr[(to << 1) + 1] = 0;
  }
  cpu.rflags = withFlags(cpu.rflags, flags | resultFlags(4, value, 0));
  return advance(insn, cpu);
}

/** ADD…CMP r/m, r. */
export function aluOperandRegister(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (insn.size === 4 && !insn.isMemory) {
    return alu32(insn, cpu, insn.rm, cpu.gpr[insn.rm << 1]!, cpu.gpr[insn.reg << 1]!);
  }
  const result = loadOperand(insn, cpu, port, insn.size, 0, insn.kind !== CMP);
  if (result !== DONE) return result;
  loadRegister(insn, cpu, insn.reg, insn.size, 2);
  return applyToOperand(insn, cpu, port);
}

/** ADD…CMP r/m, imm. */
export function aluOperandImmediate(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
): StepResult {
  if (insn.size === 4 && !insn.isMemory) {
    return alu32(insn, cpu, insn.rm, cpu.gpr[insn.rm << 1]!, insn.immLo);
  }
  const result = loadOperand(insn, cpu, port, insn.size, 0, insn.kind !== CMP);
  if (result !== DONE) return result;
  loadImmediate(insn, insn.size);
  return applyToOperand(insn, cpu, port);
}

/** ADD…CMP r, r/m. */
export function aluRegisterOperand(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  if (size === 4 && !insn.isMemory) {
    return alu32(insn, cpu, insn.reg, cpu.gpr[insn.reg << 1]!, cpu.gpr[insn.rm << 1]!);
  }
  const result = loadOperand(insn, cpu, port, size, 2, false);
  if (result !== DONE) return result;
  loadRegister(insn, cpu, insn.reg, size, 0);
  const flags = compute(insn.kind, size, cpu.rflags);
  if (insn.kind !== CMP) storeRegister(insn, cpu, insn.reg, size, VALUE[0]!, VALUE[1]!);
  return finish(insn, cpu, flags);
}

/** ADD…CMP AL/eAX, imm. */
export function aluAccumulator(insn: Instruction, cpu: CpuState): StepResult {
  const size = insn.size;
  loadRegister(insn, cpu, RAX, size, 0);
  loadImmediate(insn, size);
  const flags = compute(insn.kind, size, cpu.rflags);
  if (insn.kind !== CMP) storeRegister(insn, cpu, RAX, size, VALUE[0]!, VALUE[1]!);
  return finish(insn, cpu, flags);
}

function test(insn: Instruction, cpu: CpuState): StepResult {
  return finish(
    insn,
    cpu,
    resultFlags(insn.size, VALUE[0]! & VALUE[2]!, VALUE[1]! & VALUE[3]!),
  );
}

/** TEST r/m, r. */
export function testRegister(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = loadOperand(insn, cpu, port, insn.size, 0, false);
  if (result !== DONE) return result;
  loadRegister(insn, cpu, insn.reg, insn.size, 2);
  return test(insn, cpu);
}

/** TEST r/m, imm. */
export function testImmediate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = loadOperand(insn, cpu, port, insn.size, 0, false);
  if (result !== DONE) return result;
  loadImmediate(insn, insn.size);
  return test(insn, cpu);
}

/** TEST AL/eAX, imm. */
export function testAccumulator(insn: Instruction, cpu: CpuState): StepResult {
  loadRegister(insn, cpu, RAX, insn.size, 0);
  loadImmediate(insn, insn.size);
  return test(insn, cpu);
}

/** INC (kind 0) and DEC (kind 1): CF stays. */
export function increment(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  if (size === 4 && !insn.isMemory) {
    // The counter of a loop.
    const gpr = cpu.gpr;
    const r = insn.rm << 1;
    const old = gpr[r]!;
    const value = (insn.kind === 0 ? old + 1 : old - 1) | 0;
    gpr[r] = value;
    gpr[r + 1] = 0;
    const changed = insn.kind === 0 ? value & ~old : old & ~value;
    const flags = resultFlags(4, value, 0) | ((value ^ old ^ 1) & RFLAGS_AF) |
      ((changed >>> 20) & RFLAGS_OF);
    cpu.rflags = (cpu.rflags & ~(RFLAGS_ARITHMETIC & ~RFLAGS_CF)) | flags;
    return advance(insn, cpu);
  }
  let result = loadOperand(insn, cpu, port, size, 0, true);
  if (result !== DONE) return result;
  VALUE[2] = 1;
  VALUE[3] = 0;
  const flags = insn.kind === 0 ? add(size, 0) : subtract(size, 0);
  result = storeLoaded(insn, cpu, port, size, VALUE[0]!, VALUE[1]!);
  if (result !== DONE) return result;
  return finish(insn, cpu, (flags & ~RFLAGS_CF) | (cpu.rflags & RFLAGS_CF));
}

/** NOT: no flags. */
export function invert(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  let result = loadOperand(insn, cpu, port, size, 0, true);
  if (result !== DONE) return result;
  result = storeLoaded(insn, cpu, port, size, ~VALUE[0]!, ~VALUE[1]!);
  return result === DONE ? advance(insn, cpu) : result;
}

/** NEG. */
export function negate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  let result = loadOperand(insn, cpu, port, size, 2, true);
  if (result !== DONE) return result;
  VALUE[0] = VALUE[1] = 0;
  const flags = subtract(size, 0);
  result = storeLoaded(insn, cpu, port, size, VALUE[0]!, VALUE[1]!);
  return result === DONE ? finish(insn, cpu, flags) : result;
}

/** XADD. */
export function exchangeAdd(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  let result = loadOperand(insn, cpu, port, size, 0, true);
  if (result !== DONE) return result;
  loadRegister(insn, cpu, insn.reg, size, 2);
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  const flags = add(size, 0);
  if (insn.isMemory) {
    result = storeLoaded(insn, cpu, port, size, VALUE[0]!, VALUE[1]!);
    if (result !== DONE) return result;
    storeRegister(insn, cpu, insn.reg, size, lo, hi);
  } else {
    // With one register as both operands the sum is what stays.
    storeRegister(insn, cpu, insn.reg, size, lo, hi);
    storeRegister(insn, cpu, insn.rm, size, VALUE[0]!, VALUE[1]!);
  }
  return finish(insn, cpu, flags);
}

/** CMPXCHG: when unequal the old value is written back, as on a bus it must be. */
export function compareExchange(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  let result = loadOperand(insn, cpu, port, size, 2, true);
  if (result !== DONE) return result;
  const lo = VALUE[2]!;
  const hi = VALUE[3]!;
  loadRegister(insn, cpu, RAX, size, 0);
  const equal = VALUE[0] === lo && VALUE[1] === hi;
  const flags = subtract(size, 0);
  if (equal) {
    loadRegister(insn, cpu, insn.reg, size, 2);
    result = storeLoaded(insn, cpu, port, size, VALUE[2]!, VALUE[3]!);
    if (result !== DONE) return result;
  } else {
    // A register destination is left alone, upper half of a 32-bit one included.
    if (insn.isMemory) {
      result = storeLoaded(insn, cpu, port, size, lo, hi);
      if (result !== DONE) return result;
    }
    storeRegister(insn, cpu, RAX, size, lo, hi);
  }
  return finish(insn, cpu, flags);
}

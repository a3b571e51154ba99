import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE, RAX, RDX } from "./contract.ts";
import { resultFlags, withFlags } from "./_arithmetic.ts";
import { raise } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance, loadOperand, loadRegister, storeRegister, VALUE } from "./_operand.ts";
import { RFLAGS_CF, RFLAGS_OF, VECTOR_DE } from "./registers.ts";

/** A value of VALUE as a bigint; none of this is on the path of a kick. */
function wide(at: number, size: number, signed: boolean): bigint {
  const value = (BigInt(VALUE[at + 1]! >>> 0) << 32n) | BigInt(VALUE[at]! >>> 0);
  return signed ? BigInt.asIntN(size << 3, value) : value;
}

function storeWide(insn: Instruction, cpu: CpuState, r: number, size: number, value: bigint): void {
  storeRegister(
    insn,
    cpu,
    r,
    size,
    Number(BigInt.asIntN(32, value)),
    Number(BigInt.asIntN(32, value >> 32n)),
  );
}

/** rAX and rDX (or AX alone for bytes) take a double-width value. */
function storeDouble(insn: Instruction, cpu: CpuState, low: bigint, high: bigint): void {
  const size = insn.size;
  if (size === 1) {
    const word = (Number(high & 0xffn) << 8) | Number(low & 0xffn);
    storeRegister(insn, cpu, RAX, 2, word, 0);
    return;
  }
  storeWide(insn, cpu, RAX, size, low);
  storeWide(insn, cpu, RDX, size, high);
}

/** SF, ZF and PF, undefined by the manual after a multiplication, follow the low half. */
function multiplyFlags(size: number, product: bigint, overflow: boolean): number {
  const lo = Number(BigInt.asIntN(32, product));
  const hi = Number(BigInt.asIntN(32, product >> 32n));
  return resultFlags(size, lo, hi) | (overflow ? RFLAGS_CF | RFLAGS_OF : 0);
}

/** MUL (kind 0) and IMUL (kind 1) r/m. */
export function multiply(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const signed = insn.kind === 1;
  const bits = size << 3;
  const result = loadOperand(insn, cpu, port, size, 2, false);
  if (result !== DONE) return result;
  loadRegister(insn, cpu, RAX, size, 0);
  const product = wide(0, size, signed) * wide(2, size, signed);
  const fits = signed
    ? BigInt.asIntN(bits, product) === product
    : BigInt.asUintN(bits, product) === product;
  storeDouble(insn, cpu, product, product >> BigInt(bits));
  cpu.rflags = withFlags(cpu.rflags, multiplyFlags(size, product, !fits));
  return advance(insn, cpu);
}

/** IMUL r, r/m (kind 0) and IMUL r, r/m, imm (kind 1). */
export function multiplyRegister(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const result = loadOperand(insn, cpu, port, size, 0, false);
  if (result !== DONE) return result;
  if (insn.kind === 1) {
    VALUE[2] = insn.immLo;
    VALUE[3] = insn.immHi;
  } else loadRegister(insn, cpu, insn.reg, size, 2);
  const product = wide(0, size, true) * wide(2, size, true);
  const fits = BigInt.asIntN(size << 3, product) === product;
  storeWide(insn, cpu, insn.reg, size, product);
  cpu.rflags = withFlags(cpu.rflags, multiplyFlags(size, product, !fits));
  return advance(insn, cpu);
}

/** DIV (kind 0) and IDIV (kind 1): #DE on division by zero and on a quotient too large. Flags stay. */
export function divide(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const signed = insn.kind === 1;
  const bits = size << 3;
  const result = loadOperand(insn, cpu, port, size, 2, false);
  if (result !== DONE) return result;
  const divisor = wide(2, size, signed);
  if (divisor === 0n) return raise(port, VECTOR_DE, -1);
  loadRegister(insn, cpu, RAX, size === 1 ? 2 : size, 0);
  let dividend = wide(0, 8, false);
  if (size !== 1) {
    loadRegister(insn, cpu, RDX, size, 0);
    dividend |= wide(0, 8, false) << BigInt(bits);
  }
  if (signed) dividend = BigInt.asIntN(bits << 1, dividend);
  const quotient = dividend / divisor;
  const fits = signed ? BigInt.asIntN(bits, quotient) : BigInt.asUintN(bits, quotient);
  if (fits !== quotient) return raise(port, VECTOR_DE, -1);
  storeDouble(insn, cpu, quotient, dividend % divisor);
  return advance(insn, cpu);
}

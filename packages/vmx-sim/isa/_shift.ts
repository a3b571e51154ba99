import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE, RCX } from "./contract.ts";
import { resultFlags, withFlags } from "./_arithmetic.ts";
import type { Instruction } from "./instruction.ts";
import { advance, loadOperand, loadRegister, storeLoaded, VALUE } from "./_operand.ts";
import { bit64, shiftLeft64, shiftRight64, WIDE } from "./_wide.ts";
import { RFLAGS_CF, RFLAGS_OF } from "./registers.ts";

/** Kind of a rotate or shift, as in ModRM.reg; 6 is SHL again. */
const ROL = 0, ROR = 1, RCL = 2, SHR = 5, SAR = 7;

function cut(size: number, value: number): number {
  return size === 1 ? value & 0xff : size === 2 ? value & 0xffff : value;
}

/** Bit `n` of VALUE 0–1. */
function bit(n: number): number {
  return bit64(VALUE[0]!, VALUE[1]!, n);
}

function take(): void {
  VALUE[0] = WIDE[0]!;
  VALUE[1] = WIDE[1]!;
}

/** SHL, SHR, SAR of VALUE 0–1 by 1…63; returns CF. Bits above the size are zero on entry and on return. */
function shift(kind: number, size: number, count: number): number {
  const bits = size << 3;
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  if (kind === SHR) {
    const carry = bit(count - 1);
    shiftRight64(lo, hi, count);
    take();
    return carry;
  }
  if (kind === SAR) {
    const sign = -bit(bits - 1);
    const signedLo = size >= 4 ? lo : lo | (sign << bits);
    const signedHi = size === 8 ? hi : sign;
    const carry = bit64(signedLo, signedHi, count - 1);
    shiftRight64(signedLo, signedHi, count);
    if (size === 8) {
      VALUE[0] = count < 32 ? WIDE[0]! : hi >> (count - 32);
      VALUE[1] = count < 32 ? hi >> count : sign;
    } else VALUE[0] = cut(size, WIDE[0]!);
    return carry;
  }
  const carry = count <= bits ? bit(bits - count) : 0;
  shiftLeft64(lo, hi, count);
  VALUE[0] = cut(size, WIDE[0]!);
  VALUE[1] = size === 8 ? WIDE[1]! : 0;
  return carry;
}

/** Rotates VALUE 0–1 left by 0…63 within its size. */
function rotateLeft(size: number, count: number): void {
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  if (size === 8) {
    shiftLeft64(lo, hi, count);
    const upLo = WIDE[0]!;
    const upHi = WIDE[1]!;
    shiftRight64(lo, hi, 64 - count);
    VALUE[0] = upLo | WIDE[0]!;
    VALUE[1] = upHi | WIDE[1]!;
  } else if (count !== 0) {
    VALUE[0] = cut(size, (lo << count) | (lo >>> ((size << 3) - count)));
  }
}

/** RCL and RCR, one bit at a time; returns CF. */
function rotateCarry(kind: number, size: number, count: number, carry: number): number {
  const top = (size << 3) - 1;
  for (let i = count % (top + 2); i > 0; i--) {
    const lo = VALUE[0]!;
    const hi = VALUE[1]!;
    const out = kind === RCL ? bit(top) : lo & 1;
    if (kind === RCL) {
      shiftLeft64(lo, hi, 1);
      VALUE[0] = cut(size, WIDE[0]! | carry);
      VALUE[1] = size === 8 ? WIDE[1]! : 0;
    } else {
      shiftRight64(lo, hi, 1);
      VALUE[0] = WIDE[0]! | (top < 32 ? carry << top : 0);
      VALUE[1] = WIDE[1]! | (top === 63 ? carry << 31 : 0);
    }
    carry = out;
  }
  return carry;
}

/** Rotates or shifts VALUE 0–1 by a count already masked and not 0; returns RFLAGS after it. */
function rotateOrShift(kind: number, size: number, count: number, rflags: number): number {
  const bits = size << 3;
  const signBefore = bit(bits - 1);
  if (kind >= 4) {
    const carry = shift(kind, size, count);
    const overflow = kind === SHR ? signBefore : kind === SAR ? 0 : carry ^ bit(bits - 1);
    const flags = resultFlags(size, VALUE[0]!, VALUE[1]!);
    return withFlags(rflags, flags | carry | (overflow * RFLAGS_OF));
  }
  let carry = rflags & RFLAGS_CF;
  if (kind === ROL || kind === ROR) {
    const within = count & (bits - 1);
    rotateLeft(size, kind === ROL ? within : (bits - within) & (bits - 1));
    carry = kind === ROL ? bit(0) : bit(bits - 1);
  } else carry = rotateCarry(kind, size, count, carry);
  const left = kind === ROL || kind === RCL;
  const overflow = bit(bits - 1) ^ (left ? carry : bit(bits - 2));
  return (rflags & ~(RFLAGS_CF | RFLAGS_OF)) | carry | (overflow * RFLAGS_OF);
}

function shiftBy(insn: Instruction, cpu: CpuState, port: AccessPort, by: number): StepResult {
  const size = insn.size;
  const count = by & (size === 8 ? 63 : 31);
  let result = loadOperand(insn, cpu, port, size, 0, true);
  if (result !== DONE) return result;
  let rflags = cpu.rflags;
  if (count !== 0) rflags = rotateOrShift(insn.kind, size, count, rflags);
  result = storeLoaded(insn, cpu, port, size, VALUE[0]!, VALUE[1]!);
  if (result !== DONE) return result;
  cpu.rflags = rflags;
  return advance(insn, cpu);
}

/** ROL…SAR r/m, imm8. */
export function shiftImmediate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return shiftBy(insn, cpu, port, insn.immLo);
}

/** ROL…SAR r/m, 1. */
export function shiftOne(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return shiftBy(insn, cpu, port, 1);
}

/** ROL…SAR r/m, CL. */
export function shiftCount(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return shiftBy(insn, cpu, port, cpu.gpr[RCX << 1]!);
}

/** SHLD (kind 0, 2) and SHRD (kind 1, 3), by imm8 (0, 1) or CL (2, 3). Counts above 16 on words are undefined. */
export function shiftDouble(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const bits = size << 3;
  const count = (insn.kind < 2 ? insn.immLo : cpu.gpr[RCX << 1]!) & (size === 8 ? 63 : 31);
  let result = loadOperand(insn, cpu, port, size, 0, true);
  if (result !== DONE) return result;
  let rflags = cpu.rflags;
  if (count !== 0) {
    loadRegister(insn, cpu, insn.reg, size, 2);
    const signBefore = bit(bits - 1);
    const carry = doubleShift((insn.kind & 1) === 0, size, count);
    const overflow = signBefore ^ bit(bits - 1);
    const flags = resultFlags(size, VALUE[0]!, VALUE[1]!);
    rflags = withFlags(rflags, flags | carry | (overflow * RFLAGS_OF));
  }
  result = storeLoaded(insn, cpu, port, size, VALUE[0]!, VALUE[1]!);
  if (result !== DONE) return result;
  cpu.rflags = rflags;
  return advance(insn, cpu);
}

function doubleShift(left: boolean, size: number, count: number): number {
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  const fillLo = VALUE[2]!;
  const fillHi = VALUE[3]!;
  if (size === 8) {
    const carry = bit(left ? 64 - count : count - 1);
    if (left) shiftLeft64(lo, hi, count);
    else shiftRight64(lo, hi, count);
    take();
    if (left) shiftRight64(fillLo, fillHi, 64 - count);
    else shiftLeft64(fillLo, fillHi, 64 - count);
    VALUE[0]! |= WIDE[0]!;
    VALUE[1]! |= WIDE[1]!;
    return carry;
  }
  const bits = size << 3;
  // Destination and filler side by side; a word shifted by more than 16 takes its own bits again after the filler's.
  if (size === 2) {
    if (left) shiftLeft64((fillLo << 16) | lo, (lo << 16) | fillLo, count);
    else shiftRight64((fillLo << 16) | lo, (fillLo << 16) | lo, count);
    const carry = left
      ? bit64(lo, lo << 16 | fillLo, 64 - count)
      : bit64(fillLo << 16 | lo, 0, count - 1);
    VALUE[0] = left ? (WIDE[1]! >>> 16) & 0xffff : WIDE[0]! & 0xffff;
    return carry;
  }
  const carry = bit(left ? bits - count : count - 1);
  if (left) shiftLeft64(fillLo, lo, count);
  else shiftRight64(lo, fillLo, count);
  VALUE[0] = left ? WIDE[1]! : WIDE[0]!;
  return carry;
}

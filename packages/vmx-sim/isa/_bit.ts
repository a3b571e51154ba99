import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE } from "./contract.ts";
import { EFFECTIVE, effectiveAddress, LINEAR, linearize } from "./_address.ts";
import { resultFlags, withFlags } from "./_arithmetic.ts";
import type { Instruction } from "./instruction.ts";
import {
  advance,
  loadOperand,
  loadRegister,
  storeLoaded,
  storeRegister,
  takeData,
  VALUE,
} from "./_operand.ts";
import { bit64, shiftLeft64, WIDE } from "./_wide.ts";
import { RFLAGS_CF, RFLAGS_ZF } from "./registers.ts";

/** Kind of a bit operation, as in ModRM.reg − 4. */
const BT = 0, BTS = 1, BTR = 2;

/** Tests bit `n` of VALUE 0–1, changes it there, stores and commits. */
function applyBit(insn: Instruction, cpu: CpuState, port: AccessPort, n: number): StepResult {
  const kind = insn.kind;
  const old = bit64(VALUE[0]!, VALUE[1]!, n);
  if (kind !== BT) {
    shiftLeft64(1, 0, n);
    const maskLo = WIDE[0]!;
    const maskHi = WIDE[1]!;
    if (kind === BTS) {
      VALUE[0]! |= maskLo;
      VALUE[1]! |= maskHi;
    } else if (kind === BTR) {
      VALUE[0]! &= ~maskLo;
      VALUE[1]! &= ~maskHi;
    } else {
      VALUE[0]! ^= maskLo;
      VALUE[1]! ^= maskHi;
    }
    const result = storeLoaded(insn, cpu, port, insn.size, VALUE[0]!, VALUE[1]!);
    if (result !== DONE) return result;
  }
  cpu.rflags = (cpu.rflags & ~RFLAGS_CF) | old;
  return advance(insn, cpu);
}

/** BT, BTS, BTR, BTC r/m, imm8. */
export function bitImmediate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const result = loadOperand(insn, cpu, port, size, 0, insn.kind !== BT);
  return result === DONE ? applyBit(insn, cpu, port, insn.immLo & ((size << 3) - 1)) : result;
}

/** BT, BTS, BTR, BTC r/m, r: a memory operand is a bit string, which the index may leave far behind. */
export function bitRegister(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const mask = (size << 3) - 1;
  loadRegister(insn, cpu, insn.reg, size, 2);
  const n = VALUE[2]! & mask;
  if (!insn.isMemory) {
    loadRegister(insn, cpu, insn.rm, size, 0);
    return applyBit(insn, cpu, port, n);
  }
  effectiveAddress(insn, cpu);
  const index = size === 2 ? (VALUE[2]! << 16) >> 16 : VALUE[2]!;
  const indexHi = size === 8 ? VALUE[3]! : index >> 31;
  // The byte offset of the element: the signed bit index divided by the bits of an element, times its bytes.
  const offsetLo = ((index >>> 3) | (indexHi << 29)) & -size;
  const sum = (EFFECTIVE[0]! >>> 0) + (offsetLo >>> 0);
  let lo = sum | 0;
  let hi = (EFFECTIVE[1]! + (indexHi >> 3) + (sum > 0xffffffff ? 1 : 0)) | 0;
  if (insn.addressSize !== 8) {
    hi = 0;
    if (insn.addressSize === 2) lo &= 0xffff;
  }
  const write = insn.kind !== BT;
  let result = linearize(cpu, port, insn.long, insn.segment, lo, hi, size, write && !port.emulator);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, write);
  if (result !== DONE) return result;
  takeData(port, size, 0);
  return applyBit(insn, cpu, port, n);
}

/** BSF (kind 0) and BSR (kind 1): a zero source sets ZF and leaves the destination, as processors do. */
export function bitScan(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const result = loadOperand(insn, cpu, port, size, 0, false);
  if (result !== DONE) return result;
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  if ((lo | hi) === 0) {
    cpu.rflags |= RFLAGS_ZF;
    return advance(insn, cpu);
  }
  const found = insn.kind === 0
    ? (lo !== 0 ? 31 - Math.clz32(lo & -lo) : 63 - Math.clz32(hi & -hi))
    : (hi !== 0 ? 63 - Math.clz32(hi) : 31 - Math.clz32(lo));
  storeRegister(insn, cpu, insn.reg, size, found, 0);
  cpu.rflags &= ~RFLAGS_ZF;
  return advance(insn, cpu);
}

function ones(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** POPCNT. */
export function countOnes(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = loadOperand(insn, cpu, port, insn.size, 0, false);
  if (result !== DONE) return result;
  const count = ones(VALUE[0]!) + ones(VALUE[1]!);
  storeRegister(insn, cpu, insn.reg, insn.size, count, 0);
  cpu.rflags = withFlags(cpu.rflags, count === 0 ? resultFlags(4, 0, 0) & RFLAGS_ZF : 0);
  return advance(insn, cpu);
}

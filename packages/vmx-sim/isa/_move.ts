import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import * as contract from "./contract.ts";
import * as address from "./_address.ts";
import { testCondition } from "./_condition.ts";
import { undefinedOpcode } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import * as operand from "./_operand.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { DONE, RAX, RBX } = contract;
const { EFFECTIVE, effectiveAddress, LINEAR, linearize, operandAddress } = address;
const {
  advance,
  loadOperand,
  loadRegister,
  storeLoaded,
  storeOperand,
  storeRegister,
  takeData,
  VALUE,
} = operand;

/** A store to KVM's emulator, undefined to the CPU. */
export function moveEmulated(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return port.emulator ? moveToOperand(insn, cpu, port) : undefinedOpcode(insn, cpu, port);
}

/** MOV r/m, r (also MOVNTI). The store of a doorbell: no detour on its way. */
export function moveToOperand(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const { size, reg } = insn;
  if (insn.isMemory) {
    let result = operandAddress(insn, cpu, port, size, true);
    if (result !== DONE) return result;
    // Only `size` bytes of the two words are written.
    const word = cpu.gpr[reg << 1]!;
    const words = port.words;
    words[0] = size === 1 && (reg & 12) === 4 && !insn.rex ? cpu.gpr[(reg & 3) << 1]! >> 8 : word;
    words[1] = cpu.gpr[(reg << 1) + 1]!;
    result = port.write(LINEAR[0]!, LINEAR[1]!, size);
    if (result !== DONE) return result;
  } else {
    loadRegister(insn, cpu, reg, size, 0);
    storeRegister(insn, cpu, insn.rm, size, VALUE[0]!, VALUE[1]!);
  }
  return advance(insn, cpu);
}

/** MOV r, r/m. */
export function moveToRegister(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = loadOperand(insn, cpu, port, insn.size, 0, false);
  if (result !== DONE) return result;
  storeRegister(insn, cpu, insn.reg, insn.size, VALUE[0]!, VALUE[1]!);
  return advance(insn, cpu);
}

/** MOV r/m, imm. */
export function moveImmediate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = storeOperand(insn, cpu, port, insn.size, insn.immLo, insn.immHi);
  return result === DONE ? advance(insn, cpu) : result;
}

/** MOV r, imm with the register in the opcode. */
export function moveRegisterImmediate(insn: Instruction, cpu: CpuState): StepResult {
  storeRegister(insn, cpu, insn.reg, insn.size, insn.immLo, insn.immHi);
  return advance(insn, cpu);
}

/** MOV AL/AX/EAX/RAX, moffs (kind 0) and back (kind 1). */
export function moveOffset(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const store = insn.kind === 1;
  let result = operandAddress(insn, cpu, port, size, store);
  if (result !== DONE) return result;
  if (store) {
    port.words[0] = cpu.gpr[0]!;
    port.words[1] = cpu.gpr[1]!;
    result = port.write(LINEAR[0]!, LINEAR[1]!, size);
    if (result !== DONE) return result;
  } else {
    result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
    if (result !== DONE) return result;
    takeData(port, size, 0);
    storeRegister(insn, cpu, RAX, size, VALUE[0]!, VALUE[1]!);
  }
  return advance(insn, cpu);
}

/** MOVZX, MOVSX, MOVSXD: kind is the source size, negative when it is sign-extended. */
export function moveExtend(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const kind = insn.kind;
  let from = kind < 0 ? -kind : kind;
  // KERNEL 6.19 arch/x86/kvm/emulate.c opcode_table: MOVSXD reads 4 bytes, with 66 too
  if (from > insn.size && !(port.emulator && insn.isMemory)) from = insn.size;
  const result = loadOperand(insn, cpu, port, from, 0, false);
  if (result !== DONE) return result;
  let lo = VALUE[0]!;
  if (kind < 0 && from < 4) {
    const shift = 32 - (from << 3);
    lo = (lo << shift) >> shift;
  }
  storeRegister(insn, cpu, insn.reg, insn.size, lo, kind < 0 ? lo >> 31 : 0);
  return advance(insn, cpu);
}

/** LEA. */
export function loadAddress(insn: Instruction, cpu: CpuState): StepResult {
  effectiveAddress(insn, cpu);
  storeRegister(insn, cpu, insn.reg, insn.size, EFFECTIVE[0]!, EFFECTIVE[1]!);
  return advance(insn, cpu);
}

/** XCHG r/m, r. */
export function exchange(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  let result = loadOperand(insn, cpu, port, size, 0, true);
  if (result !== DONE) return result;
  loadRegister(insn, cpu, insn.reg, size, 2);
  result = storeLoaded(insn, cpu, port, size, VALUE[2]!, VALUE[3]!);
  if (result !== DONE) return result;
  storeRegister(insn, cpu, insn.reg, size, VALUE[0]!, VALUE[1]!);
  return advance(insn, cpu);
}

/** XCHG rAX, r with the register in the opcode; with RAX itself it is NOP. */
export function exchangeAccumulator(insn: Instruction, cpu: CpuState): StepResult {
  if (insn.reg !== RAX) {
    const size = insn.size;
    loadRegister(insn, cpu, RAX, size, 0);
    loadRegister(insn, cpu, insn.reg, size, 2);
    storeRegister(insn, cpu, RAX, size, VALUE[2]!, VALUE[3]!);
    storeRegister(insn, cpu, insn.reg, size, VALUE[0]!, VALUE[1]!);
  }
  return advance(insn, cpu);
}

/** CMOVcc: reads its source whatever the condition, and clears the upper half when it is 32 bits. */
export function moveConditional(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const result = loadOperand(insn, cpu, port, size, 0, false);
  if (result !== DONE) return result;
  if (testCondition(cpu.rflags, insn.kind)) {
    storeRegister(insn, cpu, insn.reg, size, VALUE[0]!, VALUE[1]!);
  } else if (size === 4) cpu.gpr[(insn.reg << 1) + 1] = 0;
  return advance(insn, cpu);
}

/** SETcc. */
export function setConditional(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const value = testCondition(cpu.rflags, insn.kind) ? 1 : 0;
  const result = storeOperand(insn, cpu, port, 1, value, 0);
  return result === DONE ? advance(insn, cpu) : result;
}

/** XLAT: AL = [rBX + AL]. */
export function translate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const sum = (cpu.gpr[RBX << 1]! >>> 0) + (cpu.gpr[0]! & 0xff);
  let lo = sum | 0;
  let hi = (cpu.gpr[(RBX << 1) + 1]! + (sum > 0xffffffff ? 1 : 0)) | 0;
  if (insn.addressSize !== 8) hi = 0;
  if (insn.addressSize === 2) lo &= 0xffff;
  let result = linearize(cpu, port, insn.long, insn.segment, lo, hi, 1, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, 1, false);
  if (result !== DONE) return result;
  cpu.gpr[0] = (cpu.gpr[0]! & ~0xff) | (port.words[0]! & 0xff);
  return advance(insn, cpu);
}

/** BSWAP; of a 16-bit register, undefined by the manual, it clears it as processors do. */
export function swapBytes(insn: Instruction, cpu: CpuState): StepResult {
  const r = insn.reg;
  const lo = cpu.gpr[r << 1]!;
  const hi = cpu.gpr[(r << 1) + 1]!;
  if (insn.size === 8) storeRegister(insn, cpu, r, 8, reversed(hi), reversed(lo));
  else storeRegister(insn, cpu, r, insn.size, insn.size === 2 ? 0 : reversed(lo), 0);
  return advance(insn, cpu);
}

function reversed(word: number): number {
  return (word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24);
}

/** CBW, CWDE, CDQE. */
export function extendAccumulator(insn: Instruction, cpu: CpuState): StepResult {
  const gpr = cpu.gpr;
  if (insn.size === 2) gpr[0] = (gpr[0]! & ~0xffff) | (((gpr[0]! << 24) >> 24) & 0xffff);
  else if (insn.size === 4) storeRegister(insn, cpu, RAX, 4, (gpr[0]! << 16) >> 16, 0);
  else gpr[1] = gpr[0]! >> 31;
  return advance(insn, cpu);
}

/** CWD, CDQ, CQO. */
export function extendIntoData(insn: Instruction, cpu: CpuState): StepResult {
  const size = insn.size;
  const gpr = cpu.gpr;
  const top = size === 2 ? (gpr[0]! << 16) >> 31 : gpr[size === 8 ? 1 : 0]! >> 31;
  storeRegister(insn, cpu, 2, size, top, top);
  return advance(insn, cpu);
}

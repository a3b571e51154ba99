import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE, RBP, RSP, SS, UNDECODED } from "./contract.ts";
import { LINEAR, linearize } from "./_address.ts";
import { protection } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import {
  advance,
  loadOperand,
  loadRegister,
  storeOperand,
  storeRegister,
  takeData,
  VALUE,
} from "./_operand.ts";
import {
  CR0_PE,
  RFLAGS_AC,
  RFLAGS_ARITHMETIC,
  RFLAGS_DF,
  RFLAGS_ID,
  RFLAGS_IF,
  RFLAGS_IOPL,
  RFLAGS_NT,
  RFLAGS_TF,
  RFLAGS_VM,
} from "./registers.ts";
import { cpl } from "./cpu_state.ts";
import { carryOut } from "./_wide.ts";

/** Stack pointer on its way, low and high word: `commitStack` makes it RSP. */
export const STACK_POINTER: Int32Array = new Int32Array(2);

/** Width of the stack pointer in bytes: 8, or by SS.B 4 or 2. */
export function stackWidth(long: boolean, cpu: CpuState): number {
  return long ? 8 : (cpu.seg[SS]!.rights & 0x4000) !== 0 ? 4 : 2;
}

/** Starts a sequence of pushes or pops from RSP as it is. */
export function beginStack(cpu: CpuState): void {
  STACK_POINTER[0] = cpu.gpr[RSP << 1]!;
  STACK_POINTER[1] = cpu.gpr[(RSP << 1) + 1]!;
}

/** Moves `STACK_POINTER` by a small amount, wrapping at the width of the stack. */
export function moveStack(width: number, by: number): void {
  const lo = STACK_POINTER[0]!;
  if (width === 2) {
    STACK_POINTER[0] = (lo & ~0xffff) | ((lo + by) & 0xffff);
    return;
  }
  const sum = (lo + by) | 0;
  STACK_POINTER[0] = sum;
  if (width === 4) STACK_POINTER[1] = 0;
  else STACK_POINTER[1]! += (by >> 31) + carryOut(lo, by, sum);
}

/** Makes `STACK_POINTER` RSP. */
export function commitStack(cpu: CpuState): void {
  cpu.gpr[RSP << 1] = STACK_POINTER[0]!;
  cpu.gpr[(RSP << 1) + 1] = STACK_POINTER[1]!;
}

function stackAddress(
  long: boolean,
  cpu: CpuState,
  port: AccessPort,
  size: number,
  write: boolean,
): StepResult {
  const width = stackWidth(long, cpu);
  const lo = width === 2 ? STACK_POINTER[0]! & 0xffff : STACK_POINTER[0]!;
  return linearize(cpu, port, long, SS, lo, width === 8 ? STACK_POINTER[1]! : 0, size, write);
}

/** Pushes a value at `STACK_POINTER`. */
export function push(
  long: boolean,
  cpu: CpuState,
  port: AccessPort,
  size: number,
  lo: number,
  hi: number,
): StepResult {
  moveStack(stackWidth(long, cpu), -size);
  const result = stackAddress(long, cpu, port, size, true);
  if (result !== DONE) return result;
  port.words[0] = lo;
  port.words[1] = hi;
  return port.write(LINEAR[0]!, LINEAR[1]!, size);
}

/** Pops a value at `STACK_POINTER` into VALUE 0. */
export function pop(long: boolean, cpu: CpuState, port: AccessPort, size: number): StepResult {
  let result = stackAddress(long, cpu, port, size, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  takeData(port, size, 0);
  moveStack(stackWidth(long, cpu), size);
  return DONE;
}

function pushValue(insn: Instruction, cpu: CpuState, port: AccessPort, lo: number, hi: number) {
  beginStack(cpu);
  const result = push(insn.long, cpu, port, insn.size, lo, hi);
  if (result !== DONE) return result;
  commitStack(cpu);
  return advance(insn, cpu);
}

/** PUSH r. */
export function pushRegister(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  loadRegister(insn, cpu, insn.reg, insn.size, 0);
  return pushValue(insn, cpu, port, VALUE[0]!, VALUE[1]!);
}

/** PUSH imm. */
export function pushImmediate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return pushValue(insn, cpu, port, insn.immLo, insn.immHi);
}

/** PUSH r/m. */
export function pushOperand(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = loadOperand(insn, cpu, port, insn.size, 0, false);
  return result === DONE ? pushValue(insn, cpu, port, VALUE[0]!, VALUE[1]!) : result;
}

// KERNEL 6.19 arch/x86/kvm/emulate.c em_push_sreg
/** PUSH sreg: kind is the segment register. Of 4 bytes the emulator writes the lower two, as some CPUs do. */
export function pushSegment(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const { selector } = cpu.seg[insn.kind]!;
  if (insn.size !== 4 || !port.emulator) return pushValue(insn, cpu, port, selector, 0);
  beginStack(cpu);
  moveStack(stackWidth(insn.long, cpu), -2);
  const result = push(insn.long, cpu, port, 2, selector, 0);
  if (result !== DONE) return result;
  commitStack(cpu);
  return advance(insn, cpu);
}

/** POP r. */
export function popRegister(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  beginStack(cpu);
  const result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  commitStack(cpu);
  storeRegister(insn, cpu, insn.reg, insn.size, VALUE[0]!, VALUE[1]!);
  return advance(insn, cpu);
}

/** POP r/m: an address based on RSP is that after the pop. */
export function popOperand(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  beginStack(cpu);
  const oldLo = STACK_POINTER[0]!;
  const oldHi = STACK_POINTER[1]!;
  let result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  commitStack(cpu);
  result = storeOperand(insn, cpu, port, insn.size, VALUE[0]!, VALUE[1]!);
  if (result !== DONE) {
    cpu.gpr[RSP << 1] = oldLo;
    cpu.gpr[(RSP << 1) + 1] = oldHi;
    return result;
  }
  return advance(insn, cpu);
}

/** PUSHA, PUSHAD. */
export function pushAll(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  beginStack(cpu);
  for (let r = 0; r < 8; r++) {
    const result = push(false, cpu, port, insn.size, cpu.gpr[r << 1]!, 0);
    if (result !== DONE) return result;
  }
  commitStack(cpu);
  return advance(insn, cpu);
}

/** What POPA has popped, by register; and at 8 the register whose turn it is, the ones above it being done. */
export const POPPED: Int32Array = new Int32Array(9);

/** Makes registers above `last` what POPA popped. */
export function storePopped(
  insn: Instruction,
  cpu: CpuState,
  popped: Int32Array,
  last: number,
): void {
  for (let r = 7; r > last; r--) {
    if (r !== RSP) storeRegister(insn, cpu, r, insn.size, popped[r]!, 0);
  }
}

/** POPA, POPAD: the stored stack pointer is skipped. */
export function popAll(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  beginStack(cpu);
  for (let r = 7; r >= 0; r--) {
    if (r === RSP && port.emulator) {
      // KERNEL 6.19 arch/x86/kvm/emulate.c em_popa: it is not even read
      moveStack(stackWidth(false, cpu), insn.size);
      continue;
    }
    POPPED[8] = r;
    const result = pop(false, cpu, port, insn.size);
    if (result !== DONE) return result;
    POPPED[r] = VALUE[0]!;
  }
  commitStack(cpu);
  storePopped(insn, cpu, POPPED, -1);
  return advance(insn, cpu);
}

/** PUSHF: VM and RF are pushed clear. */
export function pushFlags(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (virtualBelowIopl3(cpu)) return protection(port);
  return pushValue(insn, cpu, port, cpu.rflags & 0xfcffff, 0);
}

/** POPF: IOPL only at CPL 0, IF only at CPL ≤ IOPL. */
export function popFlags(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (virtualBelowIopl3(cpu)) return protection(port);
  beginStack(cpu);
  const result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  commitStack(cpu);
  cpu.rflags = mergeFlags(cpu, VALUE[0]!, insn.size);
  return advance(insn, cpu);
}

function virtualBelowIopl3(cpu: CpuState): boolean {
  return (cpu.cr0 & CR0_PE) !== 0 && (cpu.rflags & (RFLAGS_VM | RFLAGS_IOPL)) >>> 0 >= RFLAGS_VM &&
    (cpu.rflags & RFLAGS_IOPL) !== RFLAGS_IOPL;
}

/** RFLAGS after a popped value of `size` bytes at the current privilege; RF is cleared. */
export function mergeFlags(cpu: CpuState, value: number, size: number): number {
  let mask = RFLAGS_ARITHMETIC | RFLAGS_TF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_ID;
  const level = cpl(cpu);
  if (level === 0) mask |= RFLAGS_IOPL;
  if (level <= ((cpu.rflags & RFLAGS_IOPL) >> 12)) mask |= RFLAGS_IF;
  if (size === 2) mask &= 0xffff;
  const kept = size === 2 ? ~mask : ~mask & ~0x10000;
  return (cpu.rflags & kept) | (value & mask) | 2;
}

/**
 * ENTER: nesting levels 1…31 copy the outer frames' pointers, which KVM's emulator does not do. Silicon probes the far
 * end of the new frame as well.
 */
export function enter(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const { long, size } = insn;
  const level = insn.imm2 & 31;
  const width = stackWidth(long, cpu);
  if (level > 0 && port.emulator) return UNDECODED;
  beginStack(cpu);
  let result = push(long, cpu, port, size, cpu.gpr[RBP << 1]!, cpu.gpr[(RBP << 1) + 1]!);
  if (result !== DONE) return result;
  const frameLo = STACK_POINTER[0]!;
  const frameHi = STACK_POINTER[1]!;
  for (let i = 1; i < level; i++) {
    const sum = (cpu.gpr[RBP << 1]! >>> 0) - i * size;
    let lo = sum | 0;
    if (width === 2) lo &= 0xffff;
    const hi = long ? (cpu.gpr[(RBP << 1) + 1]! - (sum < 0 ? 1 : 0)) | 0 : 0;
    result = linearize(cpu, port, long, SS, lo, hi, size, false);
    if (result !== DONE) return result;
    result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
    if (result !== DONE) return result;
    takeData(port, size, 0);
    result = push(long, cpu, port, size, VALUE[0]!, VALUE[1]!);
    if (result !== DONE) return result;
  }
  if (level > 0) {
    result = push(long, cpu, port, size, frameLo, frameHi);
    if (result !== DONE) return result;
  }
  moveStack(width, -insn.immLo);
  if (insn.immLo !== 0 && !port.emulator) {
    result = stackAddress(long, cpu, port, 1, true);
    if (result !== DONE) return result;
    result = port.read(LINEAR[0]!, LINEAR[1]!, 1, true);
    if (result !== DONE) return result;
  }
  commitStack(cpu);
  storeRegister(insn, cpu, RBP, size, frameLo, frameHi);
  return advance(insn, cpu);
}

/** LEAVE. */
export function leave(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const width = stackWidth(insn.long, cpu);
  const base = cpu.gpr[RBP << 1]!;
  beginStack(cpu);
  STACK_POINTER[0] = width === 2 ? (STACK_POINTER[0]! & ~0xffff) | (base & 0xffff) : base;
  STACK_POINTER[1] = width === 8 ? cpu.gpr[(RBP << 1) + 1]! : 0;
  const result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  commitStack(cpu);
  storeRegister(insn, cpu, RBP, insn.size, VALUE[0]!, VALUE[1]!);
  return advance(insn, cpu);
}

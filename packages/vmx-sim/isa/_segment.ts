import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { CS, DONE, ES, GS, SS } from "./contract.ts";
import { cpl } from "./cpu_state.ts";
import {
  descriptorLevel,
  descriptorRights,
  fillSegment,
  isPresent,
  markDescriptor,
  readDescriptor,
} from "./_descriptor.ts";
import { protection, raise, undefinedOpcode } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { LINEAR, operandAddress } from "./_address.ts";
import { advance, loadOperand, storeOperand, storeRegister, takeData, VALUE } from "./_operand.ts";
import { beginStack, commitStack, moveStack, pop, stackWidth } from "./_stack.ts";
import { CR0_PE, CR4_UMIP, RFLAGS_VM, VECTOR_GP, VECTOR_NP, VECTOR_SS } from "./registers.ts";

/** Whether selectors are paragraphs: real and virtual-8086 mode. */
export function hasParagraphs(cpu: CpuState): boolean {
  return (cpu.cr0 & CR0_PE) === 0 || (cpu.rflags & RFLAGS_VM) !== 0;
}

/** Loads a segment register in real or virtual-8086 mode; limit and rights stay as they are ("unreal" mode). */
export function loadParagraph(cpu: CpuState, register: number, selector: number): void {
  const state = cpu.seg[register]!;
  state.selector = selector;
  state.baseLo = selector << 4;
  state.baseHi = 0;
  if (cpu.rflags & RFLAGS_VM) {
    state.limit = 0xffff;
    state.rights = 0xf3;
  }
}

/** Loads ES, SS, DS, FS or GS, with the checks of the mode. The register changes only when all of it went well. */
export function loadSegment(
  cpu: CpuState,
  port: AccessPort,
  long: boolean,
  register: number,
  selector: number,
): StepResult {
  if (hasParagraphs(cpu)) {
    loadParagraph(cpu, register, selector);
    return DONE;
  }
  const level = cpl(cpu);
  if ((selector & 0xfffc) === 0) {
    if (register === SS && !(long && level < 3 && (selector & 3) === level)) {
      return protection(port);
    }
    const state = cpu.seg[register]!;
    state.selector = selector;
    state.baseLo = state.baseHi = state.limit = 0;
    state.rights = 0x10000 | (register === SS ? level << 5 : 0);
    return DONE;
  }
  const error = selector & 0xfffc;
  let result = readDescriptor(cpu, port, selector);
  if (result !== DONE) return result;
  const rights = descriptorRights();
  const requested = selector & 3;
  const owner = descriptorLevel();
  if (register === SS) {
    // Writable data of exactly this privilege.
    if ((rights & 0x1a) !== 0x12 || requested !== level || owner !== level) {
      return raise(port, VECTOR_GP, error);
    }
    if (!isPresent()) return raise(port, VECTOR_SS, error);
  } else {
    if ((rights & 0x10) === 0 || (rights & 0xa) === 8) return raise(port, VECTOR_GP, error);
    const conforming = (rights & 0xc) === 0xc;
    if (!conforming && (requested > owner || level > owner)) return raise(port, VECTOR_GP, error);
    if (!isPresent()) return raise(port, VECTOR_NP, error);
  }
  result = markDescriptor(port, 1);
  if (result !== DONE) return result;
  fillSegment(cpu.seg[register]!, selector);
  return DONE;
}

/** Bytes that a selector is stored in: of a register all, of memory two, which KVM's emulator makes 8 by REX.W. */
function selectorBytes(insn: Instruction, port: AccessPort): number {
  if (!insn.isMemory) return insn.size;
  // KERNEL 6.19 arch/x86/kvm/emulate.c em_store_sreg: only an operand of 4 bytes becomes one of 2
  return port.emulator && insn.size === 8 ? 8 : 2;
}

/** MOV r/m, sreg: zero-extended into a register of 4 or 8. */
export function storeSegmentRegister(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
): StepResult {
  // KERNEL 6.19 arch/x86/kvm/emulate.c em_mov_rm_sreg: REX.R makes it another register
  const register = port.emulator ? insn.reg : insn.reg & 7;
  if (register > GS) return undefinedOpcode(insn, cpu, port);
  const size = selectorBytes(insn, port);
  const result = storeOperand(insn, cpu, port, size, cpu.seg[register]!.selector, 0);
  return result === DONE ? advance(insn, cpu) : result;
}

/** MOV sreg, r/m; into SS it holds interrupts off for one instruction. */
export function loadSegmentRegister(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
): StepResult {
  const register = port.emulator ? insn.reg : insn.reg & 7;
  const isUndefined = register > GS || register === CS;
  // KERNEL 6.19 arch/x86/kvm/emulate.c em_mov_sreg_rm: after its operand was read
  if (isUndefined && !port.emulator) return undefinedOpcode(insn, cpu, port);
  let result = loadOperand(insn, cpu, port, 2, 0, false);
  if (result !== DONE) return result;
  if (isUndefined) return undefinedOpcode(insn, cpu, port);
  result = loadSegment(cpu, port, insn.long, register, VALUE[0]!);
  if (result !== DONE) return result;
  if (register === SS) cpu.interruptShadow |= 2;
  return advance(insn, cpu);
}

/** POP sreg: kind is the register. */
export function popSegment(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  beginStack(cpu);
  // KERNEL 6.19 arch/x86/kvm/emulate.c em_pop_sreg: two bytes are read, whatever their number
  const size = port.emulator ? 2 : insn.size;
  let result = pop(insn.long, cpu, port, size);
  if (result !== DONE) return result;
  if (size !== insn.size) moveStack(stackWidth(insn.long, cpu), insn.size - size);
  result = loadSegment(cpu, port, insn.long, insn.kind, VALUE[0]! & 0xffff);
  if (result !== DONE) return result;
  commitStack(cpu);
  if (insn.kind === SS) cpu.interruptShadow |= 2;
  return advance(insn, cpu);
}

/** Reads the far pointer in memory: offset into VALUE 0–1, selector into VALUE 2. */
export function loadFarPointer(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  let result = operandAddress(insn, cpu, port, size + 2, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size + 2, false);
  if (result !== DONE) return result;
  takeData(port, size, 0);
  VALUE[2] = port.data[size]! | (port.data[size + 1]! << 8);
  return DONE;
}

/** LES, LDS, LSS, LFS, LGS: kind is the register. */
export function loadFar(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = loadFarPointer(insn, cpu, port);
  if (result !== DONE) return result;
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  result = loadSegment(cpu, port, insn.long, insn.kind, VALUE[2]!);
  if (result !== DONE) return result;
  storeRegister(insn, cpu, insn.reg, insn.size, lo, hi);
  return advance(insn, cpu);
}

/** After a return to an outer level: data segments that it may not see become unusable. */
export function dropInnerSegments(cpu: CpuState): void {
  const level = cpl(cpu);
  for (let register = ES; register <= GS; register++) {
    if (register === CS || register === SS) continue;
    const state = cpu.seg[register]!;
    const conforming = (state.rights & 0x1c) === 0x1c;
    if (!conforming && ((state.rights >> 5) & 3) < level) {
      state.selector = 0;
      state.rights = 0x10000;
    }
  }
}

/** SLDT (kind 0) and STR (kind 1). */
export function storeSystemSelector(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
): StepResult {
  if (hasParagraphs(cpu)) return undefinedOpcode(insn, cpu, port);
  if (cpl(cpu) > 0 && (cpu.cr4 & CR4_UMIP) !== 0) return protection(port);
  const selector = (insn.kind === 0 ? cpu.ldt : cpu.tr).selector;
  const size = selectorBytes(insn, port);
  if (insn.isMemory && port.emulator) {
    // KERNEL 6.19 arch/x86/kvm/emulate.c group6: not marked Mov, so what is overwritten is read, in the operand's size
    const read = loadOperand(insn, cpu, port, insn.size, 0, true);
    if (read !== DONE) return read;
  }
  const result = storeOperand(insn, cpu, port, size, selector, 0);
  return result === DONE ? advance(insn, cpu) : result;
}

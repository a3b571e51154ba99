import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { CS, DONE, SS, UNDECODED } from "./contract.ts";
import { isCanonical } from "./_address.ts";
import { cpl } from "./cpu_state.ts";
import {
  descriptorLevel,
  descriptorRights,
  fillSegment,
  isLongMode,
  isPresent,
  markDescriptor,
  readDescriptor,
} from "./_descriptor.ts";
import { protection, raise } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { VALUE } from "./_operand.ts";
import { dropInnerSegments, hasParagraphs, loadFarPointer, loadParagraph } from "./_segment.ts";
import {
  beginStack,
  commitStack,
  mergeFlags,
  moveStack,
  pop,
  push,
  STACK_POINTER,
  stackWidth,
} from "./_stack.ts";
import { CR0_PE, RFLAGS_NT, RFLAGS_VM, VECTOR_GP, VECTOR_NP, VECTOR_SS } from "./registers.ts";

/** Where a far branch goes: offset low and high word, selector. */
const TARGET = new Int32Array(3);

function aim(lo: number, hi: number, selector: number): void {
  TARGET[0] = lo;
  TARGET[1] = hi;
  TARGET[2] = selector & 0xffff;
}

/**
 * Checks a code descriptor for a branch at privilege `level`; leaves it in `DESCRIPTOR`, marked accessed. Gates and
 * task state segments are not implemented.
 */
function checkCode(
  cpu: CpuState,
  port: AccessPort,
  selector: number,
  level: number,
  returning: boolean,
): StepResult {
  const error = selector & 0xfffc;
  if (error === 0) return protection(port);
  const result = readDescriptor(cpu, port, selector);
  if (result !== DONE) return result;
  const rights = descriptorRights();
  if ((rights & 0x10) === 0 && !returning) return UNDECODED;
  if ((rights & 0x18) !== 0x18) return raise(port, VECTOR_GP, error);
  // KERNEL 6.19 arch/x86/kvm/emulate.c __load_segment_descriptor: an outer level it does not know
  if (port.emulator && level > cpl(cpu)) return UNDECODED;
  const owner = descriptorLevel();
  const conforming = (rights & 4) !== 0;
  const allowed = conforming
    ? owner <= level
    : owner === level && (returning || (selector & 3) <= level);
  if (!allowed) return raise(port, VECTOR_GP, error);
  if (!isPresent()) return raise(port, VECTOR_NP, error);
  if (isLongMode(cpu) && (rights & 0x6000) === 0x6000) return raise(port, VECTOR_GP, error);
  return markDescriptor(port, 1);
}

/** Checks the offset of `TARGET` against the descriptor (or, for paragraphs, CS as it is). */
function checkOffset(cpu: CpuState, port: AccessPort): StepResult {
  if (isLongMode(cpu) && (descriptorRights() & 0x2000) !== 0) {
    return isCanonical(cpu, TARGET[1]!) ? DONE : protection(port);
  }
  fillSegment(CODE, 0);
  return TARGET[0]! >>> 0 > CODE.limit >>> 0 ? protection(port) : DONE;
}

const CODE = { selector: 0, baseLo: 0, baseHi: 0, limit: 0, rights: 0 };

function commitCode(cpu: CpuState, level: number): void {
  fillSegment(cpu.seg[CS]!, (TARGET[2]! & 0xfffc) | level);
  commitTarget(cpu, (cpu.seg[CS]!.rights & 0x2000) !== 0 && isLongMode(cpu));
}

// KERNEL 6.19 arch/x86/kvm/emulate.c em_jmp_far, em_ret_far: with the new CS in place they give up
function giveUp(cpu: CpuState, port: AccessPort, level: number, result: StepResult): StepResult {
  if (!port.emulator) return result;
  fillSegment(cpu.seg[CS]!, (TARGET[2]! & 0xfffc) | level);
  return UNDECODED;
}

function commitTarget(cpu: CpuState, long: boolean): void {
  cpu.rip[0] = TARGET[0]!;
  cpu.rip[1] = long ? TARGET[1]! : 0;
}

function paragraphTarget(cpu: CpuState, port: AccessPort): StepResult {
  const isOutside = TARGET[0]! >>> 0 > cpu.seg[CS]!.limit >>> 0;
  if (isOutside && !port.emulator) return protection(port);
  loadParagraph(cpu, CS, TARGET[2]!);
  if (isOutside) return UNDECODED;
  commitTarget(cpu, false);
  return DONE;
}

function pushReturn(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const next = (cpu.rip[0]! >>> 0) + insn.length;
  const high = insn.long ? (cpu.rip[1]! + (next > 0xffffffff ? 1 : 0)) | 0 : 0;
  beginStack(cpu);
  const result = push(insn.long, cpu, port, insn.size, cpu.seg[CS]!.selector, 0);
  return result === DONE ? push(insn.long, cpu, port, insn.size, next | 0, high) : result;
}

/** Goes to `TARGET`, pushing the return address first when it is a call. */
function transfer(insn: Instruction, cpu: CpuState, port: AccessPort, isCall: boolean): StepResult {
  let result: StepResult = DONE;
  if (hasParagraphs(cpu)) {
    if (isCall) {
      if (TARGET[0]! >>> 0 > cpu.seg[CS]!.limit >>> 0) return protection(port);
      result = pushReturn(insn, cpu, port);
      if (result !== DONE) return result;
      commitStack(cpu);
    }
    return paragraphTarget(cpu, port);
  }
  const level = cpl(cpu);
  result = checkCode(cpu, port, TARGET[2]!, level, false);
  if (result !== DONE) return result;
  result = checkOffset(cpu, port);
  if (result !== DONE) return isCall ? result : giveUp(cpu, port, level, result);
  if (isCall) {
    result = pushReturn(insn, cpu, port);
    if (result !== DONE) return result;
    commitStack(cpu);
  }
  commitCode(cpu, level);
  return DONE;
}

/** JMP (kind 0) and CALL (kind 1) ptr16:16, ptr16:32. */
export function farImmediate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  aim(insn.immLo, 0, insn.imm2);
  return transfer(insn, cpu, port, insn.kind === 1);
}

/** JMP (kind 0) and CALL (kind 1) m16:16, m16:32, m16:64. */
export function farIndirect(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = loadFarPointer(insn, cpu, port);
  if (result !== DONE) return result;
  aim(VALUE[0]!, VALUE[1]!, VALUE[2]!);
  return transfer(insn, cpu, port, insn.kind === 1);
}

const OUTER = new Int32Array(3);

/** Pops stack pointer and SS of an outer level, checks SS, and commits both with CS and RIP. */
function returnOuter(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
  skip: number,
): StepResult {
  const level = TARGET[2]! & 3;
  if (skip !== 0) moveStack(stackWidth(insn.long, cpu), skip);
  let result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  OUTER[0] = VALUE[0]!;
  OUTER[1] = VALUE[1]!;
  result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  const selector = VALUE[0]! & 0xffff;
  const error = selector & 0xfffc;
  const target64 = isLongMode(cpu) && (descriptorRights() & 0x2000) !== 0;
  const code0 = cpu.seg[CS]!;
  if (error === 0) {
    if (!target64 || level === 3 || (selector & 3) !== level) return protection(port);
    commitCode(cpu, level);
    const stack = cpu.seg[SS]!;
    stack.selector = selector;
    stack.rights = 0x10000 | (level << 5);
  } else {
    fillSegment(CODE, (TARGET[2]! & 0xfffc) | level);
    result = readDescriptor(cpu, port, selector);
    if (result !== DONE) return result;
    const rights = descriptorRights();
    if ((rights & 0x1a) !== 0x12 || (selector & 3) !== level || descriptorLevel() !== level) {
      return raise(port, VECTOR_GP, error);
    }
    if (!isPresent()) return raise(port, VECTOR_SS, error);
    result = markDescriptor(port, 1);
    if (result !== DONE) return result;
    Object.assign(code0, CODE);
    commitTarget(cpu, target64);
    fillSegment(cpu.seg[SS]!, selector);
  }
  STACK_POINTER[0] = OUTER[0]!;
  STACK_POINTER[1] = target64 ? OUTER[1]! : 0;
  if (skip !== 0) moveStack(stackWidth(target64, cpu), skip);
  commitStack(cpu);
  return DONE;
}

/** RETF, RETF imm16: to the same or an outer level. */
export function returnFar(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  beginStack(cpu);
  let result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  aim(lo, hi, VALUE[0]!);
  if (hasParagraphs(cpu)) {
    result = paragraphTarget(cpu, port);
    if (result !== DONE) return result;
  } else {
    const level = TARGET[2]! & 3;
    const from = cpl(cpu);
    if (level < from) return raise(port, VECTOR_GP, TARGET[2]! & 0xfffc);
    result = checkCode(cpu, port, TARGET[2]!, level, true);
    if (result !== DONE) return result;
    result = checkOffset(cpu, port);
    if (result !== DONE) return giveUp(cpu, port, level, result);
    if (level > from) {
      result = returnOuter(insn, cpu, port, insn.immLo);
      if (result === DONE) dropInnerSegments(cpu);
      return result;
    }
    commitCode(cpu, level);
  }
  if (insn.immLo !== 0) moveStack(stackWidth(insn.long, cpu), insn.immLo);
  commitStack(cpu);
  return DONE;
}

/** IRET, IRETD, IRETQ: not to virtual-8086 mode and not out of a nested task. */
export function returnInterrupt(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const { long, size } = insn;
  const paragraphs = hasParagraphs(cpu);
  // KERNEL 6.19 arch/x86/kvm/emulate.c em_iret: of real mode only
  if (port.emulator && ((cpu.cr0 & CR0_PE) !== 0)) return UNDECODED;
  if (cpu.rflags & RFLAGS_VM && (cpu.rflags & 0x3000) !== 0x3000) return protection(port);
  if (!paragraphs && (cpu.rflags & RFLAGS_NT) !== 0) {
    return isLongMode(cpu) ? protection(port) : UNDECODED;
  }
  beginStack(cpu);
  let result = pop(long, cpu, port, size);
  if (result !== DONE) return result;
  const lo = VALUE[0]!;
  const hi = VALUE[1]!;
  // KERNEL 6.19 arch/x86/kvm/emulate.c emulate_iret_real: the limit is 64 KiB, and looked at before the rest is popped
  const limit = port.emulator ? 0xffff : cpu.seg[CS]!.limit >>> 0;
  const isOutside = paragraphs && lo >>> 0 > limit;
  if (isOutside && port.emulator) return protection(port);
  result = pop(long, cpu, port, size);
  if (result !== DONE) return result;
  aim(lo, hi, VALUE[0]!);
  result = pop(long, cpu, port, size);
  if (result !== DONE) return result;
  const flags = VALUE[0]!;
  if (paragraphs) {
    if (isOutside) return protection(port);
    loadParagraph(cpu, CS, TARGET[2]!);
    commitTarget(cpu, false);
    commitStack(cpu);
    cpu.rflags = mergeFlags(cpu, flags, size);
    return DONE;
  }
  const from = cpl(cpu);
  if (!isLongMode(cpu) && from === 0 && size !== 2 && (flags & RFLAGS_VM) !== 0) return UNDECODED;
  const level = TARGET[2]! & 3;
  if (level < from) return raise(port, VECTOR_GP, TARGET[2]! & 0xfffc);
  result = checkCode(cpu, port, TARGET[2]!, level, true);
  if (result !== DONE) return result;
  result = checkOffset(cpu, port);
  if (result !== DONE) return result;
  const merged = mergeFlags(cpu, flags, size);
  if (long || level > from) {
    result = returnOuter(insn, cpu, port, 0);
    if (result !== DONE) return result;
    if (level > from) dropInnerSegments(cpu);
  } else {
    commitCode(cpu, level);
    commitStack(cpu);
  }
  const resume = size === 2 ? 0 : flags & 0x10000;
  cpu.rflags = merged | resume;
  return DONE;
}

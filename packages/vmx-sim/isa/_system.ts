import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { CS, DONE, FAULTED, RAX, RCX, RDX, UNDECODED } from "./contract.ts";
import { EFFECTIVE, effectiveAddress, isCanonical, LINEAR, linearize } from "./_address.ts";
import { operandAddress } from "./_address.ts";
import { cpl } from "./cpu_state.ts";
import {
  DESCRIPTOR,
  descriptorRights,
  fillSegment,
  isLongMode,
  isPresent,
  markDescriptor,
  readDescriptor,
} from "./_descriptor.ts";
import { protection, raise, undefinedOpcode } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance, loadOperand, storeOperand, storeRegister, VALUE } from "./_operand.ts";
import { hasParagraphs } from "./_segment.ts";
import * as reg from "./registers.ts";

/** SGDT (kind 0) and SIDT (kind 1): limit, then a base of 4 or 8 bytes. */
export function storeTable(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) > 0 && (cpu.cr4 & reg.CR4_UMIP) !== 0) return protection(port);
  const size = insn.long ? 10 : 6;
  const result = operandAddress(insn, cpu, port, size, true);
  if (result !== DONE) return result;
  const table = insn.kind === 0 ? cpu.gdt : cpu.idt;
  const { words } = port;
  words[0] = (table.limit & 0xffff) | (table.baseLo << 16);
  words[1] = (table.baseLo >>> 16) | (table.baseHi << 16);
  words[2] = table.baseHi >>> 16;
  const written = port.write(LINEAR[0]!, LINEAR[1]!, size);
  return written === DONE ? advance(insn, cpu) : written;
}

/** LGDT (kind 0) and LIDT (kind 1): 16-bit operands take 24 bits of the base. */
export function loadTable(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) !== 0) return protection(port);
  const size = insn.long ? 10 : 6;
  let result = operandAddress(insn, cpu, port, size, false);
  if (result !== DONE) return result;
  if (port.emulator) {
    // KERNEL 6.19 arch/x86/kvm/emulate.c em_lgdt_lidt: an operand as any other first, then the table, from RAM alone
    result = port.read(LINEAR[0]!, LINEAR[1]!, insn.size, false);
    if (result === DONE) result = port.readSystem(LINEAR[0]!, LINEAR[1]!, size);
  } else result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  const { words } = port;
  let lo = (words[0]! >>> 16) | (words[1]! << 16);
  const hi = insn.long ? (words[1]! >>> 16) | (words[2]! << 16) : 0;
  if (!insn.long && insn.size === 2) lo &= 0xffffff;
  if (insn.long && !isCanonical(cpu, hi)) return protection(port);
  const table = insn.kind === 0 ? cpu.gdt : cpu.idt;
  table.limit = words[0]! & 0xffff;
  table.baseLo = lo;
  table.baseHi = hi;
  return advance(insn, cpu);
}

/** SMSW: two bytes in memory, all of CR0 that fits into a register. */
export function storeStatus(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) > 0 && (cpu.cr4 & reg.CR4_UMIP) !== 0) return protection(port);
  const size = insn.isMemory ? 2 : insn.size;
  const result = storeOperand(insn, cpu, port, size, cpu.cr0 | 0, 0);
  return result === DONE ? advance(insn, cpu) : result;
}

function writeControl(insn: Instruction, cpu: CpuState, port: AccessPort, n: number): StepResult {
  const result = port.writeControl(n);
  return result === DONE ? advance(insn, cpu) : result;
}

/** LMSW: PE, MP, EM, TS; PE cannot be cleared. */
export function loadStatus(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) !== 0) return protection(port);
  const result = loadOperand(insn, cpu, port, 2, 0, false);
  if (result !== DONE) return result;
  port.words[0] = (cpu.cr0 & ~14) | (VALUE[0]! & 15);
  port.words[1] = 0;
  return writeControl(insn, cpu, port, 0);
}

/** CLTS. */
export function clearTaskSwitched(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) !== 0) return protection(port);
  port.words[0] = cpu.cr0 & ~reg.CR0_TS;
  port.words[1] = 0;
  return writeControl(insn, cpu, port, 0);
}

/** INVLPG: the address is not accessed, and not checked but for its segment base. */
export function invalidate(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) !== 0) return protection(port);
  effectiveAddress(insn, cpu);
  const faulted = linearize(
    cpu,
    port,
    insn.long,
    insn.segment,
    EFFECTIVE[0]!,
    EFFECTIVE[1]!,
    1,
    false,
  );
  if (faulted === FAULTED) return advance(insn, cpu);
  const result = port.invalidatePage(LINEAR[0]!, LINEAR[1]!);
  return result === DONE ? advance(insn, cpu) : result;
}

/** INVD and WBINVD. */
export function flushCaches(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) !== 0) return protection(port);
  const result = port.flushCaches();
  return result === DONE ? advance(insn, cpu) : result;
}

/** CLFLUSH, CLFLUSHOPT: a one-byte read as far as faults and MMIO go. */
export function flushLine(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = operandAddress(insn, cpu, port, 1, false);
  if (result !== DONE) return result;
  const read = port.read(LINEAR[0]!, LINEAR[1]!, 1, false);
  return read === DONE ? advance(insn, cpu) : read;
}

function isControl(n: number): boolean {
  return n === 0 || n === 8 || (n >= 2 && n <= 4);
}

/** MOV r, CRn. */
export function loadFromControl(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (!isControl(insn.reg)) return undefinedOpcode(insn, cpu, port);
  if (cpl(cpu) !== 0) return protection(port);
  let lo = 0;
  let hi = 0;
  if (insn.reg === 0) lo = cpu.cr0;
  else if (insn.reg === 2) {
    lo = cpu.cr2Lo;
    hi = cpu.cr2Hi;
  } else if (insn.reg === 3) {
    lo = cpu.cr3 % 0x100000000;
    hi = Math.floor(cpu.cr3 / 0x100000000);
  } else if (insn.reg === 4) lo = cpu.cr4;
  else lo = cpu.cr8;
  storeRegister(insn, cpu, insn.rm, insn.long ? 8 : 4, lo | 0, hi | 0);
  return advance(insn, cpu);
}

/** Bits of CR4 that the modelled CPU has: VME…OSXMMEXCPT, UMIP, LA57, FSGSBASE, PCIDE, OSXSAVE, SMEP, SMAP. */
const CR4_BITS = 0x371fff;

function isLegalControl(cpu: CpuState, n: number, lo: number, hi: number): boolean {
  if (n === 0) {
    const paging = (lo & reg.CR0_PG) !== 0;
    if (hi !== 0 || (paging && (lo & reg.CR0_PE) === 0)) return false;
    if ((lo & reg.CR0_NW) !== 0 && (lo & reg.CR0_CD) === 0) return false;
    const code64 = (cpu.seg[CS]!.rights & 0x2000) !== 0;
    if (paging && (cpu.cr0 & reg.CR0_PG) === 0 && (cpu.efer & reg.EFER_LME) !== 0) {
      return (cpu.cr4 & reg.CR4_PAE) !== 0 && !code64;
    }
    return paging || !(isLongMode(cpu) && code64);
  }
  if (n === 3) return !isLongMode(cpu) || (hi & 0x7ff00000) === 0;
  if (n === 4) {
    if (hi !== 0 || (lo & ~CR4_BITS) !== 0) return false;
    return !isLongMode(cpu) ||
      ((lo & reg.CR4_PAE) !== 0 && ((lo ^ cpu.cr4) & reg.CR4_LA57) === 0);
  }
  return hi === 0 && (lo & ~15) === 0;
}

/** MOV CRn, r. */
export function storeToControl(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const n = insn.reg;
  if (!isControl(n)) return undefinedOpcode(insn, cpu, port);
  if (cpl(cpu) !== 0) return protection(port);
  let lo = cpu.gpr[insn.rm << 1]!;
  const hi = insn.long ? cpu.gpr[(insn.rm << 1) + 1]! : 0;
  if (n === 2) {
    cpu.cr2Lo = lo;
    cpu.cr2Hi = hi;
    return advance(insn, cpu);
  }
  if (n === 0) lo |= 0x10;
  if (!isLegalControl(cpu, n, lo, hi)) return protection(port);
  port.words[0] = lo;
  port.words[1] = hi;
  return writeControl(insn, cpu, port, n);
}

/** MOV r, DRn (kind 0) and back (kind 1): kept, without breakpoints. */
export function moveDebug(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (insn.reg > 7) return undefinedOpcode(insn, cpu, port);
  if (cpl(cpu) !== 0) return protection(port);
  const n = insn.reg === 4 || insn.reg === 5 ? insn.reg + 2 : insn.reg;
  if (insn.kind === 0) {
    storeRegister(insn, cpu, insn.rm, insn.long ? 8 : 4, cpu.debug[n]!, 0);
  } else if (n >= 6 && insn.long && cpu.gpr[(insn.rm << 1) + 1] !== 0) return protection(port);
  else {
    const value = cpu.gpr[insn.rm << 1]!;
    cpu.debug[n] = n === 6 ? (value & 0xe00f) | 0xffff0ff0 : n === 7 ? value | 0x400 : value;
  }
  return advance(insn, cpu);
}

/** RDMSR (kind 0) and WRMSR (kind 1). */
export function accessMsr(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) !== 0) return protection(port);
  const index = cpu.gpr[RCX << 1]! >>> 0;
  if (insn.kind === 1) {
    port.words[0] = cpu.gpr[RAX << 1]!;
    port.words[1] = cpu.gpr[RDX << 1]!;
    const result = port.writeMsr(index);
    return result === DONE ? advance(insn, cpu) : result;
  }
  const result = port.readMsr(index);
  return result === DONE ? returnPair(insn, cpu, port) : result;
}

/** EDX:EAX take the pair in the port's buffer. */
function returnPair(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  storeRegister(insn, cpu, RAX, 4, port.words[0]!, 0);
  storeRegister(insn, cpu, RDX, 4, port.words[1]!, 0);
  return advance(insn, cpu);
}

/** RDTSC. */
export function readTimestamp(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) > 0 && (cpu.cr4 & reg.CR4_TSD) !== 0) return protection(port);
  const result = port.timestamp();
  return result === DONE ? returnPair(insn, cpu, port) : result;
}

/** CPUID. */
export function identify(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = port.cpuid(cpu.gpr[RAX << 1]!, cpu.gpr[RCX << 1]!);
  if (result !== DONE) return result;
  // EAX EBX ECX EDX are registers 0, 3, 1, 2.
  storeRegister(insn, cpu, 0, 4, port.words[0]!, 0);
  storeRegister(insn, cpu, 3, 4, port.words[1]!, 0);
  storeRegister(insn, cpu, 1, 4, port.words[2]!, 0);
  storeRegister(insn, cpu, 2, 4, port.words[3]!, 0);
  return advance(insn, cpu);
}

/** LLDT (kind 0) and LTR (kind 1), which marks its descriptor busy. */
export function loadSystemSegment(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (hasParagraphs(cpu)) return undefinedOpcode(insn, cpu, port);
  if (cpl(cpu) !== 0) return protection(port);
  let result = loadOperand(insn, cpu, port, 2, 0, false);
  if (result !== DONE) return result;
  const selector = VALUE[0]!;
  const isTask = insn.kind === 1;
  const state = isTask ? cpu.tr : cpu.ldt;
  const error = selector & 0xfffc;
  if (error === 0) {
    if (isTask) return protection(port);
    state.selector = selector;
    state.rights = 0x10000;
    return advance(insn, cpu);
  }
  if ((selector & 4) !== 0) return raise(port, reg.VECTOR_GP, error);
  const size = isLongMode(cpu) ? 16 : 8;
  result = readDescriptor(cpu, port, selector, reg.VECTOR_GP, size);
  if (result !== DONE) return result;
  const type = descriptorRights() & 0x1f;
  const fits = isTask ? type === 9 || (type === 1 && size === 8) : type === 2;
  if (!fits) return raise(port, reg.VECTOR_GP, error);
  if (!isPresent()) return raise(port, reg.VECTOR_NP, error);
  if (size === 16 && !isCanonical(cpu, DESCRIPTOR[2]!)) return raise(port, reg.VECTOR_GP, error);
  if (isTask) {
    result = markDescriptor(port, 2);
    if (result !== DONE) return result;
  }
  fillSegment(state, selector);
  return advance(insn, cpu);
}

/** INT3 (kind 3), INTO (kind 4), INT n (kind −1), INT1 (kind 1): a trap, so RIP is after it when delivered. */
export function interrupt(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (insn.kind === 1 && port.emulator) return UNDECODED;
  if (insn.kind === 4 && (cpu.rflags & reg.RFLAGS_OF) === 0) return advance(insn, cpu);
  if (insn.kind < 0 && (cpu.rflags & reg.RFLAGS_VM) !== 0 && (cpu.rflags & 0x3000) !== 0x3000) {
    return protection(port);
  }
  advance(insn, cpu);
  raise(port, insn.kind < 0 ? insn.immLo & 0xff : insn.kind, -1);
  port.fault.software = insn.kind !== 1;
  return FAULTED;
}

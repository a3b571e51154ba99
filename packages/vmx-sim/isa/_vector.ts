import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE } from "./contract.ts";
import { LINEAR, operandAddress } from "./_address.ts";
import { protection, raise } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance, loadRegister, storeRegister, VALUE } from "./_operand.ts";
import { CR0_EM, CR0_TS, CR4_OSFXSR, VECTOR_NM, VECTOR_UD } from "./registers.ts";

/** Kind bit: the memory operand must be aligned to 16 bytes. */
export const ALIGNED = 32;

/** Kind bit: MMX register, not XMM. */
export const MMX = 64;

/** Kind bit: the upper half of the XMM register. */
export const UPPER = 128;

/** Kind bit: between registers the rest of the destination stays (MOVSS, MOVSD). */
export const MERGE = 256;

/** #UD and #NM as CR0.EM, CR0.TS and (for XMM) CR4.OSFXSR have it. */
function check(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if ((cpu.cr0 & CR0_EM) !== 0) return raise(port, VECTOR_UD, -1);
  if ((insn.kind & MMX) === 0 && (cpu.cr4 & CR4_OSFXSR) === 0) return raise(port, VECTOR_UD, -1);
  return (cpu.cr0 & CR0_TS) !== 0 ? raise(port, VECTOR_NM, -1) : DONE;
}

/** Bytes moved: the low bits of the kind. */
function width(insn: Instruction): number {
  return insn.kind & 31;
}

function registers(insn: Instruction, cpu: CpuState): Uint8Array {
  return (insn.kind & MMX) !== 0 ? cpu.mm : cpu.xmm;
}

/** First byte of a vector register in `registers`. */
function place(insn: Instruction, r: number): number {
  if ((insn.kind & MMX) !== 0) return (r & 7) << 3;
  return (r << 4) + ((insn.kind & UPPER) !== 0 ? 8 : 0);
}

function address(insn: Instruction, cpu: CpuState, port: AccessPort, write: boolean): StepResult {
  const result = operandAddress(insn, cpu, port, width(insn), write);
  if (result !== DONE) return result;
  return (insn.kind & ALIGNED) !== 0 && (LINEAR[0]! & 15) !== 0 ? protection(port) : DONE;
}

/** Vector register from memory or register; a load of less than 16 bytes clears the rest, except of one half. */
export function loadVector(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = check(insn, cpu, port);
  if (result !== DONE) return result;
  const bytes = width(insn);
  const file = registers(insn, cpu);
  const to = place(insn, insn.reg);
  let source = file;
  let from = 0;
  if (insn.isMemory) {
    result = address(insn, cpu, port, false);
    if (result !== DONE) return result;
    result = port.read(LINEAR[0]!, LINEAR[1]!, bytes, false);
    if (result !== DONE) return result;
    source = port.data;
  } else from = place(insn, insn.rm);
  copyVector(insn, source, from, file, to, insn.isMemory);
  return advance(insn, cpu);
}

function copyVector(
  insn: Instruction,
  source: Uint8Array,
  from: number,
  file: Uint8Array,
  to: number,
  fromMemory: boolean,
): void {
  const bytes = width(insn);
  for (let i = 0; i < bytes; i++) file[to + i] = source[from + i]!;
  const kept = (insn.kind & (MMX | UPPER)) !== 0 || ((insn.kind & MERGE) !== 0 && !fromMemory);
  if (!kept && bytes < 16) file.fill(0, to + bytes, to + 16);
}

/** Memory or register from vector register. */
export function storeVector(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = check(insn, cpu, port);
  if (result !== DONE) return result;
  const bytes = width(insn);
  const file = registers(insn, cpu);
  const from = place(insn, insn.reg);
  if (insn.isMemory) {
    result = address(insn, cpu, port, true);
    if (result !== DONE) return result;
    for (let i = 0; i < bytes; i++) port.data[i] = file[from + i]!;
    result = port.write(LINEAR[0]!, LINEAR[1]!, bytes);
    if (result !== DONE) return result;
  } else copyVector(insn, file, from, file, place(insn, insn.rm), false);
  return advance(insn, cpu);
}

/** MOVLPS and MOVHPS with memory (MOVLPD and MOVHPD too): one half, the other stays. Kind has UPPER for the high. */
export function loadHalf(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = check(insn, cpu, port);
  if (result !== DONE) return result;
  const to = place(insn, insn.reg);
  if (insn.isMemory) {
    result = address(insn, cpu, port, false);
    if (result !== DONE) return result;
    result = port.read(LINEAR[0]!, LINEAR[1]!, 8, false);
    if (result !== DONE) return result;
    for (let i = 0; i < 8; i++) cpu.xmm[to + i] = port.data[i]!;
  } else {
    // MOVHLPS takes the other register's high half, MOVLHPS its low half.
    const from = (insn.rm << 4) + ((insn.kind & UPPER) !== 0 ? 0 : 8);
    cpu.xmm.copyWithin(to, from, from + 8);
  }
  return advance(insn, cpu);
}

/** MOVD and MOVQ between a vector register and r/m of 4 or 8 bytes: kind has 0 for a load, 1 for a store. */
export function moveGeneral(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = check(insn, cpu, port);
  if (result !== DONE) return result;
  const size = insn.size === 8 ? 8 : 4;
  const isStore = (insn.kind & 1) !== 0;
  const file = registers(insn, cpu);
  const at = place(insn, insn.reg);
  const { data, words } = port;
  if (insn.isMemory) {
    result = operandAddress(insn, cpu, port, size, isStore);
    if (result !== DONE) return result;
    if (isStore) {
      for (let i = 0; i < size; i++) data[i] = file[at + i]!;
      result = port.write(LINEAR[0]!, LINEAR[1]!, size);
    } else result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
    if (result !== DONE) return result;
  } else if (isStore) {
    for (let i = 0; i < size; i++) data[i] = file[at + i]!;
    storeRegister(insn, cpu, insn.rm, size, words[0]!, words[1]!);
  } else {
    loadRegister(insn, cpu, insn.rm, size, 0);
    words[0] = VALUE[0]!;
    words[1] = VALUE[1]!;
  }
  if (!isStore) {
    const whole = (insn.kind & MMX) !== 0 ? 8 : 16;
    for (let i = 0; i < whole; i++) file[at + i] = i < size ? data[i]! : 0;
  }
  return advance(insn, cpu);
}

/** PXOR, XORPS, XORPD. */
export function xorVector(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = check(insn, cpu, port);
  if (result !== DONE) return result;
  const bytes = width(insn);
  const file = registers(insn, cpu);
  const to = place(insn, insn.reg);
  let source = file;
  let from = place(insn, insn.rm);
  if (insn.isMemory) {
    result = address(insn, cpu, port, false);
    if (result !== DONE) return result;
    result = port.read(LINEAR[0]!, LINEAR[1]!, bytes, false);
    if (result !== DONE) return result;
    source = port.data;
    from = 0;
  }
  for (let i = 0; i < bytes; i++) file[to + i]! ^= source[from + i]!;
  return advance(insn, cpu);
}

/** EMMS: the register file has no tags here. */
export function emptyMmx(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if ((cpu.cr0 & CR0_EM) !== 0) return raise(port, VECTOR_UD, -1);
  if ((cpu.cr0 & CR0_TS) !== 0) return raise(port, VECTOR_NM, -1);
  return advance(insn, cpu);
}

/** LDMXCSR (kind 0) and STMXCSR (kind 1); #GP for reserved bits. */
export function moveMxcsr(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = check(insn, cpu, port);
  if (result !== DONE) return result;
  const isStore = insn.kind === 1;
  result = operandAddress(insn, cpu, port, 4, isStore);
  if (result !== DONE) return result;
  if (isStore) {
    port.words[0] = cpu.mxcsr;
    result = port.write(LINEAR[0]!, LINEAR[1]!, 4);
  } else {
    result = port.read(LINEAR[0]!, LINEAR[1]!, 4, false);
    if (result === DONE) {
      if ((port.words[0]! & ~0xffff) !== 0) return protection(port);
      cpu.mxcsr = port.words[0]!;
    }
  }
  return result === DONE ? advance(insn, cpu) : result;
}

import type { AccessPort, CpuState, SegmentState, StepResult } from "./contract.ts";
import * as contract from "./contract.ts";
import { raise } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import * as wide from "./_wide.ts";
import * as registers from "./registers.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { DONE, FS, SS } = contract;
const { carryOut } = wide;
const { CR0_PE, CR4_LA57, RFLAGS_VM, VECTOR_GP, VECTOR_SS } = registers;

/** Base register number that stands for RIP. */
export const BASE_RIP = 16;

/** Linear address of the last operand, low and high word: what `linearize` and its callers leave behind. */
export const LINEAR: Int32Array = new Int32Array(2);

/** Effective address of the last operand, low and high word. */
export const EFFECTIVE: Int32Array = new Int32Array(2);

/** Computes the effective address of the ModRM or moffs operand into `EFFECTIVE`. */
export function effectiveAddress(insn: Instruction, cpu: CpuState): void {
  let lo = insn.dispLo;
  let hi = insn.dispHi;
  const base = insn.base;
  if (base >= 0) {
    if (base === BASE_RIP) {
      const at = cpu.rip[0]!;
      const next = (at + insn.length) | 0;
      const sum = (lo + next) | 0;
      hi = (hi + cpu.rip[1]! + carryOut(at, 0, next) + carryOut(lo, next, sum)) | 0;
      lo = sum;
    } else {
      const from = cpu.gpr[base << 1]!;
      const sum = (lo + from) | 0;
      hi = (hi + cpu.gpr[(base << 1) + 1]! + carryOut(lo, from, sum)) | 0;
      lo = sum;
    }
  }
  const index = insn.index;
  if (index >= 0) {
    const scale = insn.scale;
    const word = cpu.gpr[index << 1]!;
    let high = cpu.gpr[(index << 1) + 1]!;
    if (scale !== 0) high = (high << scale) | (word >>> (32 - scale));
    const low = word << scale;
    const sum = (lo + low) | 0;
    hi = (hi + high + carryOut(lo, low, sum)) | 0;
    lo = sum;
  }
  if (insn.addressSize !== 8) {
    hi = 0;
    if (insn.addressSize === 2) lo &= 0xffff;
  }
  EFFECTIVE[0] = lo;
  EFFECTIVE[1] = hi;
}

/** Whether a linear address, given by its high word, has the canonical form. */
export function isCanonical(cpu: CpuState, hi: number): boolean {
  const top = hi >> ((cpu.cr4 & CR4_LA57) !== 0 ? 24 : 15);
  return top === 0 || top === -1;
}

function segmentFault(port: AccessPort, segment: number): StepResult {
  return raise(port, segment === SS ? VECTOR_SS : VECTOR_GP, 0);
}

// KERNEL 6.19 arch/x86/kvm/emulate.c writeback
/** The emulator asks whether a segment is for writing when it writes back what it read there, not before. */
export function checkWritable(cpu: CpuState, port: AccessPort, segment: number): StepResult {
  const isProtected = (cpu.cr0 & CR0_PE) !== 0 && (cpu.rflags & RFLAGS_VM) === 0;
  return isWritable(cpu.seg[segment]!.rights, isProtected) ? DONE : segmentFault(port, segment);
}

function isWritable(rights: number, isProtected: boolean): boolean {
  return (rights & 2) !== 0 && !(isProtected && (rights & 8) !== 0);
}

// KERNEL 6.19 arch/x86/kvm/emulate.c __linearize: types in real mode too, and an access may wrap at 4 GiB
function allows(
  cpu: CpuState,
  emulator: boolean,
  state: SegmentState,
  offset: number,
  size: number,
  write: boolean,
): boolean {
  const rights = state.rights;
  const isProtected = (cpu.cr0 & CR0_PE) !== 0 && (cpu.rflags & RFLAGS_VM) === 0;
  if (isProtected || emulator) {
    if ((rights & 0x10080) !== 0x80) return false;
    if (write) {
      if (!isWritable(rights, isProtected)) return false;
    } else if ((rights & 0xa) === 8) return false;
  }
  const last = offset + size - 1;
  let limit = state.limit >>> 0;
  if ((rights & 0xc) === 4 && (isProtected || emulator)) {
    if (offset <= limit) return false;
    limit = (rights & 0x4000) !== 0 ? 0xffffffff : 0xffff;
  }
  return last <= limit || emulator && limit === 0xffffffff;
}

/**
 * Turns segment and offset (`lo`, `hi`) into the linear address in `LINEAR`, with the checks of the mode: canonical
 * form in 64-bit mode, else type and limit.
 */
export function linearize(
  cpu: CpuState,
  port: AccessPort,
  long: boolean,
  segment: number,
  lo: number,
  hi: number,
  size: number,
  write: boolean,
): StepResult {
  if (long) {
    if (segment >= FS) {
      const state = cpu.seg[segment]!;
      const sum = (lo >>> 0) + (state.baseLo >>> 0);
      hi = (hi + state.baseHi + (sum > 0xffffffff ? 1 : 0)) | 0;
      lo = sum | 0;
    }
    LINEAR[0] = lo;
    LINEAR[1] = hi;
    if (!isCanonical(cpu, hi)) return segmentFault(port, segment);
    if ((lo >>> 0) + size > 0x100000000 && !isCanonical(cpu, (hi + 1) | 0)) {
      return segmentFault(port, segment);
    }
    return DONE;
  }
  const state = cpu.seg[segment]!;
  if (!allows(cpu, port.emulator, state, lo >>> 0, size, write)) return segmentFault(port, segment);
  LINEAR[0] = (lo + state.baseLo) | 0;
  LINEAR[1] = 0;
  return DONE;
}

/** Whether a linear address, given by its high word, is canonical with 48 bits, and the next 4 GiB too. */
export function isSurelyCanonical(hi: number): boolean {
  return (hi + 0x8000) >>> 0 < 0xffff;
}

/**
 * Linear address of the ModRM or moffs operand into `LINEAR`, for an access of `size` bytes. In 64-bit mode with a
 * plain base register, which is what a doorbell has, nothing else is looked at.
 */
export function operandAddress(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
  size: number,
  write: boolean,
): StepResult {
  if (insn.isPlain) {
    const base = insn.base << 1;
    const from = cpu.gpr[base]!;
    const lo = (from + insn.dispLo) | 0;
    const hi = (cpu.gpr[base + 1]! + insn.dispHi + carryOut(from, insn.dispLo, lo)) | 0;
    if (isSurelyCanonical(hi)) {
      LINEAR[0] = lo;
      LINEAR[1] = hi;
      return DONE;
    }
  }
  effectiveAddress(insn, cpu);
  return linearize(
    cpu,
    port,
    insn.long,
    insn.segment,
    EFFECTIVE[0]!,
    EFFECTIVE[1]!,
    size,
    write,
  );
}

import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { HALTED, UNDECODED } from "./contract.ts";
import { cpl } from "./cpu_state.ts";
import { protection } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance } from "./_operand.ts";
import {
  CR0_PE,
  RFLAGS_AF,
  RFLAGS_CF,
  RFLAGS_DF,
  RFLAGS_IF,
  RFLAGS_IOPL,
  RFLAGS_PF,
  RFLAGS_SF,
  RFLAGS_ZF,
} from "./registers.ts";

/** NOP, the hint NOPs, PAUSE, prefetches, fences: nothing but RIP. */
export function nothing(insn: Instruction, cpu: CpuState): StepResult {
  return advance(insn, cpu);
}

/** A NOP that KVM's emulator decodes, and then does not know. */
export function nothingInSilicon(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return port.emulator ? UNDECODED : advance(insn, cpu);
}

/** HLT. */
export function halt(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (cpl(cpu) !== 0) return protection(port);
  advance(insn, cpu);
  return HALTED;
}

/** CLC (0), STC (1), CMC (2), CLD (3), STD (4). */
export function changeFlag(insn: Instruction, cpu: CpuState): StepResult {
  if (insn.kind === 0) cpu.rflags &= ~RFLAGS_CF;
  else if (insn.kind === 1) cpu.rflags |= RFLAGS_CF;
  else if (insn.kind === 2) cpu.rflags ^= RFLAGS_CF;
  else if (insn.kind === 3) cpu.rflags &= ~RFLAGS_DF;
  else cpu.rflags |= RFLAGS_DF;
  return advance(insn, cpu);
}

/** CLI (0) and STI (1), which holds interrupts off for one more instruction. */
export function changeInterruptFlag(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
): StepResult {
  if ((cpu.cr0 & CR0_PE) !== 0 && cpl(cpu) > (cpu.rflags & RFLAGS_IOPL) >> 12) {
    return protection(port);
  }
  if (insn.kind === 0) cpu.rflags &= ~RFLAGS_IF;
  else {
    if ((cpu.rflags & RFLAGS_IF) === 0) cpu.interruptShadow |= 1;
    cpu.rflags |= RFLAGS_IF;
  }
  return advance(insn, cpu);
}

const LOW_FLAGS = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF;

/** LAHF (0) and SAHF (1). */
export function flagsInAh(insn: Instruction, cpu: CpuState): StepResult {
  if (insn.kind === 0) {
    cpu.gpr[0] = (cpu.gpr[0]! & ~0xff00) | (((cpu.rflags & LOW_FLAGS) | 2) << 8);
  } else cpu.rflags = (cpu.rflags & ~LOW_FLAGS) | ((cpu.gpr[0]! >> 8) & LOW_FLAGS);
  return advance(insn, cpu);
}

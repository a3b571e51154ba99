import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { resultFlags, withFlags } from "./_arithmetic.ts";
import { raise } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance } from "./_operand.ts";
import { RFLAGS_AF, RFLAGS_CF, VECTOR_DE } from "./registers.ts";

function setAx(cpu: CpuState, value: number): void {
  cpu.gpr[0] = (cpu.gpr[0]! & ~0xffff) | (value & 0xffff);
}

/** DAA (kind 0) and DAS (kind 1). OF, undefined by the manual, is cleared. */
export function adjustDecimal(insn: Instruction, cpu: CpuState): StepResult {
  const old = cpu.gpr[0]! & 0xff;
  const sign = insn.kind === 0 ? 1 : -1;
  const oldCarry = cpu.rflags & RFLAGS_CF;
  let value = old;
  let flags = 0;
  if ((old & 15) > 9 || (cpu.rflags & RFLAGS_AF) !== 0) {
    value += sign * 6;
    flags |= RFLAGS_AF;
    if (oldCarry !== 0 || (value & ~0xff) !== 0) flags |= RFLAGS_CF;
  }
  if (old > 0x99 || oldCarry !== 0) {
    value += sign * 0x60;
    flags |= RFLAGS_CF;
  } else if (sign > 0) flags &= ~RFLAGS_CF;
  value &= 0xff;
  cpu.gpr[0] = (cpu.gpr[0]! & ~0xff) | value;
  cpu.rflags = withFlags(cpu.rflags, flags | resultFlags(1, value, 0));
  return advance(insn, cpu);
}

/** AAA (kind 0) and AAS (kind 1). OF, SF, ZF and PF, undefined by the manual, are cleared. */
export function adjustAscii(insn: Instruction, cpu: CpuState): StepResult {
  const ax = cpu.gpr[0]! & 0xffff;
  const adjust = (ax & 15) > 9 || (cpu.rflags & RFLAGS_AF) !== 0;
  const value = adjust ? (insn.kind === 0 ? ax + 0x106 : ax - 0x106) : ax;
  setAx(cpu, value & 0xff0f);
  cpu.rflags = withFlags(cpu.rflags, adjust ? RFLAGS_AF | RFLAGS_CF : 0);
  return advance(insn, cpu);
}

/** AAM: #DE for a zero base. CF, AF and OF, undefined by the manual, are cleared. */
export function adjustAfterMultiply(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
): StepResult {
  const base = insn.immLo & 0xff;
  if (base === 0) return raise(port, VECTOR_DE, -1);
  const al = cpu.gpr[0]! & 0xff;
  const low = al % base;
  setAx(cpu, (Math.floor(al / base) << 8) | low);
  cpu.rflags = withFlags(cpu.rflags, resultFlags(1, low, 0));
  return advance(insn, cpu);
}

/** AAD. CF, AF and OF, undefined by the manual, are cleared. */
export function adjustBeforeDivide(insn: Instruction, cpu: CpuState): StepResult {
  const ax = cpu.gpr[0]! & 0xffff;
  const low = ((ax & 0xff) + (ax >> 8) * (insn.immLo & 0xff)) & 0xff;
  setAx(cpu, low);
  cpu.rflags = withFlags(cpu.rflags, resultFlags(1, low, 0));
  return advance(insn, cpu);
}

/** SALC: AL is 0xff when CF is set, else 0. */
export function setFromCarry(insn: Instruction, cpu: CpuState): StepResult {
  cpu.gpr[0] = (cpu.gpr[0]! & ~0xff) | ((cpu.rflags & RFLAGS_CF) !== 0 ? 0xff : 0);
  return advance(insn, cpu);
}

import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE, RAX, UNDECODED } from "./contract.ts";
import { LINEAR, operandAddress } from "./_address.ts";
import { raise } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance, loadOperand, storeOperand, storeRegister, VALUE } from "./_operand.ts";
import { CR0_EM, CR0_TS, VECTOR_NM } from "./registers.ts";

function unavailable(cpu: CpuState): boolean {
  return (cpu.cr0 & (CR0_EM | CR0_TS)) !== 0;
}

/** FNSTCW (kind 0) and FNSTSW (kind 1) to memory. */
export function storeFpuWord(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (unavailable(cpu)) return raise(port, VECTOR_NM, -1);
  const value = insn.kind === 0 ? cpu.fpuControl : cpu.fpuStatus;
  const result = storeOperand(insn, cpu, port, 2, value, 0);
  return result === DONE ? advance(insn, cpu) : result;
}

/** FNSTSW AX. */
export function storeFpuStatus(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (unavailable(cpu)) return raise(port, VECTOR_NM, -1);
  storeRegister(insn, cpu, RAX, 2, cpu.fpuStatus, 0);
  return advance(insn, cpu);
}

/** FLDCW. */
export function loadFpuControl(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (unavailable(cpu)) return raise(port, VECTOR_NM, -1);
  const result = loadOperand(insn, cpu, port, 2, 0, false);
  if (result !== DONE) return result;
  cpu.fpuControl = (VALUE[0]! & 0x1f7f) | 0x40;
  return advance(insn, cpu);
}

/** FNINIT (kind 0) and FNCLEX (kind 1). */
export function resetFpu(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (unavailable(cpu)) return raise(port, VECTOR_NM, -1);
  if (insn.kind === 0) {
    cpu.fpuControl = 0x37f;
    cpu.fpuStatus = 0;
  } else cpu.fpuStatus &= 0x7f00;
  return advance(insn, cpu);
}

/** FWAIT: with no pending x87 exception it is a NOP. */
export function wait(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if ((cpu.cr0 & (CR0_TS | 2)) === (CR0_TS | 2)) return raise(port, VECTOR_NM, -1);
  return advance(insn, cpu);
}

// KERNEL 6.19 arch/x86/kvm/emulate.c em_fxsave: the image goes to RAM or nowhere, and not at all in 64-bit mode
/** FXSAVE: its image is not modelled, its accesses are. */
export function saveFpu(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (unavailable(cpu)) return raise(port, VECTOR_NM, -1);
  let result = operandAddress(insn, cpu, port, 512, true);
  if (result !== DONE) return result;
  result = port.emulator
    ? port.readSystem(LINEAR[0]!, LINEAR[1]!, 512)
    : port.read(LINEAR[0]!, LINEAR[1]!, 512, true);
  return result === DONE ? UNDECODED : result;
}

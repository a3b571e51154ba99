import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { CS, DONE } from "./contract.ts";
import { loadParagraph } from "./_segment.ts";
import { beginStack, commitStack, push } from "./_stack.ts";
import { RFLAGS_AC, RFLAGS_IF, RFLAGS_TF } from "./registers.ts";

// KERNEL 6.19 arch/x86/kvm/emulate.c __emulate_int_real
/**
 * INT of real mode as KVM's emulator does it: it pushes words of the operand size, looks at no limit, and takes the
 * vector of INT n for a signed byte, so that those from 0x80 on have no memory.
 */
export function interruptReal(
  cpu: CpuState,
  port: AccessPort,
  vector: number,
  size: number,
): StepResult {
  beginStack(cpu);
  let result = push(false, cpu, port, size, cpu.rflags, 0);
  if (result === DONE) cpu.rflags &= ~(RFLAGS_IF | RFLAGS_TF | RFLAGS_AC);
  if (result === DONE) result = push(false, cpu, port, size, cpu.seg[CS]!.selector, 0);
  if (result === DONE) result = push(false, cpu, port, size, cpu.rip[0]!, 0);
  if (result === DONE) result = readVector(cpu, port, vector, 2);
  if (result !== DONE) return result;
  const selector = port.words[0]! & 0xffff;
  result = readVector(cpu, port, vector, 0);
  if (result !== DONE) return result;
  commitStack(cpu);
  cpu.rip[0] = port.words[0]! & 0xffff;
  cpu.rip[1] = 0;
  loadParagraph(cpu, CS, selector);
  return DONE;
}

function readVector(cpu: CpuState, port: AccessPort, vector: number, part: number): StepResult {
  const { baseLo, baseHi } = cpu.idt;
  const sum = (baseLo >>> 0) + (vector << 24 >> 22) + part;
  const carry = Math.floor(sum / 0x1_0000_0000);
  return port.readSystem(sum | 0, (baseHi + carry) | 0, 2);
}

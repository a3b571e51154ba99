import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE, RAX, RCX, RDX } from "./contract.ts";
import { cpl } from "./cpu_state.ts";
import { protection } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance, storeRegister, takeData, VALUE } from "./_operand.ts";
import { CR0_PE, RFLAGS_IOPL, RFLAGS_VM } from "./registers.ts";

// KERNEL 6.19 arch/x86/kvm/emulate.c emulator_bad_iopl, emulator_io_port_access_allowed
/**
 * Whether the current privilege may access the ports: CPL against IOPL, else the I/O bitmap of a 32- or 64-bit task
 * state segment. KVM's emulator takes a segment of any type for one, lets the bitmap end in the middle of the two bytes
 * it reads, and refuses where it cannot read.
 */
export function checkPortAccess(
  cpu: CpuState,
  port: AccessPort,
  number: number,
  size: number,
): StepResult {
  if ((cpu.cr0 & CR0_PE) === 0) return DONE;
  const isVirtual = (cpu.rflags & RFLAGS_VM) !== 0;
  if (!isVirtual && cpl(cpu) <= (cpu.rflags & RFLAGS_IOPL) >> 12) return DONE;
  const tr = cpu.tr;
  const type = tr.rights & 0xf;
  const limit = tr.limit >>> 0;
  const { emulator } = port;
  const isTask = emulator || type === 9 || type === 11;
  if ((tr.rights & 0x10080) !== 0x80 || !isTask || limit < 103) return protection(port);
  let result = readTask(cpu, port, 102, 2);
  if (result !== DONE) return emulator ? protection(port) : result;
  const offset = (port.words[0]! & 0xffff) + (number >> 3);
  if ((emulator ? offset : offset + 1) > limit) return protection(port);
  result = readTask(cpu, port, offset, 2);
  if (result !== DONE) return emulator ? protection(port) : result;
  const mask = ((1 << size) - 1) << (number & 7);
  return (port.words[0]! & 0xffff & mask) === 0 ? DONE : protection(port);
}

function readTask(cpu: CpuState, port: AccessPort, offset: number, size: number): StepResult {
  const sum = (cpu.tr.baseLo >>> 0) + offset;
  return port.readSystem(sum | 0, (cpu.tr.baseHi + (sum > 0xffffffff ? 1 : 0)) | 0, size);
}

// KERNEL 6.19 arch/x86/kvm/emulate.c pio_in_emulated: an unsigned int, so of RCX the low half
/** What rCX says is left to do, modulo 2³². */
export function remaining(insn: Instruction, cpu: CpuState): number {
  const lo = cpu.gpr[RCX << 1]!;
  return insn.addressSize === 2 ? lo & 0xffff : lo >>> 0;
}

function portNumber(insn: Instruction, cpu: CpuState): number {
  return insn.kind === 0 ? insn.immLo & 0xff : cpu.gpr[RDX << 1]! & 0xffff;
}

/** IN AL/AX/EAX, imm8 (kind 0) or DX (kind 1). */
export function input(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const number = portNumber(insn, cpu);
  let result = checkPortAccess(cpu, port, number, size);
  if (result !== DONE) return result;
  result = port.portIn(number, size, 0);
  if (result !== DONE) return result;
  takeData(port, size, 0);
  storeRegister(insn, cpu, RAX, size, VALUE[0]!, 0);
  return advance(insn, cpu);
}

/** OUT imm8 (kind 0) or DX (kind 1), AL/AX/EAX. */
export function output(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const number = portNumber(insn, cpu);
  let result = checkPortAccess(cpu, port, number, size);
  if (result !== DONE) return result;
  port.words[0] = cpu.gpr[0]!;
  result = port.portOut(number, size, false);
  return result === DONE ? advance(insn, cpu) : result;
}

import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE, ES, RAX, RDI, RDX, REPEATING, RSI } from "./contract.ts";
import { subtract, withFlags } from "./_arithmetic.ts";
import { LINEAR, linearize } from "./_address.ts";
import { countDown, isCounterZero } from "./_branch.ts";
import { checkPortAccess, remaining } from "./_io.ts";
import type { Instruction } from "./instruction.ts";
import { advance, loadRegister, storeRegister, takeData, VALUE } from "./_operand.ts";
import { carryOut } from "./_wide.ts";
import { RFLAGS_DF, RFLAGS_RF, RFLAGS_ZF } from "./registers.ts";

/** Linear address of an element at rSI (source segment) or rDI (ES) into `LINEAR`. */
function address(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
  r: number,
  size: number,
  write: boolean,
): StepResult {
  const width = insn.addressSize;
  const lo = width === 2 ? cpu.gpr[r << 1]! & 0xffff : cpu.gpr[r << 1]!;
  const hi = width === 8 ? cpu.gpr[(r << 1) + 1]! : 0;
  const segment = r === RDI ? ES : insn.segment;
  return linearize(cpu, port, insn.long, segment, lo, hi, size, write);
}

/** Moves rSI or rDI by some bytes in the direction of DF. */
function step(insn: Instruction, cpu: CpuState, r: number, bytes: number): void {
  const gpr = cpu.gpr;
  const by = (cpu.rflags & RFLAGS_DF) !== 0 ? -bytes : bytes;
  const lo = gpr[r << 1]!;
  if (insn.addressSize === 2) {
    gpr[r << 1] = (lo & ~0xffff) | ((lo + by) & 0xffff);
    return;
  }
  const sum = (lo + by) | 0;
  gpr[r << 1] = sum;
  if (insn.addressSize === 4) gpr[(r << 1) + 1] = 0;
  else gpr[(r << 1) + 1]! += (by >> 31) + carryOut(lo, by, sum);
}

/** With REP and rCX zero there is nothing to do. */
function isExhausted(insn: Instruction, cpu: CpuState): boolean {
  return insn.rep !== 0 && isCounterZero(insn, cpu);
}

// KERNEL 3.16, 6.19 arch/x86/kvm/emulate.c x86_emulate_insn, string_insn_completed
/**
 * Whether RIP stays at an instruction with REP after an iteration: while there are more, and in KVM's emulator after the
 * last one too. It looks at rCX before an iteration alone.
 */
function goesOn(insn: Instruction, cpu: CpuState, port: AccessPort): boolean {
  return port.emulator || !isCounterZero(insn, cpu);
}

/** Past the instruction; RF, which KVM's emulator sets while iterations remain, goes with the last. */
function finish(insn: Instruction, cpu: CpuState): StepResult {
  cpu.rflags &= ~RFLAGS_RF;
  return advance(insn, cpu);
}

/** Ends one iteration of `count` elements: REPEATING with RIP unmoved, or past the instruction. */
function next(insn: Instruction, cpu: CpuState, port: AccessPort, count: number): StepResult {
  if (insn.rep !== 0) {
    countDown(insn, cpu, count);
    if (goesOn(insn, cpu, port)) return REPEATING;
  }
  return finish(insn, cpu);
}

/** The same for CMPS and SCAS, which ZF ends too. */
function nextCompared(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (insn.rep !== 0) {
    countDown(insn, cpu, 1);
    const equal = (cpu.rflags & RFLAGS_ZF) !== 0;
    if (equal === (insn.rep === 0xf3) && goesOn(insn, cpu, port)) return REPEATING;
  }
  return finish(insn, cpu);
}

/** MOVS. */
export function moveString(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (isExhausted(insn, cpu)) return finish(insn, cpu);
  const size = insn.size;
  let result = address(insn, cpu, port, RSI, size, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  takeData(port, size, 0);
  result = address(insn, cpu, port, RDI, size, true);
  if (result !== DONE) return result;
  port.words[0] = VALUE[0]!;
  port.words[1] = VALUE[1]!;
  result = port.write(LINEAR[0]!, LINEAR[1]!, size);
  if (result !== DONE) return result;
  step(insn, cpu, RSI, size);
  step(insn, cpu, RDI, size);
  return next(insn, cpu, port, 1);
}

/** STOS. */
export function storeString(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (isExhausted(insn, cpu)) return finish(insn, cpu);
  const size = insn.size;
  let result = address(insn, cpu, port, RDI, size, true);
  if (result !== DONE) return result;
  port.words[0] = cpu.gpr[0]!;
  port.words[1] = cpu.gpr[1]!;
  result = port.write(LINEAR[0]!, LINEAR[1]!, size);
  if (result !== DONE) return result;
  step(insn, cpu, RDI, size);
  return next(insn, cpu, port, 1);
}

/** LODS. */
export function loadString(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (isExhausted(insn, cpu)) return finish(insn, cpu);
  const size = insn.size;
  let result = address(insn, cpu, port, RSI, size, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  takeData(port, size, 0);
  storeRegister(insn, cpu, RAX, size, VALUE[0]!, VALUE[1]!);
  step(insn, cpu, RSI, size);
  return next(insn, cpu, port, 1);
}

/** CMPS. */
export function compareString(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (isExhausted(insn, cpu)) return finish(insn, cpu);
  const size = insn.size;
  let result = address(insn, cpu, port, RSI, size, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  takeData(port, size, 0);
  result = address(insn, cpu, port, RDI, size, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  takeData(port, size, 2);
  cpu.rflags = withFlags(cpu.rflags, subtract(size, 0));
  step(insn, cpu, RSI, size);
  step(insn, cpu, RDI, size);
  return nextCompared(insn, cpu, port);
}

/** SCAS. */
export function scanString(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  if (isExhausted(insn, cpu)) return finish(insn, cpu);
  const size = insn.size;
  let result = address(insn, cpu, port, RDI, size, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  takeData(port, size, 2);
  loadRegister(insn, cpu, RAX, size, 0);
  cpu.rflags = withFlags(cpu.rflags, subtract(size, 0));
  step(insn, cpu, RDI, size);
  return nextCompared(insn, cpu, port);
}

/** INS, whose privilege is checked whatever the count: as many elements as the port hands over go out in one write. */
export function inputString(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const number = cpu.gpr[RDX << 1]! & 0xffff;
  let result = checkPortAccess(cpu, port, number, size);
  if (result !== DONE) return result;
  if (isExhausted(insn, cpu)) return finish(insn, cpu);
  result = port.portIn(number, size, insn.rep === 0 ? 1 : remaining(insn, cpu) || 1);
  if (result !== DONE) return result;
  const count = insn.rep === 0 ? 1 : port.elements;
  result = address(insn, cpu, port, RDI, size * count, true);
  if (result !== DONE) return result;
  result = port.write(LINEAR[0]!, LINEAR[1]!, size * count);
  if (result !== DONE) return result;
  step(insn, cpu, RDI, size * count);
  return next(insn, cpu, port, count);
}

/** OUTS. */
export function outputString(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const size = insn.size;
  const number = cpu.gpr[RDX << 1]! & 0xffff;
  let result = checkPortAccess(cpu, port, number, size);
  if (result !== DONE) return result;
  if (isExhausted(insn, cpu)) return finish(insn, cpu);
  result = address(insn, cpu, port, RSI, size, false);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, false);
  if (result !== DONE) return result;
  result = port.portOut(number, size, true);
  if (result !== DONE) return result;
  step(insn, cpu, RSI, size);
  return next(insn, cpu, port, 1);
}

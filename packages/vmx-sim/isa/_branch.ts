import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import * as contract from "./contract.ts";
import * as address from "./_address.ts";
import { testCondition } from "./_condition.ts";
import { protection } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import * as operand from "./_operand.ts";
import { beginStack, commitStack, moveStack, pop, push, stackWidth } from "./_stack.ts";
import * as wide from "./_wide.ts";
import * as registers from "./registers.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { CS, DONE, RCX } = contract;
const { isCanonical } = address;
const { advance, loadOperand, VALUE } = operand;
const { carryOut } = wide;
const { RFLAGS_ZF } = registers;

/** Where a near branch goes, low and high word. */
const TARGET = new Int32Array(2);

/** Checks and cuts a near target to the operand size; DONE with the target in `TARGET`. */
function aim(insn: Instruction, cpu: CpuState, port: AccessPort, lo: number, hi: number) {
  if (insn.long) {
    if (!isCanonical(cpu, hi)) return protection(port);
    TARGET[0] = lo;
    TARGET[1] = hi;
    return DONE;
  }
  TARGET[0] = insn.size === 2 ? lo & 0xffff : lo;
  TARGET[1] = 0;
  return TARGET[0]! >>> 0 > cpu.seg[CS]!.limit >>> 0 ? protection(port) : DONE;
}

/** Aims at RIP after this instruction plus its immediate. */
function aimRelative(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const at = cpu.rip[0]!;
  const next = (at + insn.length) | 0;
  const sum = (next + insn.immLo) | 0;
  const carry = carryOut(at, 0, next) + carryOut(next, insn.immLo, sum);
  return aim(insn, cpu, port, sum, (cpu.rip[1]! + insn.immHi + carry) | 0);
}

function go(cpu: CpuState): StepResult {
  cpu.rip[0] = TARGET[0]!;
  cpu.rip[1] = TARGET[1]!;
  return DONE;
}

/** JMP rel. */
export function jump(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = aimRelative(insn, cpu, port);
  return result === DONE ? go(cpu) : result;
}

/** Jcc rel. */
export function jumpConditional(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return testCondition(cpu.rflags, insn.kind) ? jump(insn, cpu, port) : advance(insn, cpu);
}

/** JMP r/m. */
export function jumpIndirect(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = loadOperand(insn, cpu, port, insn.size, 0, false);
  if (result !== DONE) return result;
  result = aim(insn, cpu, port, VALUE[0]!, VALUE[1]!);
  return result === DONE ? go(cpu) : result;
}

function callTarget(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const next = (cpu.rip[0]! >>> 0) + insn.length;
  const high = insn.long ? cpu.rip[1]! + (next > 0xffffffff ? 1 : 0) : 0;
  beginStack(cpu);
  const result = push(insn.long, cpu, port, insn.size, next | 0, high);
  if (result !== DONE) return result;
  commitStack(cpu);
  return go(cpu);
}

/** CALL rel. */
export function call(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = aimRelative(insn, cpu, port);
  return result === DONE ? callTarget(insn, cpu, port) : result;
}

/** CALL r/m. */
export function callIndirect(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  let result = loadOperand(insn, cpu, port, insn.size, 0, false);
  if (result !== DONE) return result;
  result = aim(insn, cpu, port, VALUE[0]!, VALUE[1]!);
  return result === DONE ? callTarget(insn, cpu, port) : result;
}

/** RET, RET imm16. */
export function returnNear(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  beginStack(cpu);
  let result = pop(insn.long, cpu, port, insn.size);
  if (result !== DONE) return result;
  result = aim(insn, cpu, port, VALUE[0]!, VALUE[1]!);
  if (result !== DONE) return result;
  if (insn.immLo !== 0) moveStack(stackWidth(insn.long, cpu), insn.immLo);
  commitStack(cpu);
  return go(cpu);
}

/** Counter of LOOP, JCXZ and REP: whether rCX of the address size is zero. */
export function isCounterZero(insn: Instruction, cpu: CpuState): boolean {
  const lo = cpu.gpr[RCX << 1]!;
  if (insn.addressSize === 2) return (lo & 0xffff) === 0;
  return insn.addressSize === 4 ? lo === 0 : (lo | cpu.gpr[(RCX << 1) + 1]!) === 0;
}

/** Subtracts from rCX of the address size. */
export function countDown(insn: Instruction, cpu: CpuState, by: number): void {
  const gpr = cpu.gpr;
  const lo = gpr[RCX << 1]!;
  if (insn.addressSize === 2) {
    gpr[RCX << 1] = (lo & ~0xffff) | ((lo - by) & 0xffff);
    return;
  }
  const difference = (lo >>> 0) - by;
  gpr[RCX << 1] = difference | 0;
  if (insn.addressSize === 4) gpr[(RCX << 1) + 1] = 0;
  else if (difference < 0) gpr[(RCX << 1) + 1]! -= 1;
  else if (difference > 0xffffffff) gpr[(RCX << 1) + 1]! += 1;
}

/** LOOPNE (0), LOOPE (1), LOOP (2). */
export function loop(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = aimRelative(insn, cpu, port);
  countDown(insn, cpu, 1);
  const equal = (cpu.rflags & RFLAGS_ZF) !== 0;
  const taken = !isCounterZero(insn, cpu) && (insn.kind === 2 || equal === (insn.kind === 1));
  if (!taken) return advance(insn, cpu);
  if (result === DONE) return go(cpu);
  countDown(insn, cpu, -1);
  return result;
}

/** JCXZ, JECXZ, JRCXZ. */
export function jumpCounterZero(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  return isCounterZero(insn, cpu) ? jump(insn, cpu, port) : advance(insn, cpu);
}

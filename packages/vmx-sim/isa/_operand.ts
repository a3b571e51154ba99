import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import * as contract from "./contract.ts";
import * as address from "./_address.ts";
import type { Instruction } from "./instruction.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { DONE } = contract;
const { LINEAR, operandAddress } = address;

/**
 * Operand values on their way, two words each: 0–1 destination and result, 2–3 source. Typed so that no value of 32
 * bits becomes a heap number.
 */
export const VALUE: Int32Array = new Int32Array(8);

/** Loads register `r` of the given size, zero-extended, into `VALUE[at]`, `VALUE[at + 1]`. */
export function loadRegister(
  insn: Instruction,
  cpu: CpuState,
  r: number,
  size: number,
  at: number,
): void {
  const gpr = cpu.gpr;
  VALUE[at + 1] = 0;
  if (size === 4) VALUE[at] = gpr[r << 1]!;
  else if (size === 8) {
    VALUE[at] = gpr[r << 1]!;
    VALUE[at + 1] = gpr[(r << 1) + 1]!;
  } else if (size === 2) VALUE[at] = gpr[r << 1]! & 0xffff;
  else if (!insn.rex && (r & 12) === 4) VALUE[at] = (gpr[(r & 3) << 1]! >>> 8) & 0xff;
  else VALUE[at] = gpr[r << 1]! & 0xff;
}

/** Stores a value into register `r`: 1 and 2 bytes leave the rest, 4 bytes clear the high word. */
export function storeRegister(
  insn: Instruction,
  cpu: CpuState,
  r: number,
  size: number,
  lo: number,
  hi: number,
): void {
  const gpr = cpu.gpr;
  if (size === 4) {
    gpr[r << 1] = lo;
    gpr[(r << 1) + 1] = 0;
  } else if (size === 8) {
    gpr[r << 1] = lo;
    gpr[(r << 1) + 1] = hi;
  } else if (size === 2) gpr[r << 1] = (gpr[r << 1]! & ~0xffff) | (lo & 0xffff);
  else if (!insn.rex && (r & 12) === 4) {
    const i = (r & 3) << 1;
    gpr[i] = (gpr[i]! & ~0xff00) | ((lo & 0xff) << 8);
  } else gpr[r << 1] = (gpr[r << 1]! & ~0xff) | (lo & 0xff);
}

/** Takes a value of 1, 2, 4 or 8 bytes, zero-extended, out of the port's buffer into `VALUE[at]`, `VALUE[at + 1]`. */
export function takeData(port: AccessPort, size: number, at: number): void {
  const word = port.words[0]!;
  if (size === 4) VALUE[at] = word;
  else if (size === 8) {
    VALUE[at] = word;
    VALUE[at + 1] = port.words[1]!;
    return;
  } else VALUE[at] = word & (size === 2 ? 0xffff : 0xff);
  VALUE[at + 1] = 0;
}

/** Loads the ModRM operand into `VALUE[at]`; leaves its address in `LINEAR` when it is in memory. */
export function loadOperand(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
  size: number,
  at: number,
  forWrite: boolean,
): StepResult {
  if (!insn.isMemory) {
    loadRegister(insn, cpu, insn.rm, size, at);
    return DONE;
  }
  let result = operandAddress(insn, cpu, port, size, forWrite && !port.emulator);
  if (result !== DONE) return result;
  result = port.read(LINEAR[0]!, LINEAR[1]!, size, forWrite);
  if (result === DONE) takeData(port, size, at);
  return result;
}

/** Stores into the ModRM operand: memory at `LINEAR`, where `loadOperand` left it. */
export function storeLoaded(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
  size: number,
  lo: number,
  hi: number,
): StepResult {
  if (!insn.isMemory) {
    storeRegister(insn, cpu, insn.rm, size, lo, hi);
    return DONE;
  }
  port.words[0] = lo;
  port.words[1] = hi;
  return port.write(LINEAR[0]!, LINEAR[1]!, size);
}

/** Stores into the ModRM operand without a load before it. */
export function storeOperand(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
  size: number,
  lo: number,
  hi: number,
): StepResult {
  if (insn.isMemory) {
    const result = operandAddress(insn, cpu, port, size, true);
    if (result !== DONE) return result;
  }
  return storeLoaded(insn, cpu, port, size, lo, hi);
}

/** Moves RIP past the instruction: the last thing a step does. */
export function advance(insn: Instruction, cpu: CpuState): StepResult {
  const rip = cpu.rip;
  const at = rip[0]!;
  const next = (at + insn.length) | 0;
  rip[0] = next;
  // The low word wrapped if it was "negative" and no longer is.
  if ((at & ~next) < 0) rip[1] = insn.long ? (rip[1]! + 1) | 0 : 0;
  return DONE;
}

import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE, RAX, RBX, RCX, RDX, UNDECODED } from "./contract.ts";
import { LINEAR, operandAddress } from "./_address.ts";
import { protection } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { advance, storeRegister } from "./_operand.ts";
import { RFLAGS_ZF } from "./registers.ts";

/** The old value and the one to write, four words each. */
const OLD = new Int32Array(4);

/** Words of a register pair, low register first. */
function word(cpu: CpuState, low: number, high: number, i: number, half: number): number {
  const r = i < half ? low : high;
  return cpu.gpr[(r << 1) + (i & (half - 1))]!;
}

/**
 * CMPXCHG8B and, with REX.W, CMPXCHG16B, whose operand must be aligned. Unequal, it writes the old value back. KVM's
 * emulator gives up on the 16-byte form once it has read its operand.
 */
export function compareExchangePair(
  insn: Instruction,
  cpu: CpuState,
  port: AccessPort,
): StepResult {
  const bytes = insn.size === 8 ? 16 : 8;
  const count = bytes >> 2;
  const half = count >> 1;
  let result = operandAddress(insn, cpu, port, bytes, !port.emulator);
  if (result !== DONE) return result;
  if (bytes === 16 && (LINEAR[0]! & 15) !== 0) return protection(port);
  result = port.read(LINEAR[0]!, LINEAR[1]!, bytes, true);
  if (result !== DONE) return result;
  if (bytes === 16 && port.emulator) return UNDECODED;
  let equal = true;
  for (let i = 0; i < count; i++) {
    OLD[i] = port.words[i]!;
    if (OLD[i] !== word(cpu, RAX, RDX, i, half)) equal = false;
  }
  if (equal) {
    for (let i = 0; i < count; i++) port.words[i] = word(cpu, RBX, RCX, i, half);
  }
  result = port.write(LINEAR[0]!, LINEAR[1]!, bytes);
  if (result !== DONE) return result;
  if (equal) cpu.rflags |= RFLAGS_ZF;
  else {
    cpu.rflags &= ~RFLAGS_ZF;
    const size = bytes >> 1;
    storeRegister(insn, cpu, RAX, size, OLD[0]!, OLD[1]!);
    storeRegister(insn, cpu, RDX, size, OLD[half]!, OLD[half + 1]!);
  }
  return advance(insn, cpu);
}

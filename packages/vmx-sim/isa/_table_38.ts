import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { DONE } from "./contract.ts";
import { undefinedOpcode } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import { MEMORY, MODRM, op, type Opcode, prefixed } from "./_opcode.ts";
import { loadOperand } from "./_operand.ts";

const table: (Opcode | null)[] = new Array(256).fill(null);

// KERNEL 6.19 arch/x86/kvm/emulate.c em_movbe: what it loads is read before it asks whether the guest has it
function loadUndefined(insn: Instruction, cpu: CpuState, port: AccessPort): StepResult {
  const result = port.emulator ? loadOperand(insn, cpu, port, insn.size, 0, false) : DONE;
  return result === DONE ? undefinedOpcode(insn, cpu, port) : result;
}

// The modelled CPU has no MOVBE, as its CPUID says.
const load = op("movbe", loadUndefined, MODRM | MEMORY);
const store = op("movbe", undefinedOpcode, MODRM | MEMORY);
table[0xf0] = prefixed(load, load, null, null);
table[0xf1] = prefixed(store, store, null, null);

/** Opcodes after 0F 38; null where this decoder knows nothing. */
export const MAP_38: readonly (Opcode | null)[] = table;

import { undefinedOpcode } from "./_fault.ts";
import { MEMORY, MODRM, op, type Opcode, prefixed } from "./_opcode.ts";

const table: (Opcode | null)[] = new Array(256).fill(null);

// The modelled CPU has no MOVBE, as its CPUID says.
const movbe = op("movbe", undefinedOpcode, MODRM | MEMORY);
table[0xf0] = table[0xf1] = prefixed(movbe, movbe, null, null);

/** Opcodes after 0F 38; null where this decoder knows nothing. */
export const MAP_38: readonly (Opcode | null)[] = table;

import * as fpu from "./_fpu.ts";
import { unimplemented } from "./instruction.ts";
import { byRm, MODRM, op, type Opcode, SILICON, split } from "./_opcode.ts";

/** Bytes of the memory operands of D8…DF by ModRM.reg; 0 is undefined or not known here. */
const SIZES = [
  [4, 4, 4, 4, 4, 4, 4, 4],
  [4, 0, 4, 4, 0, 2, 0, 2],
  [4, 4, 4, 4, 4, 4, 4, 4],
  [4, 4, 4, 4, 0, 10, 0, 10],
  [8, 8, 8, 8, 8, 8, 8, 8],
  [8, 8, 8, 8, 0, 0, 0, 2],
  [2, 2, 2, 2, 2, 2, 2, 2],
  [2, 2, 2, 2, 10, 8, 10, 8],
] as const;

function memory(escape: number, reg: number): Opcode | null {
  if (escape === 1 && reg === 7) return op("fnstcw", fpu.storeFpuWord, MODRM, 0, 2);
  if (escape === 5 && reg === 7) return op("fnstsw", fpu.storeFpuWord, MODRM, 1, 2);
  if (escape === 1 && reg === 5) return op("fldcw", fpu.loadFpuControl, MODRM | SILICON, 0, 2);
  const size = SIZES[escape]![reg]!;
  return size === 0 ? null : op("x87", unimplemented, MODRM | SILICON, 0, size);
}

/** Register forms by the whole ModRM byte: all that runs without the register stack. */
const REGISTER_FORMS = new Map([
  [0xdbe2, op("fnclex", fpu.resetFpu, MODRM | SILICON, 1)],
  [0xdbe3, op("fninit", fpu.resetFpu, MODRM, 0)],
  [0xdfe0, op("fnstsw", fpu.storeFpuStatus, MODRM | SILICON)],
]);

/** Form whose register operand must be `rm`, or null. */
function register(escape: number, reg: number): Opcode | null {
  const entries = new Array<Opcode | null>(8).fill(null);
  let found = false;
  for (let rm = 0; rm < 8; rm++) {
    const entry = REGISTER_FORMS.get(((0xd8 + escape) << 8) | 0xc0 | (reg << 3) | rm);
    if (entry) {
      entries[rm] = entry;
      found = true;
    }
  }
  return found ? byRm(...entries) : null;
}

/** Escapes D8…DF. */
export const X87: readonly Opcode[] = SIZES.map((_, escape) =>
  split(
    [0, 1, 2, 3, 4, 5, 6, 7].map((reg) => memory(escape, reg)),
    [0, 1, 2, 3, 4, 5, 6, 7].map((reg) => register(escape, reg)),
  )
);

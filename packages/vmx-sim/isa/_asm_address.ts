import { type Memory, showOperand } from "./asm_operand.ts";

/** Code size of the assembler: 16, 32 or 64 bits. */
export type CodeBits = 16 | 32 | 64;

/** How a memory operand is encoded. */
export interface AddressPlan {
  /** ModRM with reg 0. */
  readonly modrm: number;
  /** SIB, -1 none. */
  readonly sib: number;
  /** Bytes of the displacement. */
  readonly displacement: 0 | 1 | 2 | 4;
  /** It is relative to RIP. */
  readonly relative: boolean;
}

/** ModRM.rm of 16-bit addressing by the numbers of base and index. */
const RM_16 = new Map([
  ["3+6", 0],
  ["3+7", 1],
  ["5+6", 2],
  ["5+7", 3],
  ["6", 4],
  ["7", 5],
  ["5", 6],
  ["3", 7],
]);

/** Address size in bytes of a memory operand in code of the given size, or what is wrong with it. */
export function addressSizeOf(memory: Memory, bits: CodeBits): number | string {
  const { base, index } = memory;
  for (const register of [base, index]) {
    if (register && (register.kind !== "general" || register.size === 1)) {
      return `${register.name} cannot address memory in ${showOperand(memory)}`;
    }
  }
  if (base && index && base.size !== index.size) {
    return `${showOperand(memory)} mixes register sizes`;
  }
  const size = base?.size ?? index?.size;
  if (size === undefined) {
    const far = memory.displacement > 0xffffn && !memory.label;
    return bits === 16 && far ? 4 : bits >> 3;
  }
  const possible = bits === 64 ? size >= 4 : size <= 4;
  return possible ? size : `${showOperand(memory)} cannot be addressed in ${bits}-bit code`;
}

/** Plans the encoding of a memory operand, or says what is wrong with it. */
export function planAddress(memory: Memory, size: number, bits: CodeBits): AddressPlan | string {
  return size === 2 ? plan16(memory) : plan32(memory, bits);
}

function plan16(memory: Memory): AddressPlan | string {
  const { base, index } = memory;
  if (!base && !index) return { modrm: 6, sib: -1, displacement: 2, relative: false };
  const numbers = [base, index].filter((r) => r !== null).map((r) => r.number).sort();
  const rm = RM_16.get(numbers.join("+"));
  if (rm === undefined || memory.scale !== 1) return `${showOperand(memory)} is no 16-bit address`;
  return withDisplacement(memory, rm, -1, rm === 6, 2);
}

function plan32(memory: Memory, bits: CodeBits): AddressPlan | string {
  const { base, index, scale, label } = memory;
  if (index && index.number === 4) {
    return `${index.name} cannot be an index in ${showOperand(memory)}`;
  }
  const relative = bits === 64 && label !== null;
  if (relative && (base || index)) {
    return `${showOperand(memory)} cannot be relative to RIP and have registers`;
  }
  if (!base && !index) {
    const sib = bits === 64 && !relative ? 0x25 : -1;
    return { modrm: sib < 0 ? 5 : 4, sib, displacement: 4, relative };
  }
  const low = base ? base.number & 7 : 5;
  const shift = [1, 2, 4, 8].indexOf(scale) << 6;
  const sib = index || low === 4 ? shift | ((index ? index.number & 7 : 4) << 3) | low : -1;
  const rm = sib < 0 ? low : 4;
  if (!base) return { modrm: rm, sib, displacement: 4, relative: false };
  return withDisplacement(memory, rm, sib, low === 5, 4);
}

/** The shortest displacement; none when it is zero, unless the encoding without one means something else. */
function withDisplacement(
  memory: Memory,
  rm: number,
  sib: number,
  must: boolean,
  wide: 2 | 4,
): AddressPlan {
  const { displacement, label } = memory;
  const signed = BigInt.asIntN(wide * 8, displacement);
  if (label || signed < -128n || signed > 127n) {
    return { modrm: 0x80 | rm, sib, displacement: wide, relative: false };
  }
  if (signed === 0n && !must) return { modrm: rm, sib, displacement: 0, relative: false };
  return { modrm: 0x40 | rm, sib, displacement: 1, relative: false };
}

import type { Handler } from "./instruction.ts";

/** ModRM follows. */
export const MODRM: number = 1 << 0;
/** 8-bit immediate, sign-extended. */
export const IMM8: number = 1 << 1;
/** 16-bit immediate, zero-extended; with IMM8 as well, an 8-bit one after it (ENTER). */
export const IMM16: number = 1 << 2;
/** Immediate of the operand size, at most 32 bits, sign-extended. */
export const IMMZ: number = 1 << 3;
/** Immediate of the operand size, 64 bits included (MOV reg, imm). */
export const IMMV: number = 1 << 4;
/** Absolute address of the address size (MOV moffs). */
export const MOFFS: number = 1 << 5;
/** Far pointer: offset of the operand size, then a selector. */
export const FAR: number = 1 << 6;
/** Operands of one byte. */
export const BYTE: number = 1 << 7;
/** Operand size is 8 by default in 64-bit mode, 2 with the 66 prefix. */
export const STACK: number = 1 << 8;
/** Operand size is always 8 in 64-bit mode (near branches, MOV CR). */
export const WIDE: number = 1 << 9;
/** Undefined in 64-bit mode. */
export const NO64: number = 1 << 10;
/** LOCK is legal with a memory destination. */
export const LOCK: number = 1 << 11;
/** Undefined with a register in ModRM.rm. */
export const MEMORY: number = 1 << 12;
/** Undefined with memory in ModRM.rm. */
export const REGISTER: number = 1 << 13;
/** KVM's emulator does not know it. */
export const SILICON: number = 1 << 14;
/** String instruction. */
export const STRING: number = 1 << 15;
/** Two memory operands. */
export const TWO: number = 1 << 16;
/** The register is in the low three bits of the opcode. */
export const OPREG: number = 1 << 17;
/** ModRM.mod is ignored and taken as a register (MOV CR, MOV DR). */
export const FORCED: number = 1 << 18;
/** The 66 prefix does not make the operand 16 bits: it is mandatory or ignored. */
export const NO66: number = 1 << 19;
/** Undefined outside 64-bit mode. */
export const ONLY64: number = 1 << 20;
/** A memory operand that no ModRM names (XLAT). */
export const IMPLICIT: number = 1 << 24;
/** REX.W does not make it 64 bits (port I/O). */
export const MAX4: number = 1 << 23;
/** Something else in 64-bit mode, which this decoder does not know. */
export const OTHER64: number = 1 << 21;
/** Something else outside 64-bit mode, which this decoder does not know. */
export const OTHER32: number = 1 << 22;

/** Memory size: no access. */
export const NONE: number = -1;
/** Memory size: twice the operand size. */
export const PAIR: number = -2;
/** Memory size: a far pointer of the operand size. */
export const POINTER: number = -3;
/** Memory size: limit and base of a descriptor table. */
export const TABLE: number = -4;
/** Memory size: as the operand size, at most 4 (MOVSXD). */
export const NARROW: number = -5;

/** One opcode: what it is called, does and looks like. */
export interface Opcode {
  readonly mnemonic: string;
  readonly run: Handler;
  readonly form: number;
  /** Becomes `Instruction.kind`. */
  readonly kind: number;
  /** Bytes of the memory operand: 0 as the operand size, negative one of the constants above. */
  readonly memorySize: number;
  /**
   * Further choice, or null: 8 entries by ModRM.reg; 16 by ModRM.reg, the upper half for registers; 9 by ModRM.rm (the
   * ninth is never chosen); 4 by mandatory prefix (none, 66, F3, F2).
   */
  readonly choices: readonly (Opcode | null)[] | null;
}

/** Builds a table entry. */
export function op(
  mnemonic: string,
  run: Handler,
  form: number = 0,
  kind: number = 0,
  memorySize: number = 0,
): Opcode {
  return { mnemonic, run, form, kind, memorySize, choices: null };
}

function chooser(choices: readonly (Opcode | null)[], form: number, length: number): Opcode {
  if (choices.length !== length) {
    throw new RangeError(`Opcode group has ${choices.length} entries, not ${length}`);
  }
  return { mnemonic: "", run: () => 4, form, kind: 0, memorySize: 0, choices };
}

/** Builds a group chosen by ModRM.reg. */
export function group(...choices: (Opcode | null)[]): Opcode {
  return chooser(choices, MODRM, 8);
}

/** Builds a group chosen by ModRM.reg, memory forms first, then register forms. */
export function split(
  memory: readonly (Opcode | null)[],
  register: readonly (Opcode | null)[],
): Opcode {
  return chooser([...memory, ...register], MODRM, 16);
}

/** Builds a group of register forms chosen by ModRM.rm. */
export function byRm(...choices: (Opcode | null)[]): Opcode {
  return chooser([...choices, null], MODRM, 9);
}

/** Builds an opcode chosen by its mandatory prefix: none, 66, F3, F2. */
export function prefixed(...choices: (Opcode | null)[]): Opcode {
  return chooser(choices, 0, 4);
}

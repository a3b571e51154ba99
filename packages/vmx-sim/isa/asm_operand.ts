/**
 * Operands of the assembler: registers, memory, labels and immediates.
 *
 * @module
 */
/** File of a register. */
export type RegisterKind = "general" | "segment" | "control" | "mmx" | "xmm";

/** A register as an operand of the assembler. */
export interface Register {
  /** File it is in. */
  readonly kind: RegisterKind;
  /** Name in the manual, lower case. */
  readonly name: string;
  /** Number in the encoding; AH CH DH BH are 4…7 with `high`. */
  readonly number: number;
  /** Bytes: 1, 2, 4, 8 or 16. */
  readonly size: number;
  /** AH, CH, DH or BH, which no instruction with a REX prefix can name. */
  readonly high: boolean;
}

/** A place in the program. */
export class Label {
  /** Name for error messages. */
  readonly name: string;
  /** Offset from the start of the program in bytes, -1 until it is bound. */
  offset: number = -1;

  /** A label not yet bound. */
  constructor(name: string) {
    this.name = name;
  }
}

/** A memory operand of the assembler. */
export interface Memory {
  /** Bytes accessed, 0 to take it from the other operand. */
  readonly size: number;
  /** Base register. */
  readonly base: Register | null;
  /** Index register. */
  readonly index: Register | null;
  /** 1, 2, 4 or 8. */
  readonly scale: number;
  /** Displacement, or the whole address. */
  readonly displacement: bigint;
  /** Label whose address is added; relative to RIP in 64-bit code. */
  readonly label: Label | null;
  /** Segment override. */
  readonly segment: Register | null;
}

/** What else a memory operand may have besides its base. */
export interface MemoryOptions {
  /** Index register. */
  readonly index?: Register;
  /** Factor of the index: 1, 2, 4 or 8. */
  readonly scale?: 1 | 2 | 4 | 8;
  /** Displacement in bytes. */
  readonly disp?: number | bigint;
  /** Segment override. */
  readonly segment?: Register;
}

/** An immediate: a number, or the address of a label. */
export type Immediate = number | bigint | Label;

/** Any operand. */
export type Operand = Register | Memory | Immediate;

/** Whether an operand is a register. */
export function isRegister(operand: Operand): operand is Register {
  return typeof operand === "object" && "kind" in operand;
}

/** Whether an operand is in memory. */
export function isMemory(operand: Operand): operand is Memory {
  return typeof operand === "object" && "displacement" in operand;
}

/** An operand as a reader of the source would write it, for error messages. */
export function showOperand(operand: Operand): string {
  if (typeof operand !== "object") {
    return operand < 0 ? `-0x${(-operand).toString(16)}` : `0x${operand.toString(16)}`;
  }
  if (isRegister(operand)) return operand.name;
  if (!isMemory(operand)) return operand.name;
  const { base, index, scale, displacement, label, segment } = operand;
  const parts: string[] = [];
  if (base) parts.push(base.name);
  if (index) parts.push(scale === 1 ? index.name : `${index.name}*${scale}`);
  if (label) parts.push(label.name);
  if (displacement !== 0n || parts.length === 0) parts.push(showOperand(displacement));
  return `${segment ? `${segment.name}:` : ""}[${parts.join("+")}]`;
}

/**
 * A decoded instruction, as the decoder fills it and `execute` runs it.
 *
 * @module
 */
import type { AccessPort, CpuState, StepResult } from "./contract.ts";
import { UNDECODED } from "./contract.ts";

/** Executes one decoded instruction; see {@link AccessPort} for what a port must do. */
export type Handler = (insn: Instruction, cpu: CpuState, port: AccessPort) => StepResult;

/** The handler of an instruction whose length and operands are known, but not what it does. */
export function unimplemented(): StepResult {
  return UNDECODED;
}

/**
 * One decoded instruction. The decoder fills the same object again and again, so whoever caches one keeps its own.
 * It depends on its bytes and on the mode alone, not on registers or on its address; `epoch` and `rings` are for whoever
 * keeps it.
 */
export class Instruction {
  /** What it does. */
  run: Handler = unimplemented;
  /** Name, as a reader of Intel's manual expects it; without operands. */
  mnemonic = "";
  /** Bytes, 1…15. */
  length = 0;
  /** Last opcode byte. */
  opcode = 0;
  /** Opcode map: 0 one byte, 1 0F, 2 0F 38, 3 0F 3A. */
  map = 0;
  /** Decoded in 64-bit mode. */
  long = false;
  /** Default operand size of the code segment: 2, 4, or 4 in 64-bit mode. */
  codeSize = 4;
  /** Operand size in bytes: 1, 2, 4 or 8. */
  size = 4;
  /** Address size in bytes: 2, 4 or 8. */
  addressSize = 4;
  /** Variant within a family: condition, ALU operation, shift, control register. */
  kind = 0;
  /** Repeat prefix: 0, 0xf2 or 0xf3. */
  rep = 0;
  /** LOCK prefix given (and legal). */
  lock = false;
  /** REX prefix given: byte registers 4…7 are SPL BPL SIL DIL. */
  rex = false;
  /** Has a memory operand named by ModRM or moffs (string and stack operands are not counted). */
  isMemory = false;
  /** 64-bit mode, and the operand is base and displacement without FS or GS: the address is their sum. */
  isPlain = false;
  /** Segment of its memory operand, overrides applied; the source segment of string instructions. */
  segment = 3;
  /** ES, CS, SS or DS when its prefix is the last of segments in 64-bit mode, where it is ignored, or −1. */
  ignoredSegment: number = -1;
  /** ModRM.reg with REX.R, or the register in the opcode with REX.B. */
  reg = 0;
  /** ModRM.rm with REX.B, when it is a register. */
  rm = 0;
  /** Base register of the memory operand, -1 none, 16 RIP. */
  base: number = -1;
  /** Index register, -1 none. */
  index: number = -1;
  /** Index is shifted left by this. */
  scale = 0;
  /** Displacement, low word; the whole address for moffs. */
  dispLo = 0;
  /** Displacement, high word (its sign, or of a moffs address). */
  dispHi = 0;
  /** Immediate, low word, sign-extended. */
  immLo = 0;
  /** Immediate, high word. */
  immHi = 0;
  /** Selector of a far pointer, second immediate of ENTER. */
  imm2 = 0;
  /** Bytes of its memory operand or string element: 0 when there is none or it is not accessed (LEA, INVLPG). */
  memorySize = 0;
  /** KVM's emulator knows it. What it does not know ends there in KVM_EXIT_INTERNAL_ERROR, suberror 1. */
  emulated = true;
  /** String instruction: MOVS CMPS STOS LODS SCAS INS OUTS. */
  isString = false;
  /** Two memory operands, so KVM cannot take the exit's address for either: MOVS, CMPS, PUSH mem, POP mem. */
  twoMemory = false;
  /** Kept: when its bytes were last known to be the same. */
  epoch = 0;
  /** Kept: it is a store, and left the guest by an EPT misconfig the last time. */
  rings = false;
}

/**
 * Bytes to a decoded instruction: prefixes, opcode tables, ModRM, SIB and immediates.
 *
 * @module
 */
import type { CpuMode, DecodeResult } from "./contract.ts";
import { DECODED, DS, FS, NEED_MORE, NOT_DECODED, SS, TOO_LONG } from "./contract.ts";
import { BASE_RIP } from "./_address.ts";
import { undefinedOpcode } from "./_fault.ts";
import type { Instruction } from "./instruction.ts";
import * as form from "./_opcode.ts";
import type { Opcode } from "./_opcode.ts";
import { ONE_BYTE } from "./_table_one_byte.ts";
import { TWO_BYTE } from "./_table_two_byte.ts";
import { MAP_38 } from "./_table_38.ts";

/** Longest instruction of the architecture, in bytes. */
export const MAX_INSTRUCTION_BYTES = 15;

// Position and end in the bytes being decoded; small integers, so plain variables cost nothing.
let position = 0;
let end = 0;
let start = 0;

function starved(): DecodeResult {
  return end - start >= MAX_INSTRUCTION_BYTES ? TOO_LONG : NEED_MORE;
}

function undefinedHere(insn: Instruction, isKnown: boolean): DecodeResult {
  insn.run = undefinedOpcode;
  insn.mnemonic = "ud";
  insn.memorySize = 0;
  insn.isMemory = false;
  insn.emulated = isKnown;
  insn.length = (position - start) | 0; // else V8 may keep a double there
  return DECODED;
}

function signed32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Bases and indexes of 16-bit addressing by ModRM.rm: BX BX BP BP – – – BX with SI DI SI DI SI DI BP –. */
const BASE_16 = [3, 3, 5, 5, 6, 7, 5, 3] as const;
const INDEX_16 = [6, 7, 6, 7, -1, -1, -1, -1] as const;

function modrm16(bytes: Uint8Array, insn: Instruction, mod: number, rm: number): boolean {
  insn.base = BASE_16[rm]!;
  insn.index = INDEX_16[rm]!;
  if (mod === 0 && rm === 6) {
    insn.base = -1;
    mod = 2;
  } else if (insn.base === 5) insn.segment = SS;
  return displacement(bytes, insn, mod, 2);
}

function displacement(bytes: Uint8Array, insn: Instruction, mod: number, wide: 2 | 4): boolean {
  if (mod === 0) return true;
  const size = mod === 1 ? 1 : wide;
  if (position + size > end) return false;
  let disp = 0;
  if (size === 1) disp = (bytes[position]! << 24) >> 24;
  else if (size === 2) disp = ((bytes[position]! | (bytes[position + 1]! << 8)) << 16) >> 16;
  else disp = signed32(bytes, position);
  insn.dispLo = disp;
  insn.dispHi = disp >> 31;
  position += size;
  return true;
}

function modrm32(
  bytes: Uint8Array,
  insn: Instruction,
  mod: number,
  rm: number,
  rex: number,
): boolean {
  if (rm === 4) {
    if (position >= end) return false;
    const sib = bytes[position++]!;
    insn.scale = sib >> 6;
    const index = ((sib >> 3) & 7) | ((rex & 2) << 2);
    if (index !== 4) insn.index = index;
    else insn.scale = 0;
    const base = sib & 7;
    if (base === 5 && mod === 0) return displacement(bytes, insn, 2, 4);
    insn.base = base | ((rex & 1) << 3);
    if (base === 4 || base === 5) {
      if ((rex & 1) === 0) insn.segment = SS;
    }
  } else if (rm === 5 && mod === 0) {
    if (insn.long) insn.base = BASE_RIP;
    return displacement(bytes, insn, 2, 4);
  } else {
    insn.base = rm | ((rex & 1) << 3);
    if (insn.base === 5) insn.segment = SS;
  }
  return displacement(bytes, insn, mod, 4);
}

function immediate(bytes: Uint8Array, insn: Instruction, size: number): boolean {
  if (position + size > end) return false;
  let lo = 0;
  if (size === 1) lo = (bytes[position]! << 24) >> 24;
  else if (size === 2) lo = ((bytes[position]! | (bytes[position + 1]! << 8)) << 16) >> 16;
  else lo = signed32(bytes, position);
  insn.immLo = lo;
  insn.immHi = size === 8 ? signed32(bytes, position + 4) : lo >> 31;
  position += size;
  return true;
}

function unsigned16(bytes: Uint8Array): number {
  const value = bytes[position]! | (bytes[position + 1]! << 8);
  position += 2;
  return value;
}

function operands(bytes: Uint8Array, insn: Instruction, bits: number): boolean {
  const size = insn.size;
  if (bits & form.IMM16) {
    if (position + 2 > end) return false;
    insn.immLo = unsigned16(bytes);
    insn.immHi = 0;
    if (bits & form.IMM8) {
      if (position >= end) return false;
      insn.imm2 = bytes[position++]!;
    }
    return true;
  }
  if (bits & form.IMM8) return immediate(bytes, insn, 1);
  if (bits & form.IMMZ) return immediate(bytes, insn, size === 8 ? 4 : size);
  if (bits & form.IMMV) return immediate(bytes, insn, size);
  if (bits & form.MOFFS) {
    const wide = insn.addressSize;
    if (position + wide > end) return false;
    insn.isMemory = true;
    if (wide === 2) insn.dispLo = unsigned16(bytes);
    else {
      insn.dispLo = signed32(bytes, position);
      insn.dispHi = wide === 8 ? signed32(bytes, position + 4) : 0;
      position += wide;
    }
    return true;
  }
  if (bits & form.FAR) {
    const wide = size === 2 ? 2 : 4;
    if (position + wide + 2 > end) return false;
    insn.immLo = wide === 2 ? unsigned16(bytes) : signed32(bytes, (position += 4) - 4);
    insn.imm2 = unsigned16(bytes);
  }
  return true;
}

function memorySize(insn: Instruction, given: number): number {
  if (given > 0) return given;
  if (given === 0) return insn.size;
  if (given === form.PAIR) return insn.size << 1;
  if (given === form.POINTER) return insn.size + 2;
  if (given === form.NARROW) return insn.size === 2 ? 2 : 4;
  return given === form.TABLE ? (insn.long ? 10 : 6) : 0;
}

/**
 * Decodes one instruction of `bytes`, of which `length` are there from `offset` on, in the mode's default sizes.
 *
 * Overwrites all of `insn` when it returns `DECODED`, and some of it otherwise. An opcode that is undefined in the
 * mode decodes to an instruction that raises #UD. Nothing is allocated.
 *
 * ```ts
 * import { decode, DECODED, Instruction } from "@ioeventfd/vmx-sim";
 *
 * const insn = new Instruction();
 * const bytes = Uint8Array.of(0x89, 0x07); // mov [rdi], eax
 * console.assert(decode(bytes, bytes.length, "prot64", insn) === DECODED);
 * console.assert(insn.length === 2 && insn.memorySize === 4);
 * ```
 */
export function decode(
  bytes: Uint8Array,
  length: number,
  mode: CpuMode,
  insn: Instruction,
  offset: number = 0,
): DecodeResult {
  start = position = offset;
  end = offset + (length < MAX_INSTRUCTION_BYTES ? length : MAX_INSTRUCTION_BYTES);
  const long = mode === "prot64";
  const wide = long || mode === "prot32";
  let operand66 = false;
  let address67 = false;
  let rep = 0;
  let lock = false;
  let segment = -1;
  let ignoredSegment = -1;
  let rex = 0;
  let byte = 0;
  for (;;) {
    if (position >= end) return starved();
    byte = bytes[position++]!;
    if (long && (byte & 0xf0) === 0x40) {
      rex = byte;
      continue;
    }
    if (byte === 0x66) operand66 = true;
    else if (byte === 0x67) address67 = true;
    else if (byte === 0xf0) lock = true;
    else if (byte === 0xf2 || byte === 0xf3) rep = byte;
    else if (byte === 0x64 || byte === 0x65) {
      segment = byte - 0x60;
      ignoredSegment = -1;
    } else if ((byte & 0xe7) === 0x26) {
      // In 64-bit mode these four are ignored, and do not take back an FS or GS before them.
      if (long) ignoredSegment = (byte >> 3) & 3;
      else segment = (byte >> 3) & 3;
    } else break;
    rex = 0; // A REX prefix counts only right before the opcode.
  }

  let entry: Opcode | null | undefined;
  let map = 0;
  if (byte !== 0x0f) entry = ONE_BYTE[byte];
  else {
    if (position >= end) return starved();
    byte = bytes[position++]!;
    map = 1;
    if (byte === 0x38) {
      if (position >= end) return starved();
      byte = bytes[position++]!;
      map = 2;
      entry = MAP_38[byte];
    } else entry = TWO_BYTE[byte];
  }
  if (!entry) return NOT_DECODED;

  insn.long = long;
  insn.codeSize = wide ? 4 : 2;
  insn.addressSize = long ? (address67 ? 4 : 8) : wide !== address67 ? 4 : 2;
  insn.opcode = byte;
  insn.map = map;
  insn.rep = rep;
  insn.lock = lock;
  insn.rex = rex !== 0;
  insn.isMemory = false;
  insn.segment = DS;
  insn.base = insn.index = -1;
  insn.scale =
    insn.dispLo =
    insn.dispHi =
    insn.immLo =
    insn.immHi =
    insn.imm2 =
      0;

  let mod = 3;
  let bits = entry.form;
  const isPrefixed = entry.choices !== null && entry.choices.length === 4;
  if (entry.choices !== null && isPrefixed) {
    entry = entry.choices[rep === 0xf2 ? 3 : rep === 0xf3 ? 2 : operand66 ? 1 : 0];
    if (!entry) return NOT_DECODED;
    bits = entry.form;
  }
  if (bits & form.MODRM) {
    if (position >= end) return starved();
    const modrm = bytes[position]!;
    mod = modrm >> 6;
    insn.reg = ((modrm >> 3) & 7) | ((rex & 4) << 1);
    insn.rm = (modrm & 7) | ((rex & 1) << 3);
    while (entry.choices !== null) {
      const choices: readonly (Opcode | null)[] = entry.choices;
      let which = (modrm >> 3) & 7;
      if (choices.length === 9) which = modrm & 7;
      else if (choices.length === 4) {
        which = rep === 0xf2 ? 3 : rep === 0xf3 ? 2 : operand66 ? 1 : 0;
      } else if (choices.length === 16 && mod === 3) which += 8;
      const chosen: Opcode | null | undefined = choices[which];
      if (!chosen) return NOT_DECODED;
      entry = chosen;
    }
    position++;
    bits = entry.form;
  }
  if (bits & (long ? form.OTHER64 : form.OTHER32)) return NOT_DECODED;
  if (bits & form.OPREG) insn.reg = insn.rm = (byte & 7) | ((rex & 1) << 3);

  let size = wide !== operand66 ? 4 : 2;
  if (long) {
    if (bits & form.WIDE) size = 8;
    else if (rex & 8) size = 8;
    else if (bits & form.STACK) size = operand66 ? 2 : 8;
    else size = operand66 ? 2 : 4;
  }
  if (bits & form.BYTE) size = 1;
  else if (bits & form.NO66 && size === 2) size = 4;
  else if (bits & form.MAX4 && size === 8) size = 4;
  insn.size = size;

  if (mod !== 3 && (bits & form.FORCED) === 0) {
    insn.isMemory = true;
    const rm = insn.rm & 7;
    const complete = insn.addressSize === 2
      ? modrm16(bytes, insn, mod, rm)
      : modrm32(bytes, insn, mod, rm, rex);
    if (!complete) return starved();
  }
  if (!operands(bytes, insn, bits)) return starved();

  // KERNEL 6.19 arch/x86/kvm/emulate.c x86_decode_insn, x86_emulate_insn: first what is not known, then what is #UD
  const isTwicePrefixed = operand66 && rep !== 0 && isPrefixed && byte !== 0xc3;
  const isKnown = (bits & form.SILICON) === 0 && !isTwicePrefixed;
  if (bits & (form.NO64 | form.ONLY64 | form.MEMORY | form.REGISTER)) {
    if ((bits & (long ? form.NO64 : form.ONLY64)) !== 0) return undefinedHere(insn, isKnown);
    if (
      (bits & form.MEMORY) !== 0 && !insn.isMemory ||
      (bits & form.REGISTER) !== 0 && insn.isMemory
    ) return undefinedHere(insn, isKnown && entry.memorySize === form.POINTER);
  }
  if (lock && ((bits & form.LOCK) === 0 || !insn.isMemory)) return undefinedHere(insn, isKnown);

  if (segment >= 0) insn.segment = segment;
  insn.ignoredSegment = ignoredSegment;
  insn.isPlain = insn.isMemory && insn.addressSize === 8 && insn.segment < FS && insn.index < 0 &&
    insn.base >= 0 && insn.base < BASE_RIP;
  insn.run = entry.run;
  insn.mnemonic = entry.mnemonic;
  insn.kind = entry.kind;
  insn.emulated = isKnown;
  insn.isString = (bits & form.STRING) !== 0;
  insn.twoMemory = (bits & form.TWO) !== 0;
  const accesses = insn.isMemory || (bits & (form.STRING | form.IMPLICIT)) !== 0;
  insn.memorySize = accesses ? memorySize(insn, entry.memorySize) : 0;
  insn.length = (position - start) | 0; // else V8 may keep a double there
  return DECODED;
}

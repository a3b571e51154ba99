import {
  RFLAGS_AF,
  RFLAGS_ARITHMETIC,
  RFLAGS_CF,
  RFLAGS_OF,
  RFLAGS_PF,
  RFLAGS_SF,
  RFLAGS_ZF,
} from "./registers.ts";
import { VALUE } from "./_operand.ts";
import { borrowOut, carryOut } from "./_wide.ts";

/** Kind of an ALU operation, as in bits 5:3 of the opcode. */
export const ADD = 0, OR = 1, ADC = 2, SBB = 3, AND = 4, SUB = 5, XOR = 6, CMP = 7;

/** PF of each byte. */
export const PARITY: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0;
  for (let bits = byte; bits !== 0; bits >>= 1) ones += bits & 1;
  return ones & 1 ? 0 : RFLAGS_PF;
});

/** SF, ZF and PF of a result of `size` bytes. */
export function resultFlags(size: number, lo: number, hi: number): number {
  const parity = PARITY[lo & 0xff]!;
  if (size === 4) return parity | (lo === 0 ? RFLAGS_ZF : 0) | ((lo >>> 24) & RFLAGS_SF);
  if (size === 8) return parity | ((lo | hi) === 0 ? RFLAGS_ZF : 0) | ((hi >>> 24) & RFLAGS_SF);
  if (size === 2) {
    return parity | ((lo & 0xffff) === 0 ? RFLAGS_ZF : 0) | ((lo >>> 8) & RFLAGS_SF);
  }
  return parity | ((lo & 0xff) === 0 ? RFLAGS_ZF : 0) | (lo & RFLAGS_SF);
}

/** Sign bit of a byte or word. */
function topBit(value: number, size: number): number {
  return (value >>> ((size << 3) - 1)) & 1;
}

/** VALUE[0…1] += VALUE[2…3] + carry; returns the six flags. Operands are zero-extended to `size`. */
export function add(size: number, carry: number): number {
  const a = VALUE[0]!;
  const b = VALUE[2]!;
  let lo = (a + b + carry) | 0;
  const auxiliary = (a ^ b ^ lo) & RFLAGS_AF;
  if (size === 4) {
    VALUE[0] = lo;
    return resultFlags(4, lo, 0) | auxiliary | carryOut(a, b, lo) |
      ((((a ^ lo) & (b ^ lo)) >>> 20) & RFLAGS_OF);
  }
  if (size === 8) {
    const c = VALUE[1]!;
    const d = VALUE[3]!;
    const hi = (c + d + carryOut(a, b, lo)) | 0;
    VALUE[0] = lo;
    VALUE[1] = hi;
    return resultFlags(8, lo, hi) | auxiliary | carryOut(c, d, hi) |
      ((((c ^ hi) & (d ^ hi)) >>> 20) & RFLAGS_OF);
  }
  const bits = size << 3;
  const out = (lo >>> bits) & 1;
  lo &= size === 2 ? 0xffff : 0xff;
  VALUE[0] = lo;
  return resultFlags(size, lo, 0) | auxiliary | out |
    (topBit((a ^ lo) & (b ^ lo), size) * RFLAGS_OF);
}

/** VALUE[0…1] -= VALUE[2…3] + borrow; returns the six flags. */
export function subtract(size: number, borrow: number): number {
  const a = VALUE[0]!;
  const b = VALUE[2]!;
  let lo = (a - b - borrow) | 0;
  const auxiliary = (a ^ b ^ lo) & RFLAGS_AF;
  if (size === 4) {
    VALUE[0] = lo;
    return resultFlags(4, lo, 0) | auxiliary | borrowOut(a, b, lo) |
      ((((a ^ b) & (a ^ lo)) >>> 20) & RFLAGS_OF);
  }
  if (size === 8) {
    const c = VALUE[1]!;
    const d = VALUE[3]!;
    const hi = (c - d - borrowOut(a, b, lo)) | 0;
    VALUE[0] = lo;
    VALUE[1] = hi;
    return resultFlags(8, lo, hi) | auxiliary | borrowOut(c, d, hi) |
      ((((c ^ d) & (c ^ hi)) >>> 20) & RFLAGS_OF);
  }
  const out = lo >>> 31;
  lo &= size === 2 ? 0xffff : 0xff;
  VALUE[0] = lo;
  return resultFlags(size, lo, 0) | auxiliary | out |
    (topBit((a ^ b) & (a ^ lo), size) * RFLAGS_OF);
}

/** VALUE[0…1] = VALUE[0…1] `kind` VALUE[2…3]; CMP leaves the difference there. Returns the six flags. */
export function compute(kind: number, size: number, flags: number): number {
  switch (kind) {
    case 0:
      return add(size, 0);
    case 2:
      return add(size, flags & RFLAGS_CF);
    case 3:
      return subtract(size, flags & RFLAGS_CF);
    case 5:
    case 7:
      return subtract(size, 0);
    case 1:
      VALUE[0]! |= VALUE[2]!;
      VALUE[1]! |= VALUE[3]!;
      break;
    case 4:
      VALUE[0]! &= VALUE[2]!;
      VALUE[1]! &= VALUE[3]!;
      break;
    default:
      VALUE[0]! ^= VALUE[2]!;
      VALUE[1]! ^= VALUE[3]!;
  }
  return resultFlags(size, VALUE[0]!, VALUE[1]!);
}

/** RFLAGS with its six arithmetic flags replaced. */
export function withFlags(rflags: number, arithmetic: number): number {
  return (rflags & ~RFLAGS_ARITHMETIC) | arithmetic;
}

/** Result of the 64-bit shifts of this file, low and high word. */
export const WIDE: Int32Array = new Int32Array(2);

/** Shifts a 64-bit value left by 0…64 into `WIDE`. */
export function shiftLeft64(lo: number, hi: number, count: number): void {
  if (count === 0) {
    WIDE[0] = lo;
    WIDE[1] = hi;
  } else if (count < 32) {
    WIDE[0] = lo << count;
    WIDE[1] = (hi << count) | (lo >>> (32 - count));
  } else {
    WIDE[0] = 0;
    WIDE[1] = count < 64 ? lo << (count - 32) : 0;
  }
}

/** Shifts a 64-bit value right by 0…64 into `WIDE`, filling with zeros. */
export function shiftRight64(lo: number, hi: number, count: number): void {
  if (count === 0) {
    WIDE[0] = lo;
    WIDE[1] = hi;
  } else if (count < 32) {
    WIDE[0] = (lo >>> count) | (hi << (32 - count));
    WIDE[1] = hi >>> count;
  } else {
    WIDE[0] = count < 64 ? hi >>> (count - 32) : 0;
    WIDE[1] = 0;
  }
}

/** Bit 0…63 of a 64-bit value. */
export function bit64(lo: number, hi: number, n: number): number {
  return n < 32 ? (lo >>> n) & 1 : (hi >>> (n - 32)) & 1;
}

/** Carry out of the 32-bit sum `a + b`, with or without a carry in, given its low word. All in integers. */
export function carryOut(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31;
}

/** Borrow out of the 32-bit difference `a - b`, with or without a borrow in, given its low word. */
export function borrowOut(a: number, b: number, difference: number): number {
  return ((~a & b) | ((~a | b) & difference)) >>> 31;
}

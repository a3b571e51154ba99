const scratch = new BigUint64Array(1);
const words = new Int32Array(scratch.buffer);

/** Largest u64. */
export const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** Low word of a u64, signed. The high one is then `highWord()`: a split without bigint arithmetic. */
export function lowWord(value: bigint): number {
  scratch[0] = value;
  return words[0]!;
}

/** High word, signed, of the u64 last given to {@linkcode lowWord}. */
export function highWord(): number {
  return words[1]!;
}

/** Whether one u64 is below another, words signed or unsigned. */
export function isBelow(aLo: number, aHi: number, bLo: number, bHi: number): boolean {
  const a = aHi >>> 0, b = bHi >>> 0;
  return a < b || (a === b && aLo >>> 0 < bLo >>> 0);
}

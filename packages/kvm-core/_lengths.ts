/** Whether entries interfere, of which the upper starts `distance` bytes above the lower; −1 is no entry. */
export function interfere(lower: number, upper: number, distance: number): boolean {
  if (upper < 0) return false;
  return lower > distance || (lower === distance && upper === 0);
}

/** Position of a length among 1, 2, 4 and 8. */
export function lengthCode(len: number): number {
  return 31 - Math.clz32(len);
}

/** 1, 2, 4, 8 for a length of as many bytes, else 0. */
export function lengthBit(len: number): number {
  return len <= 8 && (len & (len - 1)) === 0 ? len : 0;
}

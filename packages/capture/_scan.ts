/**
 * Reading numbers and words out of bytes. Each function takes a position and gives the next one, or -1 when the text is
 * something else; -1 in gives -1 out, so calls nest without a check each. The text ends with a newline, which none of
 * them passes.
 *
 * @module
 */

/** The bytes of an ASCII word. */
export function ascii(word: string): Uint8Array {
  return Uint8Array.from(word, (letter) => letter.charCodeAt(0));
}

/** The word stands at p. */
export function literal(bytes: Uint8Array, p: number, word: Uint8Array): number {
  if (p < 0) return -1;
  const n = word.length;
  for (let i = 0; i < n; i++) {
    if (bytes[p + i] !== word[i]) return -1;
  }
  return p + n;
}

/** Any number of spaces and tabs. */
export function spaces(bytes: Uint8Array, p: number): number {
  if (p < 0) return -1;
  while (bytes[p] === 32 || bytes[p] === 9) p++;
  return p;
}

/** A u32 or s32 in decimal, into `out[at]`. */
export function decimal(bytes: Uint8Array, p: number, out: Int32Array, at: number): number {
  if (p < 0) return -1;
  const negative = bytes[p] === 45;
  if (negative) p++;
  let digit = bytes[p]! - 48;
  if (digit < 0 || digit > 9) return -1;
  let value = 0;
  do {
    value = value * 10 + digit;
    if (value > 0xffff_ffff) return -1;
    digit = bytes[++p]! - 48;
  } while (digit >= 0 && digit <= 9);
  out[at] = negative ? -value : value;
  return p;
}

/** A hex digit, or a number that is none: below 0 or above 15. */
function hexDigit(c: number): number {
  if (c <= 57) return c - 48;
  const digit = (c | 32) - 87;
  return digit < 10 ? 16 : digit;
}

/** A u64 in hex without its 0x, into `out[at]` (low word) and `out[at + 1]`. */
export function hexadecimal(bytes: Uint8Array, p: number, out: Int32Array, at: number): number {
  if (p < 0) return -1;
  const start = p;
  let lo = 0;
  let hi = 0;
  for (;;) {
    const digit = hexDigit(bytes[p]!);
    if (digit < 0 || digit > 15) break;
    hi = (hi << 4) | (lo >>> 28);
    lo = (lo << 4) | digit;
    p++;
  }
  const digits = p - start;
  if (digits === 0 || digits > 16) return -1;
  out[at] = lo;
  out[at + 1] = hi;
  return p;
}

/** A u32 in hex without its 0x, into `out[at]`. */
export function hexadecimal32(bytes: Uint8Array, p: number, out: Int32Array, at: number): number {
  if (p < 0) return -1;
  const start = p;
  let value = 0;
  for (;;) {
    const digit = hexDigit(bytes[p]!);
    if (digit < 0 || digit > 15) break;
    value = (value << 4) | digit;
    p++;
  }
  const digits = p - start;
  if (digits === 0 || digits > 8) return -1;
  out[at] = value;
  return p;
}

/** A number ends here: space, tab, end of line. */
export function fieldEnd(bytes: Uint8Array, p: number): number {
  if (p < 0) return -1;
  const c = bytes[p]!;
  return c === 32 || c === 10 || c === 13 || c === 9 ? p : -1;
}

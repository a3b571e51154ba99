/**
 * A u64 from the two words in which hot paths carry it.
 *
 * @module
 */
const u64 = new BigUint64Array(1);
const words = new Uint32Array(u64.buffer);

/**
 * A u64 from its words.
 *
 * @param lo Low word, signed or unsigned
 * @param hi High word, signed or unsigned
 * @returns The u64
 *
 * @example
 * ```ts
 * import { joinWords } from "@ioeventfd/uapi";
 *
 * if (joinWords(-1, 1) !== 0x1_ffff_ffffn) throw new Error("not joined");
 * ```
 */
export function joinWords(lo: number, hi: number): bigint {
  words[0] = lo;
  words[1] = hi;
  return u64[0]!;
}

/**
 * The two words in which hot paths carry a u64.
 *
 * @module
 */
const u64 = new BigUint64Array(1);
const words = new Uint32Array(u64.buffer);

/**
 * The words of a u64: what {@linkcode joinWords} joins.
 *
 * @param value The u64
 * @returns Low and high word, unsigned
 *
 * @example
 * ```ts
 * import { splitWords } from "@ioeventfd/uapi";
 *
 * const { lo, hi } = splitWords(0x1_febf_b000n);
 * if (lo !== 0xfebf_b000 || hi !== 1) throw new Error("not split");
 * ```
 */
export function splitWords(value: bigint): { readonly lo: number; readonly hi: number } {
  u64[0] = value;
  return { lo: words[0]!, hi: words[1]! };
}

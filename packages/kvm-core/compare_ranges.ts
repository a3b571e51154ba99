/**
 * The order of I/O ranges that is no order.
 *
 * @module
 */
import type { BusRules } from "@ioeventfd/uapi";

/** An I/O range: an address as two words (u32) and a length in bytes (s32). */
export interface IoRange {
  /** First address, low word (u32). */
  readonly lo: number;
  /** First address, high word (u32). */
  readonly hi: number;
  /** Bytes (s32). */
  readonly len: number;
}

const WORD = 0x1_0000_0000;

/**
 * {@linkcode compareRanges} on words, signed or unsigned, without objects.
 *
 * @param zeroLengthFindable Of the release's bus rules
 * @param keyLo First address of `a`, low word
 * @param keyHi First address of `a`, high word
 * @param aLen Bytes of `a` (s32)
 * @param entryLo First address of `b`, low word
 * @param entryHi First address of `b`, high word
 * @param bLen Bytes of `b` (s32)
 * @returns −1, 0 or 1
 */
export function compareWords(
  zeroLengthFindable: boolean,
  keyLo: number,
  keyHi: number,
  aLen: number,
  entryLo: number,
  entryHi: number,
  bLen: number,
): -1 | 0 | 1 {
  const aLo = keyLo >>> 0, aHi = keyHi >>> 0, bLo = entryLo >>> 0, bHi = entryHi >>> 0;
  if (aHi < bHi || (aHi === bHi && aLo < bLo)) return -1;
  if (bLen === 0 && zeroLengthFindable) return aHi === bHi && aLo === bLo ? 0 : 1;
  // Ends, modulo 2^64.
  const aSum = aLo + aLen, bSum = bLo + bLen;
  const aEndHi = (aHi + Math.floor(aSum / WORD)) >>> 0;
  const bEndHi = (bHi + Math.floor(bSum / WORD)) >>> 0;
  if (aEndHi !== bEndHi) return aEndHi > bEndHi ? 1 : 0;
  return aSum >>> 0 > bSum >>> 0 ? 1 : 0;
}

// KERNEL 3.16, 6.19 virt/kvm/kvm_main.c kvm_io_bus_cmp
/**
 * Compares two ranges as the bus does, to sort and to search: −1 when `a` starts below `b`, 1 when it ends above it,
 * else 0, "equal", which means contained. Where the release finds zero-length entries, a `b` of zero length equals an
 * `a` of any length that starts at its address.
 *
 * It is neither antisymmetric nor transitive, which is where missed doorbells come from.
 *
 * @param rules The bus rules of a kernel release
 * @param a The key, in a search
 * @param b The entry compared with
 * @returns −1, 0 or 1
 *
 * @example Contained, so equal; the other way round it is not
 * ```ts
 * import { compareRanges } from "@ioeventfd/kvm-core";
 * import { latestRelease } from "@ioeventfd/uapi";
 *
 * const zone = { lo: 0xf00, hi: 0, len: 0x1000 };
 * const doorbell = { lo: 0x1000, hi: 0, len: 4 };
 * if (compareRanges(latestRelease.bus, doorbell, zone) !== 0) throw new Error("contained");
 * if (compareRanges(latestRelease.bus, zone, doorbell) !== -1) throw new Error("starts below");
 * ```
 */
export function compareRanges(rules: BusRules, a: IoRange, b: IoRange): -1 | 0 | 1 {
  return compareWords(rules.zeroLengthFindable, a.lo, a.hi, a.len, b.lo, b.hi, b.len);
}

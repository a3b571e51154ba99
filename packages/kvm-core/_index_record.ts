/**
 * What the third and fourth word of a record say of an address.
 *
 * TAG is all that a plain hit reads besides the address. Above 0 it is of the only ioeventfd there, a wildcard at a clean
 * address: the place of its counter from bit 5 on, bit 4, its length. Below 0 it is the complement of its number, or of
 * that of the group where there are several. META says more, in the bits below.
 */

/** Longest length at the address, 0 to 8. */
export const LEN = 0xf;
/** Several registrations are at the address, or were. */
export const SEVERAL: number = 1 << 4;
/** The only registration compares a value. */
export const DATAMATCH: number = 1 << 5;
/** Meets another device's range. */
export const COVERED: number = 1 << 6;
/** Times the addresses within 8 bytes that it interferes with, 5 bits. */
export const CONFLICT: number = 1 << 8;
/** All of those bits. */
export const CONFLICTS = 0x1f00;
/** All but the lengths of several and the number of one. */
export const COMMON: number = (1 << 13) - 1;
/** First bit of the number of the only ioeventfd, as far as it fits. */
export const OWN = 13;
/** Where there are several, first of 4 bits each: wildcards, and datamatches, of 1, 2, 4, 8 bytes. */
export const WILD = 14, MATCHED = 18;
/** The address is not clean. */
export const DIRTY: number = COVERED | CONFLICTS;
/** First bit of the place in a TAG above 0, and the bit set in all of them. */
export const PLACE: number = 5, PLAIN: number = 1 << 4;
const MOST_PLACES = 1 << 26, MOST_OWN = 1 << 19;
/** TAG alone does not say enough. */
export const SLOW: number = DIRTY | SEVERAL | DATAMATCH;

/** The TAG of an address, from its META, its number or its group's, and the place of the counter of its only ioeventfd. */
export function tagOf(meta: number, ref: number, place: number): number {
  const isPlain = (meta & SLOW) === 0 && place < MOST_PLACES && ref < MOST_OWN;
  return isPlain ? place << PLACE | PLAIN | meta & LEN : ~ref;
}

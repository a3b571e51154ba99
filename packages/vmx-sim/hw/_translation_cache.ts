/**
 * The layout of the CPU's translation cache: an Int32Array of entries, direct-mapped by linear page, a part for each
 * kind of access.
 *
 * @module
 */

/** Kind of access: where its part of the cache starts, in words. */
export type AccessKind = 0 | 0x800 | 0x1000;
/** Kinds of access. */
export const READ = 0, WRITE = 0x800, FETCH = 0x1000;
/** Entries of the whole cache. */
export const CACHE_ENTRIES: number = 3 * 256;
/** Words of an entry, of which two are not used. */
export const CACHE_WORDS = 8;

/** Words of an entry: linear page with `TAG_SUPERVISOR` or `TAG_USER`, its high word, offset of the page in its host bytes. */
export const TAG_LO = 0, TAG_HI = 1, OFFSET = 2;
/** Words of an entry: guest physical page, low and high word. */
export const GPA_LO = 3, GPA_HI = 4;
/** Word of an entry: where its EPT leaf lies, or one of the two that follow. */
export const LEAF = 5;
/** Stands for the leaf of a page that is RAM, and for one that the tables do not have. */
export const LEAF_OF_RAM: number = -1, LEAF_UNKNOWN: number = -2;
/** Low bits of a cached tag: supervisor and user translations are kept apart. */
export const TAG_SUPERVISOR = 1, TAG_USER = 3;

/** The first word of the entry of a linear address. */
export function cacheIndex(lo: number, kind: number): number {
  return ((lo >>> 9) & 0x7f8) + kind;
}

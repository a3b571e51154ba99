import type { ExactKey } from "./exact_key.ts";

const FIRST_SLOTS = 16;
/** The slots of every index that has none yet; never written to. */
const NONE = new Int32Array(FIRST_SLOTS * 6);

/**
 * Numbers by exact registration, for addresses that hold more than one: open addressing over one Int32Array with the
 * keys beside the numbers (6 words a slot), deletion by shifting back.
 */
export class DatamatchIndex {
  #words = NONE;
  #mask = FIRST_SLOTS - 1;
  #count = 0;

  get bytes(): number {
    return this.#words.byteLength;
  }

  /** The number, or −1. */
  find(lo: number, hi: number, kind: number, dlo: number, dhi: number): number {
    const words = this.#words;
    for (let slot = this.#hash(lo, hi, kind, dlo, dhi);; slot = (slot + 1) & this.#mask) {
      const at = slot * 6;
      if (words[at + 5] === 0) return -1;
      if (
        words[at] === lo && words[at + 1] === hi && words[at + 2] === kind &&
        words[at + 3] === dlo && words[at + 4] === dhi
      ) return words[at + 5]! - 1;
    }
  }

  set(key: ExactKey, number: number): void {
    if (this.#words === NONE) this.#words = new Int32Array(FIRST_SLOTS * 6);
    if (this.#count * 2 >= this.#mask) this.#resize((this.#mask + 1) * 2);
    this.#count++;
    this.#put(key.lo, key.hi, kindOf(key), key.datamatchLo, key.datamatchHi, number + 1);
  }

  delete(key: ExactKey): void {
    const words = this.#words, mask = this.#mask;
    const kind = kindOf(key);
    let hole = this.#hash(key.lo, key.hi, kind, key.datamatchLo, key.datamatchHi);
    for (;; hole = (hole + 1) & mask) {
      const at = hole * 6;
      if (words[at + 5] === 0) return;
      if (
        words[at] === key.lo && words[at + 1] === key.hi && words[at + 2] === kind &&
        words[at + 3] === key.datamatchLo && words[at + 4] === key.datamatchHi
      ) break;
    }
    this.#count--;
    for (let slot = (hole + 1) & mask; words[slot * 6 + 5] !== 0; slot = (slot + 1) & mask) {
      const at = slot * 6;
      const home = this.#hash(
        words[at]!,
        words[at + 1]!,
        words[at + 2]!,
        words[at + 3]!,
        words[at + 4]!,
      );
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      words.copyWithin(hole * 6, at, at + 6);
      hole = slot;
    }
    words[hole * 6 + 5] = 0;
    const slots = mask + 1;
    if (slots > FIRST_SLOTS && this.#count * 8 < slots) this.#resize(slots / 2);
  }

  #put(lo: number, hi: number, kind: number, dlo: number, dhi: number, mark: number): void {
    const words = this.#words;
    let slot = this.#hash(lo, hi, kind, dlo, dhi);
    while (words[slot * 6 + 5] !== 0) slot = (slot + 1) & this.#mask;
    const at = slot * 6;
    words[at] = lo;
    words[at + 1] = hi;
    words[at + 2] = kind;
    words[at + 3] = dlo;
    words[at + 4] = dhi;
    words[at + 5] = mark;
  }

  #resize(slots: number): void {
    const old = this.#words;
    this.#words = new Int32Array(slots * 6);
    this.#mask = slots - 1;
    for (let at = 0; at < old.length; at += 6) {
      if (old[at + 5] === 0) continue;
      this.#put(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!, old[at + 4]!, old[at + 5]!);
    }
  }

  #hash(lo: number, hi: number, kind: number, dlo: number, dhi: number): number {
    let mix = Math.imul(lo ^ Math.imul(hi, 0x27d4eb2f), 0x9e3779b1 | 0) + kind;
    mix = Math.imul(mix ^ (mix >>> 15) ^ dlo, 0x85ebca6b | 0);
    mix = Math.imul(mix ^ (mix >>> 13) ^ dhi, 0xc2b2ae35 | 0);
    return (mix ^ (mix >>> 16)) & this.#mask;
  }
}

/** Length, with bit 4 for a wildcard. */
export function kindOf(key: ExactKey): number {
  return key.wildcard ? key.len | 16 : key.len;
}

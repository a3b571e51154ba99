/**
 * Counts of words given as bytes, without making a string of each.
 *
 * @module
 */

const decoder = new TextDecoder("latin1");
const slots = 256;
const most = 64;

/** At most 64 different names, found by hash; the rest are one entry named `…`. */
export class NameCounts {
  readonly #names: (string | undefined)[] = new Array(slots);
  readonly #bytes: Uint8Array[] = new Array(slots);
  readonly #counts = new Float64Array(slots);
  #used = 0;
  #rest = 0;

  /** Counts the word at `bytes[from]` to `bytes[to - 1]`. */
  add(bytes: Uint8Array, from: number, to: number): void {
    let hash = 0x811c9dc5;
    for (let p = from; p < to; p++) hash = Math.imul(hash ^ bytes[p]!, 0x01000193);
    for (let slot = (hash >>> 8) & (slots - 1);; slot = (slot + 1) & (slots - 1)) {
      if (this.#names[slot] === undefined) {
        if (this.#used === most) {
          this.#rest++;
          return;
        }
        this.#used++;
        this.#bytes[slot] = bytes.slice(from, to);
        this.#names[slot] = decoder.decode(this.#bytes[slot]);
      } else if (!same(this.#bytes[slot]!, bytes, from, to)) continue;
      this.#counts[slot]! += 1;
      return;
    }
  }

  /** Names and counts, most frequent first. */
  counts(): Map<string, number> {
    const entries: [string, number][] = [];
    for (let slot = 0; slot < slots; slot++) {
      const name = this.#names[slot];
      if (name !== undefined) entries.push([name, this.#counts[slot]!]);
    }
    entries.sort((a, b) => b[1] - a[1]);
    if (this.#rest > 0) entries.push(["…", this.#rest]);
    return new Map(entries);
  }
}

function same(word: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (word.length !== to - from) return false;
  for (let i = 0; i < word.length; i++) {
    if (word[i] !== bytes[from + i]) return false;
  }
  return true;
}

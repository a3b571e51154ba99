/**
 * The tables KVM builds for the CPU: extended page tables by guest physical address, or shadow page tables by linear
 * address. Real tables of 512 entries of 64 bits, in one growing block of memory that stands for host pages.
 *
 * @module
 */

/** Words of one table: 512 entries of two. */
const tableWords = 1024;

/** A radix tree of page table entries, one leaf per 4 KiB page. */
export class PageTables {
  /** All tables one after another; entry e is words 2e (low) and 2e + 1 (high). Replaced when it grows. */
  declare words: Int32Array;
  /** Levels from the root to the leaf: 4 or 5. */
  readonly levels: number;
  /** Entries read by the last `find`. */
  entriesRead = 0;
  /** Changes whenever an entry is taken away, so that who caches entries knows. */
  zapCount = 0;
  readonly #linkBits: number;
  #used = 1;
  #free: number[] = [];

  /**
   * Empty tables: the root alone.
   *
   * @param levels 4 (48-bit addresses) or 5 (57-bit)
   * @param linkBits Low bits of an entry that points to another table: 7 for EPT, 7 with U/S for shadow tables too
   */
  constructor(levels: 4 | 5, linkBits: number) {
    this.levels = levels;
    this.#linkBits = linkBits;
    this.words = new Int32Array(16 * tableWords);
  }

  /** Tables in use, the root included. */
  get tableCount(): number {
    return this.#used - this.#free.length;
  }

  /**
   * Walks to the leaf of an address.
   *
   * @param lo Address bits 31:0
   * @param hi Address bits 63:32
   * @returns Index in `words` of the leaf's low word, or -1 where a table is missing on the way
   */
  find(lo: number, hi: number): number {
    const words = this.words;
    let table = 0;
    let read = 0;
    for (let level = this.levels; level > 1; level--) {
      const entry = table + slot(lo, hi, level);
      const link = words[entry]!;
      read++;
      if (link === 0) {
        this.entriesRead = read;
        return -1;
      }
      table = (link >>> 12) * tableWords;
    }
    this.entriesRead = read + 1;
    return table + slot(lo, hi, 1);
  }

  /**
   * Walks to the leaf of an address and builds the tables missing on the way.
   *
   * @param lo Address bits 31:0
   * @param hi Address bits 63:32
   * @returns Index in `words` of the leaf's low word
   */
  ensure(lo: number, hi: number): number {
    let table = 0;
    for (let level = this.levels; level > 1; level--) {
      const entry = table + slot(lo, hi, level);
      const link = this.words[entry]!;
      if (link === 0) {
        const fresh = this.#allocate();
        this.words[entry] = fresh << 12 | this.#linkBits;
        table = fresh * tableWords;
      } else {
        table = (link >>> 12) * tableWords;
      }
    }
    return table + slot(lo, hi, 1);
  }

  /** Sets the leaf of an address. */
  set(lo: number, hi: number, entryLo: number, entryHi: number): void {
    const at = this.ensure(lo, hi);
    this.words[at] = entryLo;
    this.words[at + 1] = entryHi;
  }

  /** Takes away every entry. */
  zapAll(): void {
    this.words.fill(0, 0, this.#used * tableWords);
    this.#used = 1;
    this.#free = [];
    this.zapCount++;
  }

  /**
   * Takes away the leaves of a range.
   *
   * @param page First page number (address / 4096), below 2^52
   * @param count Pages
   */
  zapRange(page: number, count: number): void {
    this.zapCount++;
    this.#zap(0, this.levels, 0, page, page + count);
  }

  /** Visits every leaf that is not zero: address bits 31:0 and 63:32, entry low and high word. */
  forEachLeaf(visit: (lo: number, hi: number, entryLo: number, entryHi: number) => void): void {
    this.#visit(0, this.levels, 0, visit);
  }

  #visit(
    table: number,
    level: number,
    base: number,
    visit: (lo: number, hi: number, entryLo: number, entryHi: number) => void,
  ): void {
    const span = 512 ** (level - 1);
    for (let i = 0; i < 512; i++) {
      const at = table * tableWords + i * 2;
      const lo = this.words[at]!;
      const hi = this.words[at + 1]!;
      if (lo === 0 && hi === 0) continue;
      const page = base + i * span;
      if (level > 1) this.#visit(lo >>> 12, level - 1, page, visit);
      else visit((page % 0x10_0000) * 4096 | 0, Math.floor(page / 0x10_0000) | 0, lo, hi);
    }
  }

  /** Zaps [first, end) below a table that starts at page `base`; frees tables left without use. */
  #zap(table: number, level: number, base: number, first: number, end: number): void {
    const span = 512 ** (level - 1);
    const from = Math.max(0, Math.floor((first - base) / span));
    const to = Math.min(511, Math.floor((end - 1 - base) / span));
    for (let i = from; i <= to; i++) {
      const at = table * tableWords + i * 2;
      const lo = this.words[at]!;
      if (lo === 0 && this.words[at + 1] === 0) continue;
      const start = base + i * span;
      if (level === 1) {
        this.words[at] = 0;
        this.words[at + 1] = 0;
      } else if (first <= start && start + span <= end) {
        this.#release(lo >>> 12, level - 1);
        this.words[at] = 0;
      } else {
        this.#zap(lo >>> 12, level - 1, start, first, end);
      }
    }
  }

  #release(table: number, level: number): void {
    const start = table * tableWords;
    if (level > 1) {
      for (let at = start; at < start + tableWords; at += 2) {
        if (this.words[at] !== 0) this.#release(this.words[at]! >>> 12, level - 1);
      }
    }
    this.words.fill(0, start, start + tableWords);
    this.#free.push(table);
  }

  #allocate(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) return reused;
    const table = this.#used++;
    if (this.#used * tableWords > this.words.length) {
      const grown = new Int32Array(this.words.length * 2);
      grown.set(this.words);
      this.words = grown;
    }
    return table;
  }
}

/** Word offset within a table of the entry for an address at a level, 1 being the leaf. */
function slot(lo: number, hi: number, level: number): number {
  switch (level) {
    case 1:
      return (lo >>> 11) & 0x3fe;
    case 2:
      return (lo >>> 20) & 0x3fe;
    case 3:
      return ((lo >>> 29) & 6) | ((hi << 3) & 0x3f8);
    case 4:
      return (hi >>> 6) & 0x3fe;
    default:
      return (hi >>> 15) & 0x3fe;
  }
}

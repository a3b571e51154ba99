type Words = Int32Array<ArrayBuffer>;

const FIRST_SLOTS = 4; // 64 bytes, which V8 keeps in its heap
/** The records of every table that has none yet; never written to. */
const NONE: Words = new Int32Array(FIRST_SLOTS * 4);
const MULTIPLIERS = [0x9e3779b1 | 0, 0x85ebca6b | 0, 0x2545f491, 0xcc9e2d51 | 0];

/** Where in a record its third and fourth word are; the first two are the address. */
export const TAG = 2, META = 3;

/**
 * Records of four words by 64-bit address: open addressing over one Int32Array, deletion by shifting back. A record whose
 * TAG is 0 is empty. At most a third is in use: a longer probe costs more than a larger table.
 */
export class AddressTable {
  records: Words = NONE;
  /** Last word of the last record. */
  mask: number = FIRST_SLOTS * 4 - 1;
  /** Addresses in the table. */
  count = 0;
  #shift = 30;
  #multiplier = MULTIPLIERS[0]!;
  /** Steps that the records of now are from home. */
  #probes = 0;
  /** Records there were when the multiplier was chosen. */
  #chosenAt = 0;

  /** First word of the record where the search for an address begins. */
  home(lo: number, hi: number): number {
    const mixed = Math.imul(lo ^ Math.imul(hi, 0x27d4eb2f), this.#multiplier);
    return (mixed >>> this.#shift) << 2;
  }

  /** First word of its record, or −1. */
  find(lo: number, hi: number): number {
    const records = this.records;
    for (let at = this.home(lo, hi);; at = (at + 4) & this.mask) {
      if (records[at + TAG] === 0) return -1;
      if (records[at] === lo && records[at + 1] === hi) return at;
    }
  }

  /** To be called before {@linkcode AddressTable.claim}; moves records. */
  makeRoom(): void {
    if (this.records === NONE) this.records = new Int32Array(FIRST_SLOTS * 4);
    const slots = (this.mask + 1) >>> 2;
    if (this.count * 3 >= slots) this.#resize(slots * 2);
    else if (this.#probes * 8 > this.count && this.count * 4 > this.#chosenAt * 5) {
      this.#resize(slots); // for another multiplier
    }
  }

  /** An empty record for an address that has none. */
  claim(lo: number, hi: number, tag: number, meta: number): number {
    const records = this.records;
    let at = this.home(lo, hi);
    for (; records[at + TAG] !== 0; at = (at + 4) & this.mask) this.#probes++;
    records[at] = lo;
    records[at + 1] = hi;
    records[at + TAG] = tag;
    records[at + META] = meta;
    this.count++;
    return at;
  }

  /** Empties a record; moves others. */
  drop(at: number): void {
    const records = this.records, mask = this.mask;
    let hole = at;
    for (let next = (at + 4) & mask; records[next + TAG] !== 0; next = (next + 4) & mask) {
      const home = this.home(records[next]!, records[next + 1]!);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      records.copyWithin(hole, next, next + 4);
      hole = next;
    }
    records[hole + TAG] = 0;
    this.count--;
    const slots = (mask + 1) >>> 2;
    if (slots > FIRST_SLOTS && this.count * 12 < slots) this.#resize(slots >>> 1);
  }

  #resize(slots: number): void {
    const old = this.records;
    this.mask = slots * 4 - 1;
    this.#shift = Math.clz32(slots - 1);
    let best = Infinity, chosen = this.#multiplier;
    for (const multiplier of MULTIPLIERS) {
      this.#multiplier = multiplier;
      const { table, probes } = this.#rehash(old, slots);
      if (probes < best) {
        best = probes;
        chosen = multiplier;
        this.records = table;
      }
      if (probes * 16 <= this.count) break;
    }
    this.#multiplier = chosen;
    this.#probes = best;
    this.#chosenAt = this.count;
  }

  #rehash(old: Words, slots: number): { table: Words; probes: number } {
    const table = new Int32Array(slots * 4);
    let probes = 0;
    for (let from = 0; from < old.length; from += 4) {
      if (old[from + TAG] === 0) continue;
      let at = this.home(old[from]!, old[from + 1]!);
      for (; table[at + TAG] !== 0; at = (at + 4) & this.mask) probes++;
      for (let word = 0; word < 4; word++) table[at + word] = old[from + word]!;
    }
    return { table, probes };
  }
}

import type { BusRules } from "@ioeventfd/uapi";
import { DatamatchIndex } from "./_datamatch_index.ts";
import { addressNumber, type RangeCover } from "./_range_cover.ts";
import type { ExactKey } from "./exact_key.ts";
import { EOPNOTSUPP } from "./io_device.ts";
import type { Ioeventfd } from "./ioeventfd.ts";
import { matches } from "./matches.ts";

/** Answer of {@linkcode IoeventfdIndex.write}: no ioeventfd at this address. */
export const ABSENT = 1;
/** Answer of {@linkcode IoeventfdIndex.write}: only the kernel's array can tell. */
export const UNDECIDED = 2;

type Words = Int32Array<ArrayBuffer>;

const FIRST_SLOTS = 16;
const MULTIPLIERS = [0x9e3779b1 | 0, 0x85ebca6b | 0, 0x2545f491, 0xcc9e2d51 | 0];

// A record: address low, address high, meta, and the number of the ioeventfd, or of the group where there are several.
const META = 2, REF = 3;
// Meta bits. An unused record is 0.
const LEN = 0xf; // longest length at the address, 0 to 8
const SEVERAL = 1 << 4;
const DATAMATCH = 1 << 5; // the only registration compares a value
const COVERED = 1 << 6; // meets another device's range
const CONFLICT = 1 << 8; // times the addresses within 8 bytes that it interferes with, 5 bits
const CONFLICTS = 0x1f00;
const USED = 1 << 13;
const WILD = 14; // first of 4 bits: a wildcard of 1, 2, 4, 8 bytes
const MATCHED = 18; // first of 4 bits: datamatches of 1, 2, 4, 8 bytes
const DIRTY = COVERED | CONFLICTS;
const SLOW = DIRTY | SEVERAL | DATAMATCH;

/**
 * The ioeventfds of a bus by address, in open addressing over one Int32Array.
 *
 * Two entries at different addresses *interfere* when their half-open ranges overlap, or when one of zero length lies in
 * the closed range of the other. What interferes, directly or through others, is a component; between components the
 * bus comparator is a total order, within one it may not be. An address is *clean* when its component holds ioeventfds
 * at that address alone. The binary search for a clean address ends among its entries, as long as the array is in
 * ascending order, and by the collision rule at most one of them matches: the answer of the hash table is the kernel's.
 * (Heapsort leaves different lengths at one address out of order, so there the condition fails more often.)
 *
 * No length is above 8, so 8 addresses on either side show what an address interferes with.
 */
export class IoeventfdIndex {
  readonly #zeroLengthFindable: boolean;
  readonly #cover: RangeCover;
  readonly #exact = new DatamatchIndex();
  #records: Words = new Int32Array(FIRST_SLOTS * 4);
  #mask = FIRST_SLOTS * 4 - 1;
  #shift = 28;
  #multiplier = MULTIPLIERS[0]!;
  #addresses = 0;
  #longest = 0;
  #devices: (Ioeventfd | null)[] = [];
  #order: number[] = [];
  #free: number[] = [];
  #groups: Int32Array[] = [];
  #freeGroups: number[] = [];
  /** Registrations. */
  size = 0;
  /** Registrations of a length above 0. */
  sized = 0;
  /** Addresses that are not clean. */
  dirty = 0;

  constructor(rules: BusRules, cover: RangeCover) {
    this.#zeroLengthFindable = rules.zeroLengthFindable;
    this.#cover = cover;
  }

  /** 0 when it signalled, EOPNOTSUPP, {@linkcode ABSENT} or {@linkcode UNDECIDED}. For lengths 1 to 8, and 0 when `sized` is 0. */
  write(lo: number, hi: number, len: number, vlo: number, vhi: number): number {
    const records = this.#records;
    const low = lo | 0, high = hi | 0;
    let at = this.#home(low, high);
    for (;;) {
      const meta = records[at + META]!;
      if (meta === 0) return ABSENT;
      if (records[at] === low && records[at + 1] === high) {
        if ((meta & SLOW) !== 0) return this.#writeSlow(at, len, vlo, vhi);
        const wanted = meta & LEN;
        if (wanted !== len && (wanted !== 0 || !this.#zeroLengthFindable)) return EOPNOTSUPP;
        this.#devices[records[at + REF]!]!.context.signal();
        return 0;
      }
      at = (at + 4) & this.#mask;
    }
  }

  /** Whether the registration may not be made, by the collision rule of any release that knows zero length. */
  collides(key: ExactKey): boolean {
    const at = this.#find(key.lo, key.hi);
    if (at < 0) return false;
    const meta = this.#records[at + META]!;
    if (key.len === 0 || (meta & LEN) === 0) return true;
    const bit = lengthBit(key.len);
    if ((meta & SEVERAL) === 0) {
      const there = this.#devices[this.#records[at + REF]!]!;
      if (there.len !== key.len) return false;
      return key.wildcard || there.wildcard ||
        (there.datamatchLo === key.datamatchLo && there.datamatchHi === key.datamatchHi);
    }
    if ((meta >>> WILD & bit) !== 0) return true;
    if ((meta >>> MATCHED & bit) === 0) return false;
    return key.wildcard ||
      this.#exact.find(key.lo, key.hi, key.len, key.datamatchLo, key.datamatchHi) >= 0;
  }

  /** The registration with exactly this address, length and datamatch. */
  get(key: ExactKey): Ioeventfd | null {
    const at = this.#find(key.lo, key.hi);
    if (at < 0 || key.len > 8) return null;
    if ((this.#records[at + META]! & SEVERAL) === 0) {
      const there = this.#devices[this.#records[at + REF]!]!;
      const same = there.len === key.len && there.wildcard === key.wildcard &&
        there.datamatchLo === key.datamatchLo && there.datamatchHi === key.datamatchHi;
      return same ? there : null;
    }
    const kind = key.wildcard ? key.len | 16 : key.len;
    const number = this.#exact.find(key.lo, key.hi, kind, key.datamatchLo, key.datamatchHi);
    return number < 0 ? null : this.#devices[number]!;
  }

  /** The registration that a write matches by the rule, whether or not the kernel's search finds it. */
  match(lo: number, hi: number, len: number, vlo: number, vhi: number): Ioeventfd | null {
    const at = this.#find(lo | 0, hi | 0);
    if (at < 0) return null;
    const number = this.#matching(at, len, vlo, vhi);
    return number < 0 ? null : this.#devices[number]!;
  }

  /** False, and nothing done, when it collides. */
  add(device: Ioeventfd, order: number): boolean {
    if (this.collides(device)) return false;
    if (this.#addresses * 2 >= this.#mask >>> 2) this.#resize((this.#mask + 1) >>> 1);
    const number = this.#number(device, order);
    let at = this.#find(device.lo, device.hi);
    if (at < 0) {
      at = this.#claim(device.lo, device.hi);
      this.#records[at + META] = USED | device.len | (device.wildcard ? 0 : DATAMATCH);
      this.#records[at + REF] = number;
      this.#addresses++;
      this.#shapeChanged(at, -1, device.len);
    } else {
      const before = this.#records[at + META]! & LEN;
      if ((this.#records[at + META]! & SEVERAL) === 0) this.#makeGroup(at);
      this.#join(at, device, number);
      this.#refreshGroup(at, before);
    }
    this.size++;
    if (device.len !== 0) this.sized++;
    return true;
  }

  /** False when it is not in here. */
  remove(device: Ioeventfd): boolean {
    const at = this.#find(device.lo, device.hi);
    if (at < 0) return false;
    const ref = this.#records[at + REF]!;
    if ((this.#records[at + META]! & SEVERAL) === 0) {
      if (this.#devices[ref] !== device) return false;
      this.#shapeChanged(at, device.len, -1);
      this.#drop(at);
      this.#release(ref);
    } else {
      const kind = device.wildcard ? device.len | 16 : device.len;
      const { lo, hi, datamatchLo, datamatchHi } = device;
      const number = this.#exact.find(lo, hi, kind, datamatchLo, datamatchHi);
      if (number < 0 || this.#devices[number] !== device) return false;
      this.#leave(at, device);
      this.#release(number);
    }
    this.size--;
    if (device.len !== 0) this.sized--;
    if (this.size === 0) this.#longest = 0;
    return true;
  }

  /** Every registration, with the order of its making on this bus. */
  *[Symbol.iterator](): Generator<{ readonly device: Ioeventfd; readonly order: number }> {
    for (let number = 0; number < this.#devices.length; number++) {
      const device = this.#devices[number];
      if (device !== null && device !== undefined) yield { device, order: this.#order[number]! };
    }
  }

  /** To be called after the ranges of the other devices changed. */
  recover(): void {
    for (let at = 0; at < this.#records.length; at += 4) {
      if (this.#records[at + META] !== 0) this.#markCovered(at);
    }
  }

  /** Bytes of the tables, without the ioeventfds themselves. */
  get bytes(): number {
    return this.#records.byteLength + this.#exact.bytes + this.#groups.length * 24 +
      (this.#devices.length + this.#order.length + this.#free.length) * 8;
  }

  #writeSlow(at: number, len: number, vlo: number, vhi: number): number {
    if ((this.#records[at + META]! & DIRTY) !== 0) return UNDECIDED;
    const number = this.#matching(at, len, vlo, vhi);
    if (number < 0) return EOPNOTSUPP;
    this.#devices[number]!.context.signal();
    return 0;
  }

  #matching(at: number, len: number, vlo: number, vhi: number): number {
    const meta = this.#records[at + META]!;
    if ((meta & SEVERAL) === 0) {
      const ref = this.#records[at + REF]!;
      return matches(this.#devices[ref]!, len, vlo, vhi) ? ref : -1;
    }
    const bit = lengthBit(len);
    const lo = this.#records[at]!, hi = this.#records[at + 1]!;
    if ((meta >>> WILD & bit) !== 0) return this.#exact.find(lo, hi, len | 16, 0, 0);
    if ((meta >>> MATCHED & bit) === 0) return -1;
    const kept = len === 1 ? vlo & 0xff : len === 2 ? vlo & 0xffff : vlo | 0;
    return this.#exact.find(lo, hi, len, kept, len === 8 ? vhi | 0 : 0);
  }

  #home(lo: number, hi: number): number {
    const mixed = Math.imul(lo ^ Math.imul(hi, 0x27d4eb2f), this.#multiplier);
    return (mixed >>> this.#shift) << 2;
  }

  #find(lo: number, hi: number): number {
    const records = this.#records;
    for (let at = this.#home(lo, hi);; at = (at + 4) & this.#mask) {
      if (records[at + META] === 0) return -1;
      if (records[at] === lo && records[at + 1] === hi) return at;
    }
  }

  #claim(lo: number, hi: number): number {
    let at = this.#home(lo, hi);
    while (this.#records[at + META] !== 0) at = (at + 4) & this.#mask;
    this.#records[at] = lo;
    this.#records[at + 1] = hi;
    return at;
  }

  #drop(at: number): void {
    const records = this.#records, mask = this.#mask;
    this.#setMeta(at, USED);
    let hole = at;
    for (let next = (at + 4) & mask; records[next + META] !== 0; next = (next + 4) & mask) {
      const home = this.#home(records[next]!, records[next + 1]!);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      records.copyWithin(hole, next, next + 4);
      hole = next;
    }
    records[hole + META] = 0;
    this.#addresses--;
    const slots = (mask + 1) >>> 2;
    if (slots > FIRST_SLOTS && this.#addresses * 8 < slots) this.#resize(slots >>> 1);
  }

  #resize(slots: number): void {
    const old = this.#records;
    this.#mask = slots * 4 - 1;
    this.#shift = Math.clz32(slots - 1);
    let best = Infinity, chosen = this.#multiplier, records = old;
    for (const multiplier of MULTIPLIERS) {
      this.#multiplier = multiplier;
      const { table, probes } = this.#rehash(old, slots);
      if (probes < best) [best, chosen, records] = [probes, multiplier, table];
      if (probes * 4 <= this.#addresses) break;
    }
    this.#multiplier = chosen;
    this.#records = records;
  }

  #rehash(old: Words, slots: number): { table: Words; probes: number } {
    const table = new Int32Array(slots * 4);
    let probes = 0;
    for (let from = 0; from < old.length; from += 4) {
      if (old[from + META] === 0) continue;
      let at = this.#home(old[from]!, old[from + 1]!);
      for (; table[at + META] !== 0; at = (at + 4) & this.#mask) probes++;
      for (let word = 0; word < 4; word++) table[at + word] = old[from + word]!;
    }
    return { table, probes };
  }

  #number(device: Ioeventfd, order: number): number {
    const number = this.#free.pop() ?? this.#devices.length;
    this.#devices[number] = device;
    this.#order[number] = order;
    return number;
  }

  #release(number: number): void {
    this.#devices[number] = null;
    this.#free.push(number);
  }

  #makeGroup(at: number): void {
    const number = this.#records[at + REF]!;
    const group = this.#freeGroups.pop() ?? this.#groups.length;
    this.#groups[group] = new Int32Array(5);
    this.#records[at + REF] = group;
    this.#records[at + META] = (this.#records[at + META]! & ~DATAMATCH) | SEVERAL;
    this.#join(at, this.#devices[number]!, number);
  }

  #join(at: number, device: Ioeventfd, number: number): void {
    const counts = this.#groups[this.#records[at + REF]!]!;
    this.#exact.set(device, number);
    if (device.wildcard) this.#records[at + META]! |= lengthBit(device.len) << WILD;
    else counts[lengthCode(device.len)]!++;
    counts[4]!++;
  }

  #leave(at: number, device: Ioeventfd): void {
    const group = this.#records[at + REF]!;
    const counts = this.#groups[group]!;
    const before = this.#records[at + META]! & LEN;
    this.#exact.delete(device);
    if (device.wildcard) this.#records[at + META]! &= ~(lengthBit(device.len) << WILD);
    else counts[lengthCode(device.len)]!--;
    counts[4]!--;
    if (counts[4]! > 0) return this.#refreshGroup(at, before);
    this.#shapeChanged(at, before, -1);
    this.#drop(at);
    this.#freeGroups.push(group);
  }

  /** Works out lengths and flags of an address with several registrations after one came or went. */
  #refreshGroup(at: number, before: number): void {
    const counts = this.#groups[this.#records[at + REF]!]!;
    let meta = this.#records[at + META]! & ~(LEN | 0xf << MATCHED);
    for (let code = 0; code < 4; code++) if (counts[code]! > 0) meta |= 1 << (MATCHED + code);
    const lengths = (meta >>> WILD | meta >>> MATCHED) & 0xf;
    const longest = 1 << (31 - Math.clz32(lengths));
    this.#setMeta(at, meta | longest);
    if (longest !== before) this.#shapeChanged(at, before, longest);
  }

  /** Counts who interferes with whom anew, when the longest length at an address changed; −1 is none. */
  #shapeChanged(at: number, before: number, after: number): void {
    const lo = this.#records[at]!, hi = this.#records[at + 1]!;
    const longest = Math.max(before, after);
    if (longest > this.#longest) this.#longest = longest;
    for (let distance = 1; distance <= longest; distance++) {
      const sum = (lo >>> 0) + distance;
      const above = this.#find(sum | 0, sum > 0xffff_ffff ? (hi + 1) | 0 : hi);
      if (above < 0) continue;
      const len = this.#records[above + META]! & LEN;
      this.#count(at, above, interfere(before, len, distance), interfere(after, len, distance));
    }
    for (let distance = 1; distance <= this.#longest; distance++) {
      const below = this.#find((lo - distance) | 0, lo >>> 0 < distance ? (hi - 1) | 0 : hi);
      if (below < 0) continue;
      const len = this.#records[below + META]! & LEN;
      this.#count(at, below, interfere(len, before, distance), interfere(len, after, distance));
    }
    if (after >= 0) this.#markCovered(at);
  }

  #count(a: number, b: number, before: boolean, after: boolean): void {
    if (before === after) return;
    const step = after ? CONFLICT : -CONFLICT;
    this.#setMeta(a, this.#records[a + META]! + step);
    this.#setMeta(b, this.#records[b + META]! + step);
  }

  #markCovered(at: number): void {
    const lo = this.#records[at]!, hi = this.#records[at + 1]!;
    const meta = this.#records[at + META]!;
    // At the very top an access wraps, and then its end compares as low.
    const covered = (hi === -1 && lo >>> 0 >= 0xffff_ffe0) ||
      (!this.#cover.empty && this.#cover.meets(addressNumber(lo, hi), meta & LEN));
    this.#setMeta(at, covered ? meta | COVERED : meta & ~COVERED);
  }

  #setMeta(at: number, meta: number): void {
    const was = (this.#records[at + META]! & DIRTY) !== 0;
    this.#records[at + META] = meta;
    const is = (meta & DIRTY) !== 0;
    if (is !== was) this.dirty += is ? 1 : -1;
  }
}

/** Whether entries interfere, of which the upper starts `distance` bytes above the lower; −1 is no entry. */
function interfere(lower: number, upper: number, distance: number): boolean {
  if (lower < 0 || upper < 0) return false;
  return lower > distance || (lower === distance && upper === 0);
}

function lengthCode(len: number): number {
  return 31 - Math.clz32(len);
}

/** 1, 2, 4, 8 for a length of as many bytes, else 0. */
function lengthBit(len: number): number {
  return len <= 8 && (len & (len - 1)) === 0 ? len : 0;
}

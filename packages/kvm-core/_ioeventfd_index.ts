import type { BusRules } from "@ioeventfd/uapi";
import * as addressTable from "./_address_table.ts";
import { DatamatchIndex } from "./_datamatch_index.ts";
import { addressNumber, type RangeCover } from "./_range_cover.ts";
import type { ExactKey } from "./exact_key.ts";
import { EOPNOTSUPP } from "./io_device.ts";
import type { Ioeventfd } from "./ioeventfd.ts";
import * as indexRecord from "./_index_record.ts";
import { tagOf } from "./_index_record.ts";
import { SignalPlaces } from "./_signal_places.ts";
import { interfere, lengthBit, lengthCode } from "./_lengths.ts";
import { matches } from "./matches.ts";

// V8 folds constants of this module alone: see docs/speed.md
const { META, TAG } = addressTable;
const { CONFLICT, COVERED, DATAMATCH, DIRTY, LEN, MATCHED, OWN, PLACE, SEVERAL, COMMON, WILD } =
  indexRecord;

/** Answer of {@linkcode IoeventfdIndex.write}: no ioeventfd at this address. */
export const ABSENT = 1;
/** Answer of {@linkcode IoeventfdIndex.write}: only the kernel's array can tell. */
export const UNDECIDED = 2;

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
  readonly #table = new addressTable.AddressTable();
  #longest = 0;
  #bits = 0; // set in any of the addresses: none are nearer to each other than the lowest of these
  #devices: (Ioeventfd | null)[] = [];
  readonly #signals = new SignalPlaces();
  readonly #places: number[] = []; // of counters, by number
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
    const table = this.#table, records = table.records;
    const low = lo | 0, high = hi | 0;
    let at = table.home(low, high);
    for (;;) {
      const tag = records[at + TAG]!;
      if (tag === 0) return ABSENT;
      if (records[at] === low && records[at + 1] === high) {
        if (tag < 0) return this.#writeSlow(at, len, vlo, vhi);
        const wanted = tag & LEN;
        if (wanted !== len && (wanted !== 0 || !this.#zeroLengthFindable)) return EOPNOTSUPP;
        if (!this.#signals.signal(tag >>> PLACE)) this.#signalSlowly(at);
        return 0;
      }
      at = (at + 4) & table.mask;
    }
  }

  /** Whether the registration may not be made, by the collision rule of any release that knows zero length. */
  collides(key: ExactKey): boolean {
    const at = this.#table.find(key.lo, key.hi);
    return at >= 0 && this.#collidesAt(at, key);
  }

  #collidesAt(at: number, key: ExactKey): boolean {
    const meta = this.#table.records[at + META]!;
    if (key.len === 0 || (meta & LEN) === 0) return true;
    const bit = lengthBit(key.len);
    if ((meta & SEVERAL) === 0) {
      const there = this.#devices[this.#ref(at)]!;
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
    const at = this.#table.find(key.lo, key.hi);
    if (at < 0 || key.len > 8) return null;
    if ((this.#table.records[at + META]! & SEVERAL) === 0) {
      const there = this.#devices[this.#ref(at)]!;
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
    const at = this.#table.find(lo | 0, hi | 0);
    if (at < 0) return null;
    const number = this.#matching(at, len, vlo, vhi);
    return number < 0 ? null : this.#devices[number]!;
  }

  /** False, and nothing done, when it collides. */
  add(device: Ioeventfd, order: number): boolean {
    const { lo, hi } = device;
    let at = this.#table.find(lo, hi);
    if (at >= 0 && this.#collidesAt(at, device)) return false;
    const number = this.#number(device, order);
    if (at < 0) {
      this.#table.makeRoom();
      const meta = device.len | (device.wildcard ? 0 : DATAMATCH) | number << OWN;
      at = this.#table.claim(lo, hi, tagOf(meta, number, this.#places[number]!), meta);
      this.#shapeChanged(at, -1, device.len);
    } else {
      const before = this.#table.records[at + META]! & LEN;
      if ((this.#table.records[at + META]! & SEVERAL) === 0) this.#makeGroup(at);
      this.#join(at, device, number);
      this.#refreshGroup(at, before);
    }
    this.size++;
    if (device.len !== 0) this.sized++;
    return true;
  }

  /** False when it is not in here. */
  remove(device: Ioeventfd): boolean {
    const at = this.#table.find(device.lo, device.hi);
    if (at < 0) return false;
    const ref = this.#ref(at);
    if ((this.#table.records[at + META]! & SEVERAL) === 0) {
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
    if (this.size === 0) this.#longest = this.#bits = 0;
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
    for (let at = 0; at < this.#table.records.length; at += 4) {
      if (this.#table.records[at + TAG] !== 0) this.#markCovered(at);
    }
  }

  /** Addresses that have, or had, several registrations. */
  get shared(): number {
    return this.#groups.length - this.#freeGroups.length;
  }

  /** Bytes of the tables, without the ioeventfds themselves. */
  get bytes(): number {
    return this.#table.records.byteLength + this.#exact.bytes + this.#groups.length * 24 +
      (this.#devices.length + this.#places.length + this.#order.length + this.#free.length) * 8;
  }

  #writeSlow(at: number, len: number, vlo: number, vhi: number): number {
    if ((this.#table.records[at + META]! & DIRTY) !== 0) return UNDECIDED;
    const number = this.#matching(at, len, vlo, vhi);
    if (number < 0) return EOPNOTSUPP;
    this.#signal(number);
    return 0;
  }

  #signal(number: number): void {
    if (this.#signals.signal(this.#places[number]!)) return;
    this.#devices[number]!.context.signal();
  }

  #signalSlowly(at: number): void {
    this.#devices[this.#ref(at)]!.context.signal();
  }

  #matching(at: number, len: number, vlo: number, vhi: number): number {
    const meta = this.#table.records[at + META]!;
    if ((meta & SEVERAL) === 0) {
      const ref = this.#ref(at);
      return matches(this.#devices[ref]!, len, vlo, vhi) ? ref : -1;
    }
    const bit = lengthBit(len);
    const lo = this.#table.records[at]!, hi = this.#table.records[at + 1]!;
    if ((meta >>> WILD & bit) !== 0) return this.#exact.find(lo, hi, len | 16, 0, 0);
    if ((meta >>> MATCHED & bit) === 0) return -1;
    const kept = len === 1 ? vlo & 0xff : len === 2 ? vlo & 0xffff : vlo | 0;
    return this.#exact.find(lo, hi, len, kept, len === 8 ? vhi | 0 : 0);
  }

  /** Number of the only ioeventfd at an address, or of the group. */
  #ref(at: number): number {
    const tag = this.#table.records[at + TAG]!;
    return tag < 0 ? ~tag : this.#table.records[at + META]! >>> OWN;
  }

  #drop(at: number): void {
    if ((this.#table.records[at + META]! & DIRTY) !== 0) this.dirty--;
    this.#table.drop(at);
  }

  #number(device: Ioeventfd, order: number): number {
    const number = this.#free.pop() ?? this.#devices.length;
    this.#devices[number] = device;
    this.#places[number] = this.#signals.take(device.context);
    this.#order[number] = order;
    return number;
  }

  #release(number: number): void {
    this.#devices[number] = null;
    this.#signals.giveBack(this.#places[number]!);
    this.#free.push(number);
  }

  #makeGroup(at: number): void {
    const number = this.#ref(at);
    const group = this.#freeGroups.pop() ?? this.#groups.length;
    this.#groups[group] = new Int32Array(5);
    const meta = (this.#table.records[at + META]! & COMMON & ~DATAMATCH) | SEVERAL;
    this.#table.records[at + META] = meta;
    this.#table.records[at + TAG] = tagOf(meta, group, 0);
    this.#join(at, this.#devices[number]!, number);
  }

  #join(at: number, device: Ioeventfd, number: number): void {
    const counts = this.#groups[this.#ref(at)]!;
    this.#exact.set(device, number);
    if (device.wildcard) this.#table.records[at + META]! |= lengthBit(device.len) << WILD;
    else counts[lengthCode(device.len)]!++;
    counts[4]!++;
  }

  #leave(at: number, device: Ioeventfd): void {
    const group = this.#ref(at);
    const counts = this.#groups[group]!;
    const before = this.#table.records[at + META]! & LEN;
    this.#exact.delete(device);
    if (device.wildcard) this.#table.records[at + META]! &= ~(lengthBit(device.len) << WILD);
    else counts[lengthCode(device.len)]!--;
    counts[4]!--;
    if (counts[4]! > 0) return this.#refreshGroup(at, before);
    this.#shapeChanged(at, before, -1);
    this.#drop(at);
    this.#freeGroups.push(group);
  }

  /** Works out lengths and flags of an address with several registrations after one came or went. */
  #refreshGroup(at: number, before: number): void {
    const counts = this.#groups[this.#ref(at)]!;
    let meta = this.#table.records[at + META]! & ~(LEN | 0xf << MATCHED);
    for (let code = 0; code < 4; code++) if (counts[code]! > 0) meta |= 1 << (MATCHED + code);
    const lengths = (meta >>> WILD | meta >>> MATCHED) & 0xf;
    const longest = 1 << (31 - Math.clz32(lengths));
    this.#setMeta(at, meta | longest);
    if (longest !== before) this.#shapeChanged(at, before, longest);
  }

  /** Counts who interferes with whom anew, when the longest length at an address changed; −1 is none. */
  #shapeChanged(at: number, before: number, after: number): void {
    const lo = this.#table.records[at]!, hi = this.#table.records[at + 1]!;
    const longest = Math.max(before, after);
    if (longest > this.#longest) this.#longest = longest;
    this.#bits |= lo & 0xf;
    const step = this.#bits === 0 ? 0x10 : this.#bits & -this.#bits;
    for (let distance = step; distance <= longest; distance += step) {
      const sum = (lo >>> 0) + distance;
      const above = this.#table.find(sum | 0, sum > 0xffff_ffff ? (hi + 1) | 0 : hi);
      if (above < 0) continue;
      const len = this.#table.records[above + META]! & LEN;
      this.#count(at, above, interfere(before, len, distance), interfere(after, len, distance));
    }
    for (let distance = step; distance <= this.#longest; distance += step) {
      const below = this.#table.find((lo - distance) | 0, lo >>> 0 < distance ? (hi - 1) | 0 : hi);
      if (below < 0) continue;
      const len = this.#table.records[below + META]! & LEN;
      this.#count(at, below, interfere(len, before, distance), interfere(len, after, distance));
    }
    if (after >= 0) this.#markCovered(at);
  }

  #count(a: number, b: number, before: boolean, after: boolean): void {
    if (before === after) return;
    const step = after ? CONFLICT : -CONFLICT;
    this.#setMeta(a, this.#table.records[a + META]! + step);
    this.#setMeta(b, this.#table.records[b + META]! + step);
  }

  #markCovered(at: number): void {
    const lo = this.#table.records[at]!, hi = this.#table.records[at + 1]!;
    const meta = this.#table.records[at + META]!;
    // At the very top an access wraps, and then its end compares as low.
    const covered = (hi === -1 && lo >>> 0 >= 0xffff_ffe0) ||
      (!this.#cover.empty && this.#cover.meets(addressNumber(lo, hi), meta & LEN));
    if (covered !== ((meta & COVERED) !== 0)) this.#setMeta(at, meta ^ COVERED);
  }

  #setMeta(at: number, meta: number): void {
    const was = (this.#table.records[at + META]! & DIRTY) !== 0;
    const ref = this.#ref(at);
    const place = (meta & SEVERAL) === 0 ? this.#places[ref]! : 0;
    this.#table.records[at + TAG] = tagOf(meta, ref, place);
    this.#table.records[at + META] = meta;
    const is = (meta & DIRTY) !== 0;
    if (is !== was) this.dirty += is ? 1 : -1;
  }
}

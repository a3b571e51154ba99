/**
 * The kernel's own bus array: its order, search and scan, anomalies included.
 *
 * @module
 */
import type { BusRules } from "@ioeventfd/uapi";
import { heapSort } from "./_heap_sort.ts";
import { compareWords } from "./compare_ranges.ts";
import { type BusEntry, EOPNOTSUPP, type IoDevice } from "./io_device.ts";

/** What a search cost the kernel; counters that only grow. */
export interface BusWork {
  /** Calls of the comparator: binary search, walk back and scan. */
  comparisons: number;
  /** Devices whose handler was called. */
  devicesTried: number;
}

/** One step of the binary search. */
export interface SearchStep {
  /** Entry compared with. */
  readonly index: number;
  /** The access compares below it, equal to it, or above it. */
  readonly order: -1 | 0 | 1;
}

/** The way of an access through the array. */
export interface Search {
  /** The binary search; the last step is 0 when it found something. */
  readonly path: readonly SearchStep[];
  /** The entries that would be asked one after the other until one claims it. */
  readonly run: readonly number[];
}

const ignored: BusWork = { comparisons: 0, devicesTried: 0 };

/**
 * The bus array of one kernel release. It keeps no count and knows no limit: that is `IoBus`.
 *
 * @example The smallest dead doorbell: zero length at A+4, then length 4 at A
 * ```ts
 * import { EOPNOTSUPP, ReferenceBus } from "@ioeventfd/kvm-core";
 * import { latestRelease } from "@ioeventfd/uapi";
 *
 * const bus = new ReferenceBus(latestRelease.bus);
 * bus.insert(0x1004, 0, 0, { write: (lo) => (lo === 0x1004 ? 0 : EOPNOTSUPP) });
 * bus.insert(0x1000, 0, 4, { write: (lo) => (lo === 0x1000 ? 0 : EOPNOTSUPP) });
 * if (bus.write(0x1004, 0, 4, 0, 0) !== EOPNOTSUPP) throw new Error("found after all");
 * ```
 */
export class ReferenceBus {
  readonly #rules: BusRules;
  readonly #entries: BusEntry[] = [];
  #disorder = 0;

  /**
   * An empty array.
   *
   * @param rules The bus rules of a kernel release
   */
  constructor(rules: BusRules) {
    this.#rules = rules;
  }

  /** Entries on the bus. */
  get length(): number {
    return this.#entries.length;
  }

  /**
   * Neighbours in the array that are not in ascending order of address, or, at one address, of length. At 0 a binary
   * search cannot go astray outside overlapping ranges.
   */
  get disorder(): number {
    return this.#disorder;
  }

  /** The array, in its order. */
  entries(): readonly BusEntry[] {
    return this.#entries;
  }

  /**
   * Puts a device on the bus.
   *
   * @param lo First address, low word
   * @param hi First address, high word
   * @param len Bytes (s32)
   * @param device Who answers
   */
  insert(lo: number, hi: number, len: number, device: IoDevice): void {
    this.insertEntry({ lo: lo >>> 0, hi: hi >>> 0, len: len | 0, device });
  }

  /**
   * Puts an entry on the bus.
   *
   * @param entry Range and device
   */
  insertEntry(entry: BusEntry): void {
    const entries = this.#entries;
    if (this.#rules.insertion === "heapsort") {
      // KERNEL 4.4 virt/kvm/kvm_main.c kvm_io_bus_insert_dev
      entries.push(entry);
      heapSort(entries, (a, b) => this.#compare(a, b));
      this.#disorder = this.#countDisorder();
      return;
    }
    // KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_register_dev
    let at = 0;
    while (at < entries.length && this.#compare(entries[at]!, entry) <= 0) at++;
    this.#disorder -= this.#descends(at - 1, at);
    entries.splice(at, 0, entry);
    this.#disorder += this.#descends(at - 1, at) + this.#descends(at, at + 1);
  }

  /**
   * Takes the first entry of a device off the bus; the others keep their order.
   *
   * @param device The device
   * @returns False when it is not on the bus
   */
  remove(device: IoDevice): boolean {
    const entries = this.#entries;
    const at = entries.findIndex((entry) => entry.device === device);
    if (at < 0) return false;
    this.#disorder -= this.#descends(at - 1, at) + this.#descends(at, at + 1);
    entries.splice(at, 1);
    this.#disorder += this.#descends(at - 1, at);
    return true;
  }

  /**
   * Puts another device in the place of one, range and position kept.
   *
   * @param device Who answered so far
   * @param successor Who answers from now on
   * @returns False when the device is not on the bus
   */
  replace(device: IoDevice, successor: IoDevice): boolean {
    const at = this.#entries.findIndex((entry) => entry.device === device);
    if (at < 0) return false;
    this.#entries[at] = { ...this.#entries[at]!, device: successor };
    return true;
  }

  /** Replaces the whole array by entries that are in the kernel's order already. */
  adopt(sorted: readonly BusEntry[]): void {
    this.#entries.length = 0;
    for (const entry of sorted) this.#entries.push(entry);
    this.#disorder = this.#countDisorder();
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_get_first_dev
  /**
   * Where the scan of an access begins: binary search, then back over equal entries.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param work Counters to add to
   * @returns Index of an entry, or −1 when the search finds none
   */
  first(lo: number, hi: number, len: number, work: BusWork = ignored): number {
    const low = lo | 0, high = hi | 0; // as a u32 above 2^31 each would be an object of its own
    let start = 0, end = this.#entries.length;
    while (start < end) {
      const middle = (start + end) >>> 1;
      work.comparisons++;
      const order = this.#compareKey(low, high, len, middle);
      if (order < 0) end = middle;
      else if (order > 0) start = middle + 1;
      else return this.#walkBack(low, high, len, middle, work);
    }
    return -1;
  }

  /**
   * Whether the scan of an access goes on at an entry.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param index Index of an entry
   * @returns Whether the entry is there and equals the access
   */
  equals(lo: number, hi: number, len: number, index: number): boolean {
    return index >= 0 && index < this.#entries.length &&
      this.#compareKey(lo | 0, hi | 0, len, index) === 0;
  }

  /**
   * The way of an access through the array, without making it.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @returns Every entry looked at
   */
  search(lo: number, hi: number, len: number): Search {
    const path: SearchStep[] = [], run: number[] = [];
    let start = 0, end = this.#entries.length;
    while (start < end) {
      const index = (start + end) >>> 1;
      const order = this.#compareKey(lo | 0, hi | 0, len, index);
      path.push({ index, order });
      if (order === 0) break;
      if (order < 0) end = index;
      else start = index + 1;
    }
    for (let at = this.first(lo, hi, len); this.equals(lo, hi, len, at); at++) run.push(at);
    return { path, run };
  }

  /**
   * A write by the guest.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @returns 0 when a device claimed it, else {@linkcode EOPNOTSUPP}
   */
  write(lo: number, hi: number, len: number, vlo: number, vhi: number): number {
    return this.#writeFrom(lo, hi, len, vlo, vhi, ignored) < 0 ? EOPNOTSUPP : 0;
  }

  /**
   * A write by the guest that counts what it costs the kernel.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @param work Counters to add to
   * @returns 0 when a device claimed it, else {@linkcode EOPNOTSUPP}
   */
  writeCounted(
    lo: number,
    hi: number,
    len: number,
    vlo: number,
    vhi: number,
    work: BusWork,
  ): number {
    return this.#writeFrom(lo, hi, len, vlo, vhi, work) < 0 ? EOPNOTSUPP : 0;
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_write_cookie
  /**
   * A write with a hint of the entry that took the last one, as s390's virtio-ccw makes it.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @param cookie Index of an entry, tried first when it equals the access
   * @returns Index of the entry that claimed it, or {@linkcode EOPNOTSUPP}
   */
  writeCookie(
    lo: number,
    hi: number,
    len: number,
    vlo: number,
    vhi: number,
    cookie: number,
  ): number {
    if (
      this.equals(lo, hi, len, cookie) &&
      this.#entries[cookie]!.device.write(lo, hi, len, vlo, vhi) === 0
    ) return cookie;
    return this.#writeFrom(lo, hi, len, vlo, vhi, ignored);
  }

  /**
   * A read by the guest.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param out Where the answer goes
   * @returns 0 when a device claimed it, else {@linkcode EOPNOTSUPP}
   */
  read(lo: number, hi: number, len: number, out: Uint8Array): number {
    for (let at = this.first(lo, hi, len); this.equals(lo, hi, len, at); at++) {
      const device = this.#entries[at]!.device;
      if (device.read !== undefined && device.read(lo, hi, len, out) === 0) return 0;
    }
    return EOPNOTSUPP;
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c __kvm_io_bus_write
  #writeFrom(
    lo: number,
    hi: number,
    len: number,
    vlo: number,
    vhi: number,
    work: BusWork,
  ): number {
    const low = lo | 0, high = hi | 0;
    let at = this.first(low, high, len, work);
    if (at < 0) return EOPNOTSUPP;
    for (; at < this.#entries.length; at++) {
      work.comparisons++;
      if (this.#compareKey(low, high, len, at) !== 0) break;
      work.devicesTried++;
      if (this.#entries[at]!.device.write(lo, hi, len, vlo, vhi) === 0) return at;
    }
    return EOPNOTSUPP;
  }

  #walkBack(lo: number, hi: number, len: number, from: number, work: BusWork): number {
    let at = from;
    while (at > 0) {
      work.comparisons++;
      if (this.#compareKey(lo, hi, len, at - 1) !== 0) break;
      at--;
    }
    return at;
  }

  #compareKey(lo: number, hi: number, len: number, index: number): -1 | 0 | 1 {
    const entry = this.#entries[index]!;
    const findable = this.#rules.zeroLengthFindable;
    return compareWords(findable, lo, hi, len, entry.lo | 0, entry.hi | 0, entry.len);
  }

  #compare(a: BusEntry, b: BusEntry): number {
    return compareWords(this.#rules.zeroLengthFindable, a.lo, a.hi, a.len, b.lo, b.hi, b.len);
  }

  #descends(left: number, right: number): number {
    const a = this.#entries[left], b = this.#entries[right];
    if (a === undefined || b === undefined) return 0;
    if (a.hi !== b.hi) return a.hi > b.hi ? 1 : 0;
    if (a.lo !== b.lo) return a.lo > b.lo ? 1 : 0;
    return a.len > b.len ? 1 : 0;
  }

  #countDisorder(): number {
    let count = 0;
    for (let at = 1; at < this.#entries.length; at++) count += this.#descends(at - 1, at);
    return count;
  }
}

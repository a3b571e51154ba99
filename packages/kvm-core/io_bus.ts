/**
 * An I/O bus: the kernel's answers, by hash where that is provably the same.
 *
 * @module
 */
import type { BusRules } from "@ioeventfd/uapi";
import { ENOENT, ENOMEM, ENOSPC } from "./_bus_errno.ts";
import { ABSENT, IoeventfdIndex } from "./_ioeventfd_index.ts";
import { LazyArray } from "./_lazy_array.ts";
import { OtherDevices } from "./_other_devices.ts";
import { AllocationFaults } from "./allocation_faults.ts";
import type { ExactKey } from "./exact_key.ts";
import { type BusEntry, EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import type { BusWork, Search } from "./reference_bus.ts";

// KERNEL 6.19 include/linux/kvm_host.h NR_IOBUS_DEVS
/** Devices other than ioeventfds that fit on a bus. */
export const NR_IOBUS_DEVS = 1000;

/** A bit for each length of an access, 0 to 8. */
const ALL_LENGTHS = 0x1ff;

/**
 * One I/O bus of a VM, by the rules of one release.
 *
 * A write asks a hash table of the ioeventfds first. It answers where no other range meets the address (see
 * `_ioeventfd_index.ts` for why that is exact); everything else goes to the kernel's own array, which is built when it is
 * first needed, and kept up to date from then on.
 *
 * @example
 * ```ts
 * import { EventfdContext } from "@ioeventfd/eventfd";
 * import { IoBus, Ioeventfd } from "@ioeventfd/kvm-core";
 * import { latestRelease } from "@ioeventfd/uapi";
 *
 * const context = new EventfdContext();
 * const bus = new IoBus(latestRelease.bus);
 * const doorbell = new Ioeventfd({
 *   lo: 0xfebfb000, hi: 0, len: 0, wildcard: true, datamatchLo: 0, datamatchHi: 0, context, busIndex: 0, sequence: 0,
 * });
 * bus.register(doorbell.lo, doorbell.hi, doorbell.len, doorbell);
 * if (bus.write(0xfebfb000, 0, 2, 1, 0) !== 0 || context.count !== 1n) throw new Error("signalled");
 * ```
 */
export class IoBus {
  readonly #rules: BusRules;
  readonly #faults: AllocationFaults;
  readonly #others = new OtherDevices();
  readonly #index: IoeventfdIndex;
  readonly #array: LazyArray;
  #order = 0;
  #hashed = ALL_LENGTHS; // a bit for each length that the hash decides
  #dropped = false;
  #ioeventfds = 0;

  /**
   * An empty bus.
   *
   * @param rules The bus rules of a kernel release
   * @param faults Allocations that are to fail
   */
  constructor(rules: BusRules, faults: AllocationFaults = new AllocationFaults()) {
    this.#rules = rules;
    this.#faults = faults;
    this.#index = new IoeventfdIndex(rules, this.#others.cover);
    this.#array = new LazyArray(rules, this.#index, this.#others);
  }

  /** Devices on the bus: `dev_count`. */
  get deviceCount(): number {
    return this.#dropped ? 0 : this.#index.size + this.#others.count;
  }

  /** Devices that do not count towards the limit: `ioeventfd_count`. */
  get ioeventfdCount(): number {
    return this.#ioeventfds;
  }

  /** The bus is gone for good: an array could not be made smaller, in a release that drops it then. */
  get dropped(): boolean {
    return this.#dropped;
  }

  /** Bytes that the lookup tables take, without the devices themselves and without the kernel's array. */
  get indexBytes(): number {
    return this.#index.bytes;
  }

  /** The array, in the kernel's order. */
  entries(): readonly BusEntry[] {
    return this.#dropped ? [] : this.#array.get().entries();
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_register_dev
  /**
   * Puts a device on the bus.
   *
   * @param lo First address, low word
   * @param hi First address, high word
   * @param len Bytes (s32)
   * @param device Who answers
   * @returns 0; −12 ENOMEM when the bus was dropped or the array cannot grow; −28 ENOSPC when it is full
   */
  register(lo: number, hi: number, len: number, device: IoDevice): number {
    if (this.#dropped) return ENOMEM;
    if (this.deviceCount - this.#ioeventfds > NR_IOBUS_DEVS - 1) return ENOSPC;
    if (this.#faults.take("bus-grow")) return ENOMEM;
    const order = this.#order++;
    const indexed = device instanceof Ioeventfd && device.len === (len | 0) &&
      device.lo === (lo | 0) && device.hi === (hi | 0) && this.#index.add(device, order);
    if (len !== 0) this.#hashed &= ~1;
    if (indexed && this.#array.isIdle) return 0;
    const entry = { lo: lo >>> 0, hi: hi >>> 0, len: len | 0, device, order };
    if (!indexed) {
      this.#others.add(entry);
      this.#index.recover();
    }
    this.#array.inserted(entry);
    this.#settle();
    return 0;
  }

  // KERNEL 4.4, 5.15, 6.19 virt/kvm/kvm_main.c kvm_io_bus_unregister_dev
  /**
   * Takes a device off the bus. Where the release's bus runs destructors on unregistering, the caller does so on 0.
   *
   * @param device The device
   * @returns 0; −2 ENOENT when it is not on the bus, in a release that says so; −12 ENOMEM when the smaller array cannot
   * be had, which leaves the device on the bus or drops the bus with all that is on it
   */
  unregister(device: IoDevice): number {
    if (this.#dropped) return 0;
    if (!this.#has(device)) return this.#rules.unregisterMissing === "ENOENT" ? ENOENT : 0;
    if (this.#faults.take("bus-shrink")) return this.#shrinkFailed(device);
    this.#remove(device);
    this.#array.removed(device);
    this.#settle();
    return 0;
  }

  /**
   * Adds to `ioeventfd_count`, which eventfd.c keeps apart from the registration itself.
   *
   * @param step 1 or −1
   */
  countIoeventfd(step: 1 | -1): void {
    this.#ioeventfds += step;
  }

  /**
   * Leaves an entry on the bus whose owner is gone: range and place stay, `ghost` answers.
   *
   * @param ioeventfd Whose entry
   * @param ghost Who answers from now on
   */
  orphan(ioeventfd: Ioeventfd, ghost: IoDevice): void {
    this.#array.get().replace(ioeventfd, ghost);
    this.#remove(ioeventfd);
    const { lo, hi, len } = ioeventfd;
    this.#others.add({ lo: lo >>> 0, hi: hi >>> 0, len, device: ghost, order: this.#order++ });
    this.#index.recover();
    this.#settle();
  }

  /**
   * Whether the collision rule forbids a registration, judged by the ioeventfds on this bus.
   *
   * @param key Address, length and datamatch
   */
  collides(key: ExactKey): boolean {
    return this.#index.collides(key);
  }

  /**
   * The ioeventfd with exactly this address, length and datamatch.
   *
   * @param key Address, length and datamatch
   */
  ioeventfd(key: ExactKey): Ioeventfd | null {
    return this.#index.get(key);
  }

  /**
   * The ioeventfd that a write matches by the rule alone, whether or not the search would find it.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   */
  match(lo: number, hi: number, len: number, vlo: number, vhi: number): Ioeventfd | null {
    return this.#index.match(lo, hi, len, vlo, vhi);
  }

  /** The ioeventfds on the bus, in no order. */
  *ioeventfds(): Generator<Ioeventfd> {
    for (const { device } of this.#index) yield device;
  }

  /**
   * The way of an access through the kernel's array, without making it.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @returns Every entry looked at
   */
  search(lo: number, hi: number, len: number): Search {
    return this.#dropped ? { path: [], run: [] } : this.#array.get().search(lo, hi, len);
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_write
  /**
   * A write by the guest. Allocates nothing.
   *
   * @param lo Address, low word, signed or unsigned
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @returns 0 when a device claimed it, −95 EOPNOTSUPP when none did, −12 ENOMEM on a dropped bus
   */
  write(lo: number, hi: number, len: number, vlo: number, vhi: number): number {
    if (len >>> 0 > 8 || (this.#hashed >>> len & 1) === 0) {
      return this.#searched(lo, hi, len, vlo, vhi);
    }
    const answer = this.#index.write(lo, hi, len, vlo, vhi);
    if (answer <= 0) return answer;
    if (answer === ABSENT && !this.#others.mayMeet(lo, hi)) return EOPNOTSUPP;
    return this.#searched(lo, hi, len, vlo, vhi);
  }

  /**
   * A write by the guest that counts what it costs the kernel; through the kernel's array.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @param work Counters to add to
   * @returns As {@linkcode IoBus.write}
   */
  writeCounted(
    lo: number,
    hi: number,
    len: number,
    vlo: number,
    vhi: number,
    work: BusWork,
  ): number {
    if (this.#dropped) return ENOMEM;
    return this.#array.get().writeCounted(lo, hi, len, vlo, vhi, work);
  }

  /**
   * A write with a hint of the entry that took the last one, as s390's virtio-ccw makes it.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @param cookie Index in the kernel's array
   * @returns Index of the entry that claimed it, −95 EOPNOTSUPP, or −12 ENOMEM on a dropped bus
   */
  writeCookie(
    lo: number,
    hi: number,
    len: number,
    vlo: number,
    vhi: number,
    cookie: number,
  ): number {
    if (this.#dropped) return ENOMEM;
    return this.#array.get().writeCookie(lo, hi, len, vlo, vhi, cookie);
  }

  /**
   * A read by the guest. No ioeventfd answers it.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param out Where the answer goes
   * @returns As {@linkcode IoBus.write}
   */
  read(lo: number, hi: number, len: number, out: Uint8Array): number {
    if (this.#dropped) return ENOMEM;
    if (!this.#others.mayMeet(lo, hi)) return EOPNOTSUPP;
    return this.#array.get().read(lo, hi, len, out);
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_destroy
  /** Runs the destructor of every entry, in the order of the array, and drops the bus. */
  destroy(): void {
    if (!this.#dropped) this.#drop(null);
  }

  #searched(lo: number, hi: number, len: number, vlo: number, vhi: number): number {
    return this.#dropped ? ENOMEM : this.#array.get().write(lo, hi, len, vlo, vhi);
  }

  #has(device: IoDevice): boolean {
    if (device instanceof Ioeventfd && this.#index.get(device) === device) return true;
    return this.#others.has(device);
  }

  #remove(device: IoDevice): void {
    if (device instanceof Ioeventfd && this.#index.remove(device)) return;
    if (this.#others.remove(device)) this.#index.recover();
  }

  #shrinkFailed(device: IoDevice): number {
    if (this.#rules.unregisterOutOfMemory === "keep-device") return ENOMEM;
    this.#drop(this.#rules.unregisterOutOfMemory === "drop-bus-spare-target" ? device : null);
    return ENOMEM;
  }

  #drop(spared: IoDevice | null): void {
    const isEmpty = this.deviceCount === 0;
    const entries = isEmpty ? [] : [...this.#array.get().entries()];
    this.#dropped = true;
    this.#hashed = 0;
    if (isEmpty) return;
    this.#others.clear();
    for (const { device } of entries) {
      if (device instanceof Ioeventfd) this.#index.remove(device);
      if (device !== spared) device.destroy?.();
    }
  }

  #settle(): void {
    // 0 is decided where there is nothing but zero length: else the search may end at another entry.
    const isZeroLength = this.#index.sized === 0 && this.#others.count === 0;
    this.#hashed = this.#others.odd || this.#array.disordered
      ? 0
      : isZeroLength
      ? ALL_LENGTHS
      : ALL_LENGTHS & ~1;
  }
}

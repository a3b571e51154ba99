import type { BusRules } from "@ioeventfd/uapi";
import type { IoeventfdIndex } from "./_ioeventfd_index.ts";
import type { OrderedEntry } from "./_ordered_entry.ts";
import type { OtherDevices } from "./_other_devices.ts";
import type { IoDevice } from "./io_device.ts";
import { ReferenceBus } from "./reference_bus.ts";

const IDLE_CHANGES = 64;

/**
 * The kernel's array of a bus, kept only while it is needed. Where entries interfere, or are equal and the release sorts
 * by heap, the array depends on the history and is kept up to date; else it can be had by sorting at any time, and is let
 * go when nobody has asked for it during more changes than it has entries.
 */
export class LazyArray {
  readonly #rules: BusRules;
  readonly #index: IoeventfdIndex;
  readonly #others: OtherDevices;
  #array: ReferenceBus | null = null;
  #idle = 0;

  /** Of a bus with these ioeventfds and other devices, which are asked for what is on it. */
  constructor(rules: BusRules, index: IoeventfdIndex, others: OtherDevices) {
    this.#rules = rules;
    this.#index = index;
    this.#others = others;
  }

  /** The array is kept, and a search in it may go astray anywhere. */
  get disordered(): boolean {
    return this.#array !== null && this.#array.disorder > 0;
  }

  /** There is none, and none is needed for what is on the bus. */
  get isIdle(): boolean {
    return this.#array === null && this.#isDerivable();
  }

  get(): ReferenceBus {
    this.#idle = 0;
    this.#array ??= this.#build(-1);
    return this.#array;
  }

  /** After an entry came. */
  inserted(entry: OrderedEntry): void {
    if (this.#array === null) {
      if (this.#isDerivable()) return;
      this.#array = this.#build(entry.order);
    }
    this.#array.insertEntry(entry);
    this.#letGo();
  }

  /** After an entry went. */
  removed(device: IoDevice): void {
    if (this.#array === null) return;
    this.#array.remove(device);
    this.#letGo();
  }

  /** Nothing interferes with anything; and no two registrations are at one address where the release sorts by heap. */
  #isDerivable(): boolean {
    return this.#index.dirty === 0 && this.#others.apart &&
      (this.#rules.insertion === "ordered" || this.#index.shared === 0);
  }

  /** Everything on the bus, in no order. */
  #contents(): OrderedEntry[] {
    const contents = [...this.#others.entries];
    for (const { device, order } of this.#index) {
      contents.push({ lo: device.lo >>> 0, hi: device.hi >>> 0, len: device.len, device, order });
    }
    return contents;
  }

  #build(without: number): ReferenceBus {
    const entries = this.#contents().filter(({ order }) => order !== without);
    const array = new ReferenceBus(this.#rules);
    array.adopt(entries.sort(compareEntries));
    return array;
  }

  #letGo(): void {
    const array = this.#array!;
    if (array.disorder > 0 || !this.#isDerivable()) return;
    if (++this.#idle < IDLE_CHANGES + array.length) return;
    this.#idle = 0;
    // A range that wrapped may have left equal ones out of their order.
    if (isSorted(array.entries() as readonly OrderedEntry[])) this.#array = null;
  }
}

function compareEntries(a: OrderedEntry, b: OrderedEntry): number {
  return a.hi - b.hi || a.lo - b.lo || a.len - b.len || a.order - b.order;
}

function isSorted(entries: readonly OrderedEntry[]): boolean {
  return entries.every((entry, at) => at === 0 || compareEntries(entries[at - 1]!, entry) <= 0);
}

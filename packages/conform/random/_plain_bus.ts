import type { BusRules } from "@ioeventfd/uapi";

/** What is on a plain bus. */
export interface PlainDevice {
  /** First address (u64). */
  readonly addr: bigint;
  /** Bytes; as the kernel keeps it, an int. */
  readonly len: number;
  /** Whether it takes a write. */
  takes(addr: bigint, len: number, value: bigint): boolean;
}

/** A bus written out step by step from the kernel's algorithm, in bigints, with no thought of speed. */
export class PlainBus {
  readonly #rules: BusRules;
  readonly #devices: PlainDevice[] = [];

  constructor(rules: BusRules) {
    this.#rules = rules;
  }

  // KERNEL 4.4 virt/kvm/kvm_main.c kvm_io_bus_insert_dev; 6.19 kvm_io_bus_register_dev
  add(device: PlainDevice): void {
    if (this.#rules.insertion === "heapsort") {
      this.#devices.push(device);
      this.#heapSort();
      return;
    }
    const after = this.#devices.findIndex((one) => this.#order(one, device) > 0);
    this.#devices.splice(after === -1 ? this.#devices.length : after, 0, device);
  }

  remove(device: PlainDevice): void {
    this.#devices.splice(this.#devices.indexOf(device), 1);
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c __kvm_io_bus_write
  /** The device that takes a write, or null. */
  write(addr: bigint, len: number, value: bigint): PlainDevice | null {
    const key = { addr, len };
    let at = this.#find(key);
    if (at === -1) return null;
    while (at > 0 && this.#order(key, this.#devices[at - 1]!) === 0) at--;
    for (; at < this.#devices.length; at++) {
      const device = this.#devices[at]!;
      if (this.#order(key, device) !== 0) return null;
      if (device.takes(addr, len, value)) return device;
    }
    return null;
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_cmp
  #order(one: Pick<PlainDevice, "addr" | "len">, other: Pick<PlainDevice, "addr" | "len">): number {
    if (one.addr < other.addr) return -1;
    let [oneEnd, otherEnd] = [one.addr, other.addr];
    if (other.len !== 0 || !this.#rules.zeroLengthFindable) {
      oneEnd = BigInt.asUintN(64, oneEnd + BigInt(one.len));
      otherEnd = BigInt.asUintN(64, otherEnd + BigInt(other.len));
    }
    return oneEnd > otherEnd ? 1 : 0;
  }

  // KERNEL 6.19 include/linux/bsearch.h __inline_bsearch
  #find(key: Pick<PlainDevice, "addr" | "len">): number {
    for (let low = 0, count = this.#devices.length; count > 0; count >>= 1) {
      const middle = low + (count >> 1);
      const order = this.#order(key, this.#devices[middle]!);
      if (order === 0) return middle;
      if (order > 0) {
        low = middle + 1;
        count--;
      }
    }
    return -1;
  }

  // KERNEL 4.4 lib/sort.c sort
  #heapSort(): void {
    const list = this.#devices;
    for (let root = (list.length >> 1) - 1; root >= 0; root--) this.#sift(root, list.length);
    for (let end = list.length - 1; end > 0; end--) {
      [list[0], list[end]] = [list[end]!, list[0]!];
      this.#sift(0, end);
    }
  }

  #sift(root: number, end: number): void {
    const list = this.#devices;
    for (let child = 2 * root + 1; child < end; child = 2 * root + 1) {
      if (child + 1 < end && this.#order(list[child]!, list[child + 1]!) < 0) child++;
      if (this.#order(list[root]!, list[child]!) >= 0) return;
      [list[root], list[child]] = [list[child]!, list[root]!];
      root = child;
    }
  }
}

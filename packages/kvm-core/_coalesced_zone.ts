import { isBelow } from "./_u64.ts";
import type { CoalescedRing } from "./coalesced_ring.ts";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";

/** A coalesced zone on a bus. */
export class CoalescedZoneDevice implements IoDevice {
  readonly lo: number;
  readonly hi: number;
  /** u32; on the bus it is an `int`. */
  readonly size: number;
  readonly pio: number;
  readonly label = "coalesced zone";
  readonly #ring: CoalescedRing;
  readonly #onDestroy: (zone: CoalescedZoneDevice) => void;

  constructor(
    range: {
      readonly lo: number;
      readonly hi: number;
      readonly size: number;
      readonly pio: number;
    },
    ring: CoalescedRing,
    onDestroy: (zone: CoalescedZoneDevice) => void,
  ) {
    this.lo = range.lo;
    this.hi = range.hi;
    this.size = range.size >>> 0;
    this.pio = range.pio;
    this.#ring = ring;
    this.#onDestroy = onDestroy;
  }

  // KERNEL 6.19 virt/kvm/coalesced_mmio.c coalesced_mmio_in_range
  contains(lo: number, hi: number, len: number): boolean {
    if (len < 0) return false;
    const end = (lo >>> 0) + len;
    const endHi = (hi >>> 0) + (end > 0xffff_ffff ? 1 : 0);
    if (endHi > 0xffff_ffff || isBelow(lo, hi, this.lo, this.hi)) return false;
    const limit = (this.lo >>> 0) + this.size;
    return !isBelow(limit, (this.hi >>> 0) + (limit > 0xffff_ffff ? 1 : 0), end, endHi);
  }

  write(lo: number, hi: number, len: number, vlo: number, vhi: number): number {
    if (!this.contains(lo, hi, len)) return EOPNOTSUPP;
    return this.#ring.push(lo, hi, len, vlo, vhi, this.pio) ? 0 : EOPNOTSUPP;
  }

  wouldWrite(lo: number, hi: number, len: number): boolean {
    return this.contains(lo, hi, len) && this.#ring.hasRoom;
  }

  destroy(): void {
    this.#onDestroy(this);
  }
}

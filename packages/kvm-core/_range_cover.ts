import type { BusEntry } from "./io_device.ts";

/** Above this a number is no exact address any more. */
const EXACT = 2 ** 52;

/** An address as a number: exact below 2^53, and above it at least not below. */
export function addressNumber(lo: number, hi: number): number {
  return (hi >>> 0) * 0x1_0000_0000 + (lo >>> 0);
}

/** Whether a range has the shape that a search can rely on: no negative length, no end beyond 2^52. */
export function isPlain(entry: BusEntry): boolean {
  return entry.len >= 0 && addressNumber(entry.lo, entry.hi) + entry.len < EXACT;
}

/**
 * The ranges of the devices on a bus that are not ioeventfds, to tell whether any of them meets an access: a sorted
 * list of closed intervals [first, first + len], merged where they meet.
 */
export class RangeCover {
  #starts: number[] = [];
  #ends: number[] = [];
  /** Some of the ranges overlap, or one of zero length lies in or at the end of another. */
  tangled = false;

  get empty(): boolean {
    return this.#starts.length === 0;
  }

  rebuild(entries: readonly BusEntry[]): void {
    const ranges = entries.filter(isPlain)
      .map(({ lo, hi, len }) => ({ start: addressNumber(lo, hi), len }))
      .sort((a, b) => a.start - b.start || a.len - b.len);
    this.#starts = [];
    this.#ends = [];
    this.tangled = false;
    for (const { start, len } of ranges) {
      const last = this.#ends.length - 1;
      const reach = last < 0 ? -1 : this.#ends[last]!;
      if (start > reach) {
        this.#starts.push(start);
        this.#ends.push(start + len);
        continue;
      }
      // Two ranges that only touch do not meet, unless one of them is empty.
      if (start < reach || len === 0) this.tangled = true;
      if (start === this.#starts[last]) this.tangled = true;
      this.#ends[last] = Math.max(reach, start + len);
    }
  }

  /** Whether an interval [address, address + len], ends included, meets a range. */
  meets(address: number, len: number): boolean {
    const starts = this.#starts;
    let low = 0, high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= address + len) low = middle + 1;
      else high = middle;
    }
    return low > 0 && this.#ends[low - 1]! >= address;
  }
}

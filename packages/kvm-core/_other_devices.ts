import type { OrderedEntry } from "./_ordered_entry.ts";
import { addressNumber, isPlain, RangeCover } from "./_range_cover.ts";
import type { IoDevice } from "./io_device.ts";

/** The devices on a bus that are not ioeventfds, or are for once treated as if they were not. */
export class OtherDevices {
  readonly cover: RangeCover = new RangeCover();
  #entries: OrderedEntry[] = [];
  #odd = 0;

  get entries(): readonly OrderedEntry[] {
    return this.#entries;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Some range is negative, wraps, or ends above 2^52: then nothing holds that the hash relies on. */
  get odd(): boolean {
    return this.#odd > 0;
  }

  /** None meets another. */
  get apart(): boolean {
    return this.#odd === 0 && !this.cover.tangled;
  }

  /** Whether an access at an address may meet one of them. */
  mayMeet(lo: number, hi: number): boolean {
    if (this.#entries.length === 0) return false;
    if (this.#odd > 0 || (hi | 0) === -1) return true;
    return this.cover.meets(addressNumber(lo, hi), 0);
  }

  has(device: IoDevice): boolean {
    return this.#entries.some((entry) => entry.device === device);
  }

  add(entry: OrderedEntry): void {
    this.#entries.push(entry);
    if (!isPlain(entry)) this.#odd++;
    this.cover.rebuild(this.#entries);
  }

  /** False when it is not among them. */
  remove(device: IoDevice): boolean {
    const at = this.#entries.findIndex((entry) => entry.device === device);
    if (at < 0) return false;
    if (!isPlain(this.#entries[at]!)) this.#odd--;
    this.#entries.splice(at, 1);
    this.cover.rebuild(this.#entries);
    return true;
  }

  clear(): void {
    this.#entries = [];
    this.#odd = 0;
    this.cover.rebuild(this.#entries);
  }
}

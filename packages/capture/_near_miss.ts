/**
 * Writes to userspace that a registration almost matched.
 *
 * @module
 */
import type { Doorbell, DoorbellKey } from "./_doorbell.ts";

/** What was wrong: the access length, the data, or the address by a few bytes. */
export type NearMissKind = "length" | "data" | "address";

/** A registration and the writes beside it. */
export interface NearMiss {
  /** What was wrong. */
  readonly kind: NearMissKind;
  /** The registration. */
  readonly doorbell: Doorbell;
  /** Bytes from the registration to the write. */
  readonly offset: number;
  /** Line of the first. */
  line: number;
  /** How many. */
  writes: number;
}

/** Bytes off that still count as near. */
const nearBytes = 7;

/** Registrations in force, by bus and address. */
export class ActiveDoorbells {
  readonly #byAddress = new Map<number, Doorbell[]>();

  /** A registration was made. */
  add(doorbell: Doorbell): void {
    const key = addressKey(doorbell.key.bus, doorbell.key.lo, doorbell.key.hi);
    const there = this.#byAddress.get(key);
    if (there === undefined) this.#byAddress.set(key, [doorbell]);
    else if (!there.includes(doorbell)) there.push(doorbell);
  }

  /** A registration was taken away. */
  remove(doorbell: Doorbell): void {
    const key = addressKey(doorbell.key.bus, doorbell.key.lo, doorbell.key.hi);
    const left = (this.#byAddress.get(key) ?? []).filter((one) => one !== doorbell);
    if (left.length > 0) this.#byAddress.set(key, left);
    else this.#byAddress.delete(key);
  }

  /** Registrations at an address. */
  at(bus: number, lo: number, hi: number): readonly Doorbell[] {
    return this.#byAddress.get(addressKey(bus, lo, hi)) ?? none;
  }

  /** The registration nearest to a write that none matches, or null. */
  nearest(bus: number, lo: number, hi: number, len: number): NearMiss | null {
    if (this.#byAddress.size === 0) return null;
    const here = this.at(bus, lo, hi);
    const sameLength = here.find((one) => one.key.len === len);
    if (sameLength !== undefined) return near("data", sameLength, 0);
    if (here.length > 0) return near("length", here[0]!, 0);
    const base = addressKey(bus, lo, hi);
    for (let off = 1; off <= nearBytes; off++) {
      const before = this.#byAddress.get(base - off);
      if (before !== undefined) return near("address", before[0]!, off);
      const behind = this.#byAddress.get(base + off);
      if (behind !== undefined) return near("address", behind[0]!, -off);
    }
    return null;
  }
}

const none: readonly Doorbell[] = [];

function near(kind: NearMissKind, doorbell: Doorbell, offset: number): NearMiss {
  return { kind, doorbell, offset, line: 0, writes: 0 };
}

/** Buses far apart, addresses exact below 2^51. */
function addressKey(bus: DoorbellKey["bus"], lo: number, hi: number): number {
  return (hi >>> 0) * 2 ** 32 + (lo >>> 0) + bus * 2 ** 51;
}

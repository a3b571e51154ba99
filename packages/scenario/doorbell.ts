/**
 * A doorbell: where a VMM wants the guest's kick, and which writes are one.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { IoeventfdBus, IoeventfdMatch } from "@ioeventfd/uapi";

/** One registration of a scenario, or of a VMM's wiring, without its eventfd. */
export interface Doorbell {
  /** Bus it is on. */
  readonly bus: IoeventfdBus;
  /** Guest physical address or port. */
  readonly addr: bigint;
  /** Which writes signal. */
  readonly match: IoeventfdMatch;
}

/** Bytes of an access that a doorbell may ask for; 0 is any. */
export type DoorbellLength = 0 | 1 | 2 | 4 | 8;

/**
 * A doorbell in memory-mapped I/O space.
 *
 * @param addr Guest physical address
 * @param len Bytes a write must have, 0 for any
 * @param datamatch Value it must have; any where absent
 * @throws {TypeError} for a value with length 0, which no kernel takes
 *
 * @example
 * ```ts
 * import { mmioDoorbell, showDoorbell } from "@ioeventfd/scenario";
 *
 * const text = showDoorbell(mmioDoorbell(0xd0000050n, 4, 1n));
 * if (text !== "mmio 0xd0000050 len 4 datamatch 0x1") throw new Error(text);
 * ```
 */
export function mmioDoorbell(addr: bigint, len: DoorbellLength = 0, datamatch?: bigint): Doorbell {
  return { bus: "mmio", addr, match: match(len, datamatch) };
}

/**
 * A doorbell in port space.
 *
 * @param port Port
 * @param len Bytes an OUT must have, 0 for any
 * @param datamatch Value it must have; any where absent
 * @throws {TypeError} for a value with length 0, which no kernel takes
 */
export function pioDoorbell(port: bigint, len: DoorbellLength = 0, datamatch?: bigint): Doorbell {
  return { bus: "pio", addr: port, match: match(len, datamatch) };
}

/**
 * A doorbell in one line of text: `mmio 0xfebfb000 any length`, `pio 0xc010 len 2 datamatch 0x1`.
 *
 * @param doorbell What to show
 */
export function showDoorbell(doorbell: Doorbell): string {
  const { bus, addr, match } = doorbell;
  if (match.len === 0) return `${bus} ${hex(addr)} any length`;
  const value = match.datamatch === undefined ? "" : ` datamatch ${hex(match.datamatch)}`;
  return `${bus} ${hex(addr)} len ${match.len}${value}`;
}

function match(len: DoorbellLength, datamatch: bigint | undefined): IoeventfdMatch {
  if (len === 0) {
    if (datamatch === undefined) return { len };
    throw new TypeError("A doorbell of any length has no datamatch");
  }
  return datamatch === undefined ? { len } : { len, datamatch };
}

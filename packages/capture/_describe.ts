/**
 * Accesses and registrations in words.
 *
 * @module
 */
import { hex, joinWords, KVM_PIO_BUS } from "@ioeventfd/uapi";
import type { Access } from "./_access.ts";
import type { DoorbellKey } from "./_doorbell.ts";

/** `0xfebfb000` from two words. */
export function hex64(lo: number, hi: number): string {
  return hex(joinWords(lo, hi));
}

/** `mmio 0xfebfb000`. */
export function describePlace(bus: number, lo: number, hi: number): string {
  return `${bus === KVM_PIO_BUS ? "pio" : "mmio"} ${hex64(lo, hi)}`;
}

/** `the 2-byte write of 0x1 to pio 0xc010`. */
export function describeAccess(access: Access): string {
  const { bus, lo, hi, len, valueLo, valueHi } = access;
  return `the ${len}-byte write of ${hex64(valueLo, valueHi)} to ${describePlace(bus, lo, hi)}`;
}

/** `the ioeventfd mmio 0xfebfb000, any length`. */
export function describeDoorbell(key: DoorbellKey): string {
  const length = key.len === 0 ? "any length" : `length ${key.len}`;
  const data = key.wildcard ? "" : `, datamatch ${hex64(key.datamatchLo, key.datamatchHi)}`;
  return `the ioeventfd ${describePlace(key.bus, key.lo, key.hi)}, ${length}${data}`;
}

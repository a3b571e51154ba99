import {
  type CoalescedZone,
  hex,
  type IoeventfdSpec,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
  type MemoryRegion,
  showValue,
} from "@ioeventfd/uapi";
import type { IoeventfdRequest } from "./_ioeventfd_request.ts";
import type { ZoneRequest } from "./_coalesced_zones.ts";
import { highWord, lowWord } from "./_u64.ts";

/** The value, if it is a u64. */
export function checkU64(value: bigint, what: string): bigint {
  if (typeof value === "bigint" && BigInt.asUintN(64, value) === value) return value;
  if (typeof value !== "bigint") {
    throw new TypeError(`${what} must be a bigint: got ${showValue(value)}`);
  }
  throw new RangeError(`${what} ${hex(value)} is not a u64`);
}

/** The value, if it is an integer within bounds. */
export function checkInteger(value: unknown, what: string, low: number, high: number): number {
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new TypeError(`${what} must be an integer: got ${showValue(value)}`);
  }
  if (value < low || value > high) {
    throw new RangeError(`${what} ${hex(value)} is not within ${hex(low)} and ${hex(high)}`);
  }
  return value;
}

function busFlagOf(bus: IoeventfdSpec["bus"]): number {
  if (bus === "mmio") return 0;
  if (bus === "pio") return KVM_IOEVENTFD_FLAG_PIO;
  if (bus === "ccw") return KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;
  throw new TypeError(`Bus must be "mmio", "pio" or "ccw": got ${showValue(bus)}`);
}

/** Fills a request with a typed registration. */
export function specRequest(
  request: IoeventfdRequest,
  spec: IoeventfdSpec,
  flags: number,
): IoeventfdRequest {
  const busFlag = busFlagOf(spec.bus);
  // a caller without types may have left `match` out
  const len = spec.match?.len;
  if (len !== 0 && len !== 1 && len !== 2 && len !== 4 && len !== 8) {
    checkInteger(len, "Length", 0, 8);
    throw new RangeError(`Length ${hex(len)} is not one of 0, 1, 2, 4, 8`);
  }
  const datamatch = (spec.match as { datamatch?: bigint }).datamatch;
  if (len === 0 && datamatch !== undefined) {
    throw new RangeError("Length 0x0 has no data to match");
  }
  const addr = checkU64(spec.addr, "Address");
  const fd = checkInteger(spec.fd, "Descriptor", -0x8000_0000, 0x7fff_ffff);
  if (datamatch === undefined) return request.set(addr, len, flags | busFlag, fd, 0n);
  const value = checkU64(datamatch, "Datamatch");
  return request.set(addr, len, flags | busFlag | KVM_IOEVENTFD_FLAG_DATAMATCH, fd, value);
}

/** A typed zone with its address as words. */
export function zoneRequest(zone: CoalescedZone): ZoneRequest {
  return {
    lo: lowWord(checkU64(zone.addr, "Address")),
    hi: highWord(),
    size: checkInteger(zone.size, "Size", 0, 0xffff_ffff),
    pio: zone.pio === true ? 1 : 0,
  };
}

/** The region, if its fields are of their types. */
export function checkRegion(region: MemoryRegion): MemoryRegion {
  checkInteger(region.slot, "Slot", 0, 0xffff_ffff);
  checkInteger(region.flags ?? 0, "Flags", 0, 0xffff_ffff);
  checkU64(region.gpa, "Address");
  checkU64(region.size, "Size");
  checkU64(region.hva, "Memory");
  return region;
}

import { busFromFlags, datamatchOf, hex } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";

/** A registration of a set as JSON: u64s as hex strings, null for what it has not. */
export function registrationJson(registration: Registration) {
  const { addr, len, flags, name } = registration;
  return {
    name: name ?? null,
    bus: busFromFlags(flags),
    addr: hex(addr),
    len,
    datamatch: datamatchText(registration) || null,
  };
}

/** The value that a registration compares, empty for a wildcard. */
export function datamatchText(registration: Registration): string {
  const datamatch = datamatchOf(registration);
  return datamatch === null ? "" : hex(datamatch);
}

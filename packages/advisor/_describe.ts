import { busFromFlags, busIndex, datamatchOf, hex } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import type { SetEntry } from "./registration_set.ts";

/** Index of the bus that flags choose. */
export function busIndexOf({ flags }: Registration): number {
  return busIndex(busFromFlags(flags));
}

/** `len 4 at 0x1000`, as sentences need it. */
export function describeRegistration(registration: Registration): string {
  const { addr, len, flags } = registration;
  const datamatch = datamatchOf(registration);
  const value = datamatch === null ? "" : ` datamatch ${hex(datamatch)}`;
  const bus = busFromFlags(flags);
  return `${bus === "mmio" ? "" : `${bus} `}len ${len}${value} at ${hex(addr)}`;
}

/** A step of a set by its number, name and content: `#3 "rx" (len 4 at 0x1000)`. */
export function describeStep(entry: SetEntry, index: number): string {
  switch (entry.kind) {
    case "assign":
    case "deassign": {
      const { name } = entry.registration;
      const called = name === undefined ? "" : ` ${JSON.stringify(name)}`;
      return `#${index}${called} (${describeRegistration(entry.registration)})`;
    }
    case "ram":
      return `#${index} (${entry.readonly ? "read-only " : ""}memory at ${hex(entry.gpa)})`;
    case "zone":
      return `#${index} (coalesced ${entry.pio ? "ports" : "zone"} at ${hex(entry.addr)})`;
    case "irqchip":
      return `#${index} (in-kernel interrupt controllers)`;
    case "split-irqchip":
      return `#${index} (in-kernel LAPIC)`;
    case "pit":
      return `#${index} (in-kernel timer)`;
  }
}

/** `1 byte`, `4 bytes`. */
export function bytesText(len: number): string {
  return len === 1 ? "1 byte" : `${len} bytes`;
}

/** `1, 2 or 4 bytes`. */
export function lengthsText(lens: readonly number[]): string {
  const last = bytesText(lens.at(-1) ?? 0);
  return lens.length < 2 ? last : `${lens.slice(0, -1).join(", ")} or ${last}`;
}

import { busFromFlags, datamatchOf } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";

/** What tells one registration of a VM from every other. */
export function placeOf(registration: Registration): string {
  return `${busAndAddress(registration)} ${shapeText(registration)}`;
}

/** Where it is. */
export function busAndAddress({ addr, flags }: Registration): string {
  return `${busFromFlags(flags)} ${addr}`;
}

/** Which writes it takes there. */
export function shapeText(registration: Registration): string {
  return `${registration.len} ${datamatchOf(registration) ?? "any"}`;
}

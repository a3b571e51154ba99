import { busFromFlags, datamatchOf } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";

const pageSize = 0x1000;

/**
 * Lengths of the guest writes that a registration matches: its own, or for zero length all there are. A store that goes
 * past the end of a page comes to the bus in two parts, so zero length there sees what is left of the page.
 */
export function writesOf({ addr, len, flags }: Registration): readonly number[] {
  const bus = busFromFlags(flags);
  const lens = len === 0 ? [1, 2, 4, 8] : [len];
  if (bus === "pio") return lens.filter((one) => len !== 0 || one <= 4);
  if (bus === "ccw") return len === 0 ? [8] : [len];
  const left = pageSize - Number(addr & 0xfffn);
  if (len !== 0) return lens;
  const whole = lens.filter((one) => one <= left);
  return left < 8 && !whole.includes(left) ? [...whole, left].sort((a, b) => a - b) : whole;
}

/** The value of a write that a registration matches. */
export function valueOf(registration: Registration): bigint {
  return datamatchOf(registration) ?? 0n;
}

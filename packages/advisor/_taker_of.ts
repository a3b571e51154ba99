import type { BusEntry, ReferenceBus } from "@ioeventfd/kvm-core";
import { splitWords } from "@ioeventfd/uapi";
import { rangeOf } from "./_range_of.ts";

/** Who takes a write on a bus, or null; nothing changes by asking. */
export function takerOf(
  array: ReferenceBus,
  write: { readonly addr: bigint; readonly len: number; readonly value: bigint },
): BusEntry | null {
  const { lo, hi, len } = rangeOf(write);
  const value = splitWords(write.value);
  for (let at = array.first(lo, hi, len); array.equals(lo, hi, len, at); at++) {
    const entry = array.entries()[at]!;
    if (entry.device.wouldWrite?.(lo, hi, len, value.lo, value.hi) ?? true) return entry;
  }
  return null;
}

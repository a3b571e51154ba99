import { compareRanges } from "@ioeventfd/kvm-core";
import type { BusEntry, IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";

/** Where the search of a write goes wrong. Numbers are indices into the bus array. */
export type LookupMiss =
  /** The write compares above or below this entry, and the search turns away from the target. */
  | { readonly kind: "turned"; readonly at: number; readonly above: boolean }
  /** The search lands on an entry that contains the write; between it and the target stands one that does not. */
  | { readonly kind: "parted"; readonly landed: number; readonly by: number };

// KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_get_first_dev
/**
 * Follows the search of a write that does not reach its target.
 *
 * @param rules Rules of the bus
 * @param entries Its array
 * @param key The write
 * @param target Index of the entry that should take it
 * @returns What goes wrong, or null when the scan passes over the target
 */
export function lookupMiss(
  rules: BusRules,
  entries: readonly BusEntry[],
  key: IoRange,
  target: number,
): LookupMiss | null {
  let start = 0, end = entries.length;
  while (start < end) {
    const at = (start + end) >>> 1;
    const order = compareRanges(rules, key, entries[at]!);
    if (order === 0) return parted(rules, entries, key, at, target);
    if (order < 0 && at <= target) return { kind: "turned", at, above: false };
    if (order > 0 && at >= target) return { kind: "turned", at, above: true };
    if (order < 0) end = at;
    else start = at + 1;
  }
  return null;
}

function parted(
  rules: BusRules,
  entries: readonly BusEntry[],
  key: IoRange,
  landed: number,
  target: number,
): LookupMiss | null {
  const step = target < landed ? -1 : 1;
  for (let at = landed; at !== target; at += step) {
    if (compareRanges(rules, key, entries[at]!) !== 0) return { kind: "parted", landed, by: at };
  }
  return null;
}

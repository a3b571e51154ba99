import { compareRanges } from "@ioeventfd/kvm-core";
import type { IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";

/** Entries of a bus array beside those at hand, too far away to be confused with them. */
export interface Beside {
  readonly below: number;
  readonly above: number;
}

/** Where the search of a write ends. Numbers are indices into the array at hand. */
export type SearchEnd =
  | { readonly kind: "reached" }
  /** The write compares above or below this entry, and the search turns away from the target. */
  | { readonly kind: "turned"; readonly at: number; readonly above: boolean }
  /** The search lands on an entry that contains the write; between it and the target stands one that does not. */
  | { readonly kind: "parted"; readonly landed: number; readonly at: number };

// KERNEL 6.19 virt/kvm/kvm_main.c kvm_io_bus_get_first_dev
/**
 * Follows the search of a write that should come to a target.
 *
 * @param rules Rules of the bus
 * @param entries Its array, or the part of it that matters
 * @param key The write
 * @param target Index of the entry that should take it
 * @param beside How many entries the part leaves out
 */
export function followSearch(
  rules: BusRules,
  entries: readonly IoRange[],
  key: IoRange,
  target: number,
  beside: Beside = { below: 0, above: 0 },
): SearchEnd {
  let start = 0, end = beside.below + entries.length + beside.above;
  while (start < end) {
    const middle = (start + end) >>> 1;
    const at = middle - beside.below;
    const entry = entries[at];
    const order = entry === undefined ? (at < 0 ? 1 : -1) : compareRanges(rules, key, entry);
    if (order === 0) return scan(rules, entries, key, at, target);
    if (order < 0 && at <= target) return { kind: "turned", at, above: false };
    if (order > 0 && at >= target) return { kind: "turned", at, above: true };
    if (order < 0) end = middle;
    else start = middle + 1;
  }
  throw new RangeError(`Index ${target} is not one of ${entries.length} entries`);
}

function scan(
  rules: BusRules,
  entries: readonly IoRange[],
  key: IoRange,
  landed: number,
  target: number,
): SearchEnd {
  const step = target < landed ? -1 : 1;
  for (let at = landed; at !== target + step; at += step) {
    if (compareRanges(rules, key, entries[at]!) !== 0) return { kind: "parted", landed, at };
  }
  return { kind: "reached" };
}

import { compareRanges } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";
import type { BusHistory, ReplayedEntry } from "./_bus_history.ts";
import { followSearch } from "./_follow_search.ts";
import type { Beside } from "./_follow_search.ts";

/** Steps beyond which a heapsorted array is not built again to see what else hides. */
const mostSorted = 300;

/** A registration whose writes do not all come to it. */
export interface Hidden {
  readonly history: BusHistory;
  readonly rules: BusRules;
  readonly step: number;
  /** Lengths of the writes that should come to it. */
  readonly writes: readonly number[];
  /** The array as it is. */
  readonly entries: readonly ReplayedEntry[];
  /** Whether a step put a device there, which takes what it contains. */
  isDevice(step: number): boolean;
}

/**
 * A smallest set of steps without which every write comes to its registration: the entries that send the search
 * astray one after another, less those that need not go. On a large heapsorted bus, the first of them alone.
 */
export function hidersOf(hidden: Hidden): number[] {
  const group = hidden.history.around(hidden.step);
  if (hidden.rules.insertion === "heapsort" && group.size > mostSorted) {
    const culprit = culpritAmong(hidden, hidden.entries);
    return culprit === null ? [] : [culprit];
  }
  const gone = new Set<number>();
  for (;;) {
    const culprit = firstCulprit(hidden, group, gone);
    if (culprit === null) break;
    gone.add(culprit);
  }
  while (gone.size > 1) {
    const needless = [...gone].find((step) =>
      firstCulprit(hidden, group, new Set([...gone].filter((one) => one !== step))) === null
    );
    if (needless === undefined) break;
    gone.delete(needless);
  }
  return [...gone].sort((a, b) => a - b);
}

/** The step that keeps a write from its registration, or null when all arrive. */
function firstCulprit(
  hidden: Hidden,
  group: ReadonlySet<number>,
  gone: ReadonlySet<number>,
): number | null {
  const { entries, beside } = hidden.history.replay(group, gone);
  return culpritAmong(hidden, entries, beside);
}

function culpritAmong(
  hidden: Hidden,
  entries: readonly ReplayedEntry[],
  beside: Beside = { below: 0, above: 0 },
): number | null {
  const target = entries.findIndex((entry) => entry.step === hidden.step);
  for (const len of hidden.writes) {
    const culprit = culpritFor(hidden, entries, beside, target, len);
    if (culprit !== null) return culprit;
  }
  return null;
}

function culpritFor(
  { rules, isDevice }: Hidden,
  entries: readonly ReplayedEntry[],
  beside: Beside,
  target: number,
  len: number,
): number | null {
  const { lo, hi } = entries[target]!;
  const key = { lo, hi, len };
  const end = followSearch(rules, entries, key, target, beside);
  if (end.kind !== "reached") return entries[end.at]!.step;
  for (let at = target - 1; at >= 0; at--) {
    const { step } = entries[at]!;
    if (compareRanges(rules, key, entries[at]!) !== 0) return null;
    if (isDevice(step)) return step;
  }
  return null;
}

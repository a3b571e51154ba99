/**
 * Sums and differences of counted work.
 *
 * @module
 */
import type { CountedWork } from "@ioeventfd/uapi";
import { type Work, workNames } from "@ioeventfd/vmx-sim";

/** Exits that no access to a doorbell causes: the guest's own RAM, exceptions, HLT. */
const otherPaths: ReadonlySet<string> = new Set(["ram-fault", "exception", "other"]);

/**
 * What was done between two counts.
 *
 * @param before Count at the beginning
 * @param after Count at the end
 */
export function workBetween(before: CountedWork, after: CountedWork): CountedWork {
  const difference: Record<string, Record<string, number>> = {};
  for (const [path, kinds] of Object.entries(after)) {
    const row: Record<string, number> = {};
    for (const [kind, count] of Object.entries(kinds)) {
      row[kind] = count - (before[path]?.[kind] ?? 0);
    }
    difference[path] = row;
  }
  return difference;
}

/**
 * Paths that exits to doorbells and devices took, in the order of the count.
 *
 * @param work Counted work
 * @returns Names of paths with an exit: `fast-mmio`, `pio-kernel`, …
 */
export function accessPaths(work: CountedWork): string[] {
  return Object.keys(work).filter((path) => !otherPaths.has(path) && (work[path]?.exits ?? 0) > 0);
}

/**
 * Work of accesses to doorbells and devices, all their paths together. The guest's own RAM, exceptions and HLT are not
 * in it.
 *
 * @param work Counted work
 */
export function accessWork(work: CountedWork): Work {
  const sum = Object.fromEntries(workNames.map((name) => [name, 0])) as Work;
  for (const [path, kinds] of Object.entries(work)) {
    if (otherPaths.has(path)) continue;
    for (const name of workNames) sum[name] += kinds[name] ?? 0;
  }
  return sum;
}

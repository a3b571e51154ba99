/**
 * Counts of results by kind and tag.
 *
 * @module
 */
import type { VectorResult } from "./vector_result.ts";

/** Counts of a group of results. */
export interface TallyRow {
  /** `register`, `collide`, `bus`, or `guest TAG`. */
  readonly group: string;
  /** Vectors that passed. */
  readonly passed: number;
  /** Vectors that failed. */
  readonly failed: number;
  /** Vectors that could not be run. */
  readonly skipped: number;
  /** Why the skipped ones were, each reason once. */
  readonly reasons: readonly string[];
}

/** Counts results as they come. */
export class Tally {
  readonly #rows = new Map<string, { counts: [number, number, number]; reasons: Set<string> }>();

  /** Counts one. */
  add({ kind, tag, outcome, reason }: VectorResult): void {
    const group = tag === null ? kind : `${kind} ${tag}`;
    const row = this.#rows.get(group) ?? { counts: [0, 0, 0], reasons: new Set<string>() };
    this.#rows.set(group, row);
    row.counts[outcome === "passed" ? 0 : outcome === "failed" ? 1 : 2]++;
    if (reason !== null) row.reasons.add(reason);
  }

  /** A row for each group, in the order in which they came. */
  rows(): TallyRow[] {
    return [...this.#rows].map(([group, { counts: [passed, failed, skipped], reasons }]) => ({
      group,
      passed,
      failed,
      skipped,
      reasons: [...reasons],
    }));
  }

  /** All groups together. */
  total(): Omit<TallyRow, "group" | "reasons"> {
    const sum = { passed: 0, failed: 0, skipped: 0 };
    for (const { passed, failed, skipped } of this.rows()) {
      sum.passed += passed;
      sum.failed += failed;
      sum.skipped += skipped;
    }
    return sum;
  }
}

/**
 * The last line of a report.
 *
 * @param total Counts
 * @returns `N passed, M failed`, and `, K skipped` where some were
 */
export function tallyLine({ passed, failed, skipped }: ReturnType<Tally["total"]>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

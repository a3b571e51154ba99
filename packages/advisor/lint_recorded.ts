/**
 * Lint over the life of a recorded VM.
 *
 * @module
 */
import { lint } from "./lint.ts";
import type { LintOptions } from "./lint.ts";
import type { Finding, LintReport } from "./lint_report.ts";
import type { RecordedSet } from "./recorded_set.ts";

/** Findings over a VM's life. */
export interface RecordedLint extends LintReport {
  /** Line of the recording at which each finding was first so, by step. */
  readonly since: ReadonlyMap<number, number>;
}

/** Most states of a VM that are judged; of a longer life, the last ones. */
const mostStates = 400;

/**
 * Judges a recorded VM in every state in which its guest ran: a registration is as bad as it ever was then.
 *
 * @param set What the VM was told
 * @param options Releases and host
 * @returns The worst findings; the order is that of the last state
 */
export function lintRecorded(set: RecordedSet, options: LintOptions = {}): RecordedLint {
  const worst = new Map<number, { finding: Finding; since: number }>();
  const ends = set.ranAfter.length > 0 ? set.ranAfter.slice(-mostStates) : [set.steps.length];
  let last: LintReport | undefined;
  ends.forEach((end, i) => {
    const order = i === ends.length - 1;
    last = lint(set.steps.slice(0, end), { ...options, order });
    for (const finding of last.registrations) {
      const before = worst.get(finding.index)?.finding;
      if (before !== undefined && badness(before) >= badness(finding)) continue;
      worst.set(finding.index, { finding, since: set.lines[end - 1] ?? 0 });
    }
  });
  const found = [...worst.values()].sort((a, b) => a.finding.index - b.finding.index);
  return {
    releases: last!.releases,
    registrations: found.map((one) => one.finding),
    safeOrder: last!.safeOrder,
    robust: last!.robust,
    orderWhy: last!.orderWhy,
    since: new Map(found.map((one) => [one.finding.index, one.since])),
  };
}

function badness({ verdict, writes }: Finding): number {
  if (verdict === "dead") return 3;
  if (verdict === "never") return 2;
  return writes.length > 0 ? 1 : 0;
}

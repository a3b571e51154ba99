/**
 * What `conform` came to, whatever was played.
 *
 * @module
 */
import { formatVector, scenarioText } from "@ioeventfd/conform";
import type { TallyRow, Vector, VectorResult } from "@ioeventfd/conform";

/** A difference. */
export interface Failure {
  /** Id and what differs. */
  readonly result: VectorResult;
  /** The smallest case of a random one, with what the judge did. */
  readonly vector?: Vector;
  /** How the model translated guest addresses. */
  readonly paging?: "ept" | "shadow";
}

/** One line of TAP, one test of JUnit. */
export interface TestPoint {
  /** What it belongs to: `register`, `guest`, `random`. */
  readonly group: string;
  /** Its name. */
  readonly name: string;
  /** What it came to. */
  readonly outcome: VectorResult["outcome"];
  /** Why it was skipped. */
  readonly reason?: string | null;
  /** What differs. */
  readonly failure?: Failure;
}

/** A whole run. */
export interface ConformOutcome {
  /** What was played against what, in a few sentences. */
  readonly about: readonly string[];
  /** Backends: `sim`, `kvm`. */
  readonly backends: readonly string[];
  /** Release of the model, or null when there was none. */
  readonly kernel: string | null;
  /** Where chance began, or null when there was none. */
  readonly seed: number | null;
  /** Counts by group. */
  readonly rows: readonly TallyRow[];
  /** Differences, as many as were kept. */
  readonly failures: readonly Failure[];
  /** For TAP and JUnit. */
  readonly points: readonly TestPoint[];
  /** Why it ended early, or null. */
  readonly stopped: "interrupted" | "too many differences" | null;
  /** How long it took. */
  readonly seconds: number;
}

/** Counts of all groups together. */
export function totalOf(
  { rows }: Pick<ConformOutcome, "rows">,
): { passed: number; failed: number; skipped: number } {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of rows) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

/** A difference in lines: what differs, then the smallest case as a vector and as a scenario. */
export function failureLines({ result, vector, paging }: Failure): string[] {
  const lines = result.differences.map(({ what, expected, actual }) =>
    `${what}: expected ${expected}, got ${actual}`
  );
  if (vector === undefined) return lines;
  if (lines.length === 0) lines.push("it did not happen again: does something depend on time?");
  const option = paging === "ept" ? " --paging ept" : "";
  const about = `The vector, for ioeventfd conform${option} --vectors FILE:`;
  lines.push("", about, formatVector(vector));
  if (vector.kind === "history" || vector.kind === "guest") {
    const scenario = "The scenario, for ioeventfd run [--backend kvm] FILE:";
    lines.push("", scenario, ...scenarioText(vector, paging).trimEnd().split("\n"));
  }
  return lines;
}

/** The run as JSON. */
export function outcomeJson(outcome: ConformOutcome): Record<string, unknown> {
  const { backends, kernel, seed, rows, failures, stopped, seconds, about } = outcome;
  return {
    backend: backends.join(","),
    about,
    kernel,
    seed,
    ...totalOf(outcome),
    stopped,
    seconds,
    groups: rows,
    failures: failures.map(({ result, vector, paging }) => ({
      ...result,
      ...(vector && { vector: JSON.parse(formatVector(vector)) }),
      ...((vector?.kind === "history" || vector?.kind === "guest") &&
        { scenario: scenarioText(vector, paging) }),
    })),
  };
}

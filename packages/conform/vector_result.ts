/**
 * What running a vector came to.
 *
 * @module
 */
import type { Vector, VectorKind } from "./vector.ts";

/** One observation that differs. */
export interface Difference {
  /** What was compared: `errno`, `counters`, `exits`, … */
  readonly what: string;
  /** As the vector has it, for people. */
  readonly expected: string;
  /** As the backend gave it, for people. */
  readonly actual: string;
}

/** Result of one vector. */
export interface VectorResult {
  /** Id of the vector. */
  readonly id: string;
  /** Its kind. */
  readonly kind: VectorKind;
  /** Tag of a guest vector, else null. */
  readonly tag: string | null;
  /** What it came to. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it was skipped. */
  readonly reason: string | null;
  /** What differs, empty unless it failed. */
  readonly differences: readonly Difference[];
}

/** Collects differences while a vector runs. */
export class Comparison {
  readonly #differences: Difference[] = [];

  /** What differed so far. */
  get differences(): readonly Difference[] {
    return this.#differences;
  }

  /** Compares two values that print as they are. */
  same(what: string, expected: string, actual: string): void {
    if (expected !== actual) this.#differences.push({ what, expected, actual });
  }

  /** Compares two lists up to their first difference. */
  sequence(what: string, expected: readonly string[], actual: readonly string[]): void {
    const length = Math.max(expected.length, actual.length);
    for (let i = 0; i < length; i++) {
      const [want = "nothing", got = "nothing"] = [expected[i], actual[i]];
      if (want !== got) return this.same(`${what} ${i}`, want, got);
    }
  }

  /** The result of the vector that was run. */
  result(vector: Vector): VectorResult {
    const outcome = this.#differences.length === 0 ? "passed" : "failed";
    return { ...about(vector), outcome, reason: null, differences: this.#differences };
  }
}

/** The result of a vector that could not be run. */
export function skipped(vector: Vector, reason: string): VectorResult {
  return { ...about(vector), outcome: "skipped", reason, differences: [] };
}

function about(vector: Vector): Pick<VectorResult, "id" | "kind" | "tag"> {
  return { id: vector.id, kind: vector.kind, tag: vector.kind === "guest" ? vector.tag : null };
}

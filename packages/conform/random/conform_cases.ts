/**
 * Random cases on the model and on a judge, and the smallest case of each difference.
 *
 * @module
 */
import { check, property } from "fast-check";
import type { Vector } from "../vector.ts";
import type { Difference } from "../vector_result.ts";
import { chunks, withTrial } from "./_chunks.ts";
import type { Trial } from "./_trial.ts";
import type { CaseKind, CaseShape } from "./case_kind.ts";
import type { ConformSide } from "./conform_side.ts";

/** What to compare. */
export interface ConformOptions extends CaseShape {
  /** What is tried. */
  readonly model: ConformSide;
  /** Who is right where they differ. */
  readonly judge: ConformSide;
  /** Kind of case. */
  readonly kind: CaseKind;
  /** How many, from 1; Infinity for as long as it is asked for more. */
  readonly cases: number;
  /** Where chance begins; the same seed draws the same cases. */
  readonly seed: number;
  /** Milliseconds that making a difference smaller may take; 10,000 where absent. */
  readonly shrinkMs?: number;
  /** Milliseconds of some clock. */
  readonly now: () => number;
}

/** A difference. */
export interface Finding {
  /** Its smallest case, with what the judge did. */
  readonly vector: Vector;
  /** What the model did otherwise; empty when it did not happen again. */
  readonly differences: readonly Difference[];
}

/** What a few cases came to. */
export interface ConformProgress {
  /** Cases played since the last time. */
  readonly played: number;
  /** Of these, how many differ. */
  readonly failed: number;
  /** The smallest case of one of them. */
  readonly finding: Finding | null;
}

/**
 * Plays random cases, and tells after every few of them.
 *
 * @param options What to compare
 * @returns Progress until all cases are played; leaving early closes what is open
 *
 * @example The model against its plain form
 * ```ts
 * import { conformCases, ReferenceBackend } from "@ioeventfd/conform/random";
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 *
 * const model = { backend: new CoreBackend() }, judge = { backend: new ReferenceBackend() };
 * const options = { model, judge, kind: "registration", cases: 100, seed: 1, now: () => 0 } as const;
 * for (const { failed } of conformCases(options)) {
 *   if (failed > 0) throw new Error("they differ");
 * }
 * ```
 */
export function conformCases(options: ConformOptions): Generator<ConformProgress, void> {
  const { model, judge, kind } = options;
  return withTrial(kind, model, judge, options, (trial) => run(trial, options));
}

function* run<T>(made: Trial<T>, options: ConformOptions): Generator<ConformProgress, void> {
  using trial = made;
  const { cases, kind, seed, shrinkMs = 10_000, now } = options;
  const todo = chunks(trial, kind, seed, cases);
  for (let next = todo.next(); !next.done;) {
    const { arbitrary, seed: from, values, perValue, id } = next.value;
    let played = 0, failed = 0, deadline = Infinity;
    const details = check(
      property(arbitrary, (value) => {
        if (now() > deadline) return true;
        const differing = trial.differing(value);
        if (failed === 0) {
          played += perValue;
          failed = differing;
          if (failed > 0) deadline = now() + shrinkMs;
        }
        return differing === 0;
      }),
      { seed: from, numRuns: values },
    );
    if (details.errorInstance instanceof Error && failed === 0) throw details.errorInstance;
    const smallest = details.counterexample?.[0];
    yield { played, failed, finding: smallest === undefined ? null : trial.outcome(smallest, id) };
    next = todo.next(played);
  }
}

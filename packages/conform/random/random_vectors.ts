/**
 * Recording random cases.
 *
 * @module
 */
import { sample } from "fast-check";
import type { Vector } from "../vector.ts";
import { chunks, withTrial } from "./_chunks.ts";
import type { Trial } from "./_trial.ts";
import type { CaseKind, CaseShape } from "./case_kind.ts";
import type { ConformSide } from "./conform_side.ts";

/** What to record. */
export interface RecordOptions extends CaseShape {
  /** Who is observed. */
  readonly side: ConformSide;
  /** Kind of case. */
  readonly kind: CaseKind;
  /** How many, from 1. */
  readonly cases: number;
  /** Where chance begins; the same seed draws the same cases as `conformCases` does. */
  readonly seed: number;
}

/**
 * Plays random cases on one side and tells what it did, as vectors of kind `history` and `guest`.
 *
 * @param options What to record
 * @returns Vectors, some at a time; leaving early closes what is open
 *
 * @example
 * ```ts
 * import { randomVectors } from "@ioeventfd/conform/random";
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 *
 * const side = { backend: new CoreBackend() };
 * const vectors = [...randomVectors({ side, kind: "registration", cases: 3, seed: 1 })].flat();
 * if (vectors.length !== 3 || vectors[0]!.kind !== "history") throw new Error("three histories");
 * ```
 */
export function randomVectors(options: RecordOptions): Generator<readonly Vector[], void> {
  const { side, kind } = options;
  return withTrial(kind, side, side, options, (trial) => record(trial, options));
}

function* record<T>(
  made: Trial<T>,
  { kind, cases, seed }: RecordOptions,
): Generator<readonly Vector[], void> {
  using trial = made;
  const todo = chunks(trial, kind, seed, cases);
  for (let next = todo.next(); !next.done;) {
    const { arbitrary, seed: from, values, id } = next.value;
    const drawn = sample(arbitrary, { seed: from, numRuns: values });
    const vectors = drawn.flatMap((value, i) => {
      return trial.observed(value, values === 1 ? id : `${id}.${i}`);
    });
    yield vectors;
    next = todo.next(vectors.length);
  }
}

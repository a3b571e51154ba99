/**
 * Random cases on the model and on a judge, and the smallest case of each difference.
 *
 * @module
 */
import { check, property } from "fast-check";
import type { Vector } from "../vector.ts";
import type { Difference } from "../vector_result.ts";
import { DrawnArbitrary } from "./_arbitrary.ts";
import { GuestTrial } from "./_guest_trial.ts";
import { HistoryTrial } from "./_history_trial.ts";
import { RegistrationTrial } from "./_registration_trial.ts";
import type { Trial } from "./_trial.ts";
import type { ConformSide } from "./conform_side.ts";

/**
 * Kinds of random case: calls of `KVM_IOEVENTFD` alone; histories of calls and guest writes; machine code.
 */
export type CaseKind = "registration" | "history" | "guest";

/** What to compare. */
export interface ConformOptions {
  /** What is tried. */
  readonly model: ConformSide;
  /** Who is right where they differ. */
  readonly judge: ConformSide;
  /** Kind of case. */
  readonly kind: CaseKind;
  /** How many, from 1. */
  readonly cases: number;
  /** Where chance begins; the same seed draws the same cases. */
  readonly seed: number;
  /** Interrupt controllers in histories; where absent they are, for a judge without any they must not be. */
  readonly irqchips?: boolean;
  /** Milliseconds that making a difference smaller may take; 20,000 where absent. */
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
export function* conformCases(options: ConformOptions): Generator<ConformProgress, void> {
  const { model, judge, kind, irqchips = true } = options;
  switch (kind) {
    case "registration":
      return yield* run(new RegistrationTrial(model, judge), options);
    case "history":
      return yield* run(new HistoryTrial(model, judge, { irqchips }), options);
    case "guest":
      return yield* run(new GuestTrial(model, judge), options);
  }
}

function* run<T>(made: Trial<T>, options: ConformOptions): Generator<ConformProgress, void> {
  using trial = made;
  const { cases, kind, seed, shrinkMs = 20_000, now } = options;
  for (let done = 0, chunk = 0; done < cases; chunk++) {
    const left = cases - done;
    const perValue = Math.min(trial.casesPerValue, left);
    const values = Math.max(1, Math.min(trial.valuesPerChunk, Math.floor(left / perValue)));
    let played = 0, failed = 0, deadline = Infinity;
    const arbitrary = new DrawnArbitrary(
      (draw) => trial.draw(draw, perValue),
      (value) => trial.simpler(value),
    );
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
      { seed: mix(seed, chunk), numRuns: values },
    );
    if (details.errorInstance instanceof Error && failed === 0) throw details.errorInstance;
    const smallest = details.counterexample?.[0];
    const id = `random/${kind}/${seed}.${chunk}`;
    const finding = smallest === undefined ? null : trial.outcome(smallest, id);
    done += played;
    yield { played, failed, finding };
  }
}

/** A seed for each chunk, far from those of its neighbours. */
function mix(seed: number, chunk: number): number {
  let x = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) + Math.imul(chunk + 1, 0xc2b2_ae35);
  x ^= x >>> 15;
  x = Math.imul(x, 0x2c1b_3c6d);
  return x ^ x >>> 13;
}

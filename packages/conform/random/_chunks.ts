import { DrawnArbitrary } from "./_arbitrary.ts";
import { GuestTrial } from "./_guest_trial.ts";
import { HistoryTrial } from "./_history_trial.ts";
import { RegistrationTrial } from "./_registration_trial.ts";
import type { Trial } from "./_trial.ts";
import type { CaseKind, CaseShape } from "./case_kind.ts";
import type { ConformSide } from "./conform_side.ts";

/** Cases played between two looks at the clock. */
export interface Chunk<T> {
  /** Values to draw. */
  readonly values: number;
  /** Cases in each. */
  readonly perValue: number;
  /** Where chance begins. */
  readonly seed: number;
  /** Name of its vectors. */
  readonly id: string;
  /** What draws and shrinks them. */
  readonly arbitrary: DrawnArbitrary<T>;
}

/** What work does with a trial, of whatever it draws. */
export type TrialWork<R> = <T>(trial: Trial<T>) => R;

/** Makes the trial of a kind, and works with it. */
export function withTrial<R>(
  kind: CaseKind,
  model: ConformSide,
  judge: ConformSide,
  { irqchips = true, zeroLengthMmio = true, port80 = true, ...shape }: CaseShape,
  work: TrialWork<R>,
): R {
  switch (kind) {
    case "registration":
      return work(new RegistrationTrial(model, judge));
    case "history":
      return work(new HistoryTrial(model, judge, { irqchips, zeroLengthMmio, ...shape }));
    case "guest":
      return work(new GuestTrial(model, judge, { zeroLengthMmio, port80 }));
  }
}

/** Chunk after chunk, until there were so many cases; each tells how many of it were played. */
export function* chunks<T>(
  trial: Trial<T>,
  kind: CaseKind,
  seed: number,
  cases: number,
): Generator<Chunk<T>, void, number> {
  for (let left = cases, chunk = 0; left > 0; chunk++) {
    const perValue = Math.min(trial.casesPerValue, left);
    const values = Math.max(1, Math.min(trial.valuesPerChunk, Math.floor(left / perValue)));
    left -= yield {
      values,
      perValue,
      seed: mix(seed, chunk),
      id: `random/${kind}/${seed}.${chunk}`,
      arbitrary: new DrawnArbitrary(
        (draw) => trial.draw(draw, perValue),
        (value) => trial.simpler(value),
      ),
    };
  }
}

/** A seed for each chunk, far from those of its neighbours. */
function mix(seed: number, chunk: number): number {
  let x = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) + Math.imul(chunk + 1, 0xc2b2_ae35);
  x ^= x >>> 15;
  x = Math.imul(x, 0x2c1b_3c6d);
  return x ^ x >>> 13;
}

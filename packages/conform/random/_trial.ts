import type { Vector } from "../vector.ts";
import type { Difference } from "../vector_result.ts";
import type { Draw } from "./draw.ts";

/** What a value came to in the end. */
export interface Outcome {
  /** What the judge did, as a vector. */
  readonly vector: Vector;
  /** What the model did otherwise. */
  readonly differences: readonly Difference[];
}

/** A kind of random test of the model against a judge. */
export interface Trial<T> extends Disposable {
  /** Cases in one value. */
  readonly casesPerValue: number;
  /** Values between two looks at the clock. */
  readonly valuesPerChunk: number;
  /** Draws a value with so many cases. */
  draw(draw: Draw, cases: number): T;
  /** Values that say less. */
  simpler(value: T): Iterable<T>;
  /** How many of its cases differ. */
  differing(value: T): number;
  /** What the judge does, a vector for each of its cases. */
  observed(value: T, id: string): Vector[];
  /** Plays it once more, to tell. */
  outcome(value: T, id: string): Outcome;
}

/** What the model gave, or what it threw: a model that breaks differs too. */
export function attempt<T>(play: () => T): { readonly gave: T } | { readonly threw: string } {
  try {
    return { gave: play() };
  } catch (error) {
    return { threw: String(error) };
  }
}

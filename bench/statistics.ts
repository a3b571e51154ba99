/**
 * Medians and spreads over rounds.
 *
 * @module
 */
import { median } from "./sampling.ts";

/** A figure over rounds. */
export interface Figure {
  /** Median. */
  readonly median: number;
  /** First and third quartile. */
  readonly spread: readonly [low: number, high: number];
}

/**
 * Median and quartiles.
 *
 * @param values One a round, at least one
 */
export function figure(values: readonly number[]): Figure {
  return { median: median(values), spread: [quantile(values, 0.25), quantile(values, 0.75)] };
}

/**
 * The figure of the ratios within each round: load that comes and goes hits both alike.
 *
 * @param values One a round
 * @param others The other's, of the same rounds
 */
export function ratio(values: readonly number[], others: readonly number[]): Figure {
  return figure(values.map((value, round) => value / others[round]!));
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = part * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!, above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}

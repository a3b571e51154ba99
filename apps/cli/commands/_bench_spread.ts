/**
 * Samples, and how far they spread.
 *
 * @module
 */

/** A few figures of many samples. */
export interface Spread {
  /** The least. */
  readonly least: number;
  /** A quarter is below. */
  readonly lowerQuartile: number;
  /** Half is below. */
  readonly median: number;
  /** A quarter is above. */
  readonly upperQuartile: number;
}

/**
 * The spread of samples, between two of them in proportion.
 *
 * @param samples At least one
 */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (part: number): number => {
    const place = part * (sorted.length - 1), below = Math.floor(place);
    const [low, high] = [sorted[below]!, sorted[Math.ceil(place)]!];
    return low + (high - low) * (place - below);
  };
  return {
    least: sorted[0]!,
    lowerQuartile: at(0.25),
    median: at(0.5),
    upperQuartile: at(0.75),
  };
}

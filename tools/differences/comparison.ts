/**
 * What comparing the model with a live kernel came to.
 *
 * @module
 */

/** One thing that they do differently. */
export interface Found {
  /** Where: the name of the case, or the id of the vector. */
  readonly id: string;
  /** What the kernel does. */
  readonly kernel: string;
  /** What the model does. */
  readonly model: string;
}

/** A row: a group of things compared. */
export interface Comparison {
  /** What was compared. */
  readonly what: string;
  /** How many of them. */
  readonly compared: number;
  /** How many could not be, and why. */
  readonly skipped: readonly string[];
  /** What differs. */
  readonly found: readonly Found[];
}

/** All of them, and of whom. */
export interface Report {
  /** Release of the kernel, such as `6.18.44`. */
  readonly kernel: string;
  /** Release of the model. */
  readonly model: string;
  /** Whether guests get to the fast MMIO bus. */
  readonly paging: "ept" | "shadow";
  /** The rows. */
  readonly comparisons: readonly Comparison[];
}

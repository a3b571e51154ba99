/**
 * How much is measured: everything, or as much as fits into less than a minute.
 *
 * @module
 */

/** Sizes and lengths of a run. */
export interface Plan {
  /** Rounds; each runs every variant in a process of its own. */
  readonly rounds: number;
  /** Milliseconds that rounds may take together: none begins, but for the first, that would end later. */
  readonly budgetMs: number;
  /** Timed chunks of a process, of which the median counts. */
  readonly chunks: number;
  /** Devices on a bus, and writes in a chunk. */
  readonly dispatch: readonly (readonly [n: number, ops: number])[];
  /** Datamatches at one address, and writes in a chunk. */
  readonly datamatch: readonly (readonly [n: number, ops: number])[];
  /** Registrations, of which the last is made and removed. */
  readonly assign: readonly number[];
  /** Kicks in a chunk; a multiple of 2048, as the warm-up rings an eighth of it and the slow path a quarter. */
  readonly kicks: number;
  /** Calls in a chunk: the model's eventfds. */
  readonly eventfdOps: number;
  /** Calls in a chunk: the kernel's eventfds. */
  readonly realEventfdOps: number;
  /** Round trips in a chunk. */
  readonly roundTrips: number;
  /** Bytes of the recordings. */
  readonly recordingBytes: number;
  /** Registration cases in a chunk. */
  readonly cases: number;
  /** Registrations whose memory is measured. */
  readonly registrations: number;
}

/** Everything, 9 rounds. */
export const fullPlan: Plan = {
  rounds: 9,
  budgetMs: Infinity,
  chunks: 201,
  dispatch: [1, 16, 256, 1000, 10_000, 100_000].map((n) => [n, 8192]),
  datamatch: [[1, 8192], [16, 8192], [256, 1024], [1000, 256]],
  assign: [1, 16, 256, 1000, 10_000, 100_000],
  kicks: 8192,
  eventfdOps: 4096,
  realEventfdOps: 1024,
  roundTrips: 100,
  recordingBytes: 1_000_000_000,
  cases: 25,
  registrations: 100_000,
};

/** The same axes in less than 50 s, with as many rounds as fit. */
export const quickPlan: Plan = {
  ...fullPlan,
  rounds: 4,
  budgetMs: 36_000,
  chunks: 51,
  registrations: 25_000,
  recordingBytes: 256_000_000,
};

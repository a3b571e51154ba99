/**
 * How much is measured: everything, or as much as fits into less than a minute.
 *
 * @module
 */

/** Sizes and lengths of a run. */
export interface Plan {
  /** Rounds; each runs every variant in a process of its own. */
  readonly rounds: number;
  /** Timed chunks of a process, of which the median counts. */
  readonly chunks: number;
  /** Devices on a bus, and writes in a chunk. */
  readonly dispatch: readonly (readonly [n: number, ops: number])[];
  /** Datamatches at one address, and writes in a chunk. */
  readonly datamatch: readonly (readonly [n: number, ops: number])[];
  /** Registrations, of which the last is made and removed. */
  readonly assign: readonly number[];
  /** Kicks in a chunk; a multiple of 256. */
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
  chunks: 15,
  dispatch: [[1, 131_072], [16, 131_072], [256, 131_072], [1000, 131_072], [10_000, 131_072], [
    100_000,
    131_072,
  ]],
  datamatch: [[1, 131_072], [16, 131_072], [256, 16_384], [1000, 8192]],
  assign: [1, 16, 256, 1000, 10_000, 100_000],
  kicks: 65_536,
  eventfdOps: 65_536,
  realEventfdOps: 16_384,
  roundTrips: 1000,
  recordingBytes: 1_000_000_000,
  cases: 4000,
  registrations: 100_000,
};

/** The same axes in less than 50 s on two cores. */
export const quickPlan: Plan = {
  ...fullPlan,
  rounds: 3,
  chunks: 7,
  dispatch: fullPlan.dispatch.map(([n]) => [n, 65_536]),
  datamatch: [[1, 65_536], [16, 65_536], [256, 8192], [1000, 2048]],
  realEventfdOps: 4096,
  roundTrips: 300,
  recordingBytes: 64_000_000,
  cases: 2000,
};

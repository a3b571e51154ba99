/**
 * Work, counted: what KVM did in software for each exit, by the path the exit took, and beside it what the CPU did in
 * silicon. Nothing here is a time.
 *
 * @module
 */

/** KVM's work, in the order of the columns. */
export const workNames = [
  "exits",
  "fetchPageTableReads",
  "dataPageTableReads",
  "faultPageTableReads",
  "eptReads",
  "spteInstalls",
  "bytesFetched",
  "decoded",
  "emulated",
  "kernelDispatches",
  "busCompares",
  "devicesTried",
  "userspaceIo",
  "userspaceMmio",
  "userspaceOther",
] as const;

/** One column of KVM's work. */
export type WorkName = typeof workNames[number];

/** Columns of `WorkCounters.current`, in the order of `workNames`. */
export const W_EXITS = 0,
  W_FETCH_READS = 1,
  W_DATA_READS = 2,
  W_FAULT_READS = 3,
  W_EPT_READS = 4,
  W_INSTALLS = 5,
  W_BYTES = 6,
  W_DECODED = 7,
  W_EMULATED = 8,
  W_DISPATCHES = 9,
  W_COMPARES = 10,
  W_DEVICES = 11,
  W_USER_IO = 12,
  W_USER_MMIO = 13,
  W_USER_OTHER = 14;

/** Which way an exit went. */
export const exitPaths = [
  "fast-mmio",
  "mmio-kernel",
  "mmio-userspace",
  "first-touch-kernel",
  "first-touch-userspace",
  "pio-kernel",
  "pio-userspace",
  "ram-fault",
  "exception",
  "other",
] as const;

/** The way an exit went: one row of the table of work. */
export type ExitPath = typeof exitPaths[number];

/** Rows of the table of work, in the order of `exitPaths`. */
export const P_FAST = 0,
  P_MMIO_KERNEL = 1,
  P_MMIO_USER = 2,
  P_TOUCH_KERNEL = 3,
  P_TOUCH_USER = 4,
  P_PIO_KERNEL = 5,
  P_PIO_USER = 6,
  P_RAM = 7,
  P_EXCEPTION = 8,
  P_OTHER = 9;

/** KVM's work, by name. */
export type Work = Record<WorkName, number>;

/** What the CPU did, which is not KVM's work: the order is that of `Silicon.work`. */
export const siliconNames = [
  "instructions",
  "guestPageTableReads",
  "eptReads",
  "tlbMisses",
  "decoded",
] as const;

/** Silicon's work, by name. */
export type SiliconWork = Record<typeof siliconNames[number], number>;

/** Columns of silicon's work, in the order of `siliconNames`. */
export const S_INSTRUCTIONS = 0,
  S_GUEST_READS = 1,
  S_EPT_READS = 2,
  S_TLB_MISSES = 3,
  S_DECODED = 4;

const columns = workNames.length;

/** Counts of one vCPU. The exit in hand counts in `current`; `close` adds it to its path. */
export class WorkCounters {
  /** Off, nothing is added up and the exit in hand is not cleared. */
  counting: boolean;
  /** KVM's work for the exit in hand. */
  readonly current: Int32Array = new Int32Array(columns);
  /** Path of the exit in hand, an index into `exitPaths`. */
  path: number = P_OTHER;
  /** What the CPU did since the vCPU was made, by `siliconNames`. */
  readonly silicon: Float64Array = new Float64Array(siliconNames.length);
  readonly #sums = new Float64Array(exitPaths.length * columns);

  /**
   * Counters at 0.
   *
   * @param counting Whether to add up from the start
   */
  constructor(counting: boolean) {
    this.counting = counting;
  }

  /** Adds the exit in hand to its path and starts the next. */
  close(): void {
    const current = this.current;
    const sums = this.#sums;
    const row = this.path * columns;
    for (let i = 0; i < columns; i++) {
      sums[row + i] = sums[row + i]! + current[i]!;
      current[i] = 0;
    }
    this.path = P_OTHER;
  }

  /** Forgets everything counted. */
  reset(): void {
    this.current.fill(0);
    this.#sums.fill(0);
    this.silicon.fill(0);
  }

  /** KVM's work on one path, or on all of them, the exit in hand included; all 0 unless counting. */
  work(path?: ExitPath): Work {
    const work = Object.fromEntries(workNames.map((name) => [name, 0])) as Work;
    if (!this.counting) return work;
    exitPaths.forEach((name, row) => {
      if (path !== undefined && path !== name) return;
      const isInHand = row === this.path ? 1 : 0;
      workNames.forEach((column, i) => {
        work[column] += this.#sums[row * columns + i]! + isInHand * this.current[i]!;
      });
    });
    return work;
  }

  /** Silicon's work. */
  siliconWork(): SiliconWork {
    return Object.fromEntries(
      siliconNames.map((name, i) => [name, this.silicon[i]!]),
    ) as SiliconWork;
  }
}

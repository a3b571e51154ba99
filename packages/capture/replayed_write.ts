/**
 * Writes of the guest one by one, as the replay judges them.
 *
 * @module
 */

/** What became of a write. */
export type WriteOutcome = "ioeventfd" | "coalesced" | "in-kernel" | "userspace";

/**
 * A write and what became of it. What no call of the recording made is not known yet: a write that did not exit though
 * nothing known takes it is `in-kernel` here, and the report may say later that there is an ioeventfd.
 */
export interface ReplayedWrite {
  /** VM, whose name may become known later. */
  vm: { readonly name: string };
  /** Index of the thread in the parser's table. */
  thread: number;
  /** Line in the file, from 1. */
  line: number;
  /** Nanoseconds on the recording's clock. */
  time: number;
  /** Nanoseconds since the write before to the same row of the doorbell table, -1 where there is none. */
  gap: number;
  /** Bus. */
  bus: "mmio" | "pio" | "ccw";
  /** Address, low word (s32). */
  lo: number;
  /** High word (s32). */
  hi: number;
  /** Bytes; 0 on the fast MMIO bus. */
  len: number;
  /** Value, low word (s32). */
  valueLo: number;
  /** High word (s32). */
  valueHi: number;
  /** The registration it matches, or null. */
  registration: {
    /** Bytes, 0 is any. */
    readonly len: number;
    /** Compares no data. */
    readonly wildcard: boolean;
    /** Value compared, low word (s32). */
    readonly datamatchLo: number;
    /** High word (s32). */
    readonly datamatchHi: number;
  } | null;
  /** Descriptor of the registration's eventfd, -1 without. */
  eventfd: number;
  /** What became of it, as recorded. */
  outcome: WriteOutcome;
}

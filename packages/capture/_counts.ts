/**
 * Totals of a replay.
 *
 * @module
 */

/** What became of writes. */
export interface Outcomes {
  /** Signalled an eventfd. */
  ioeventfd: number;
  /** Went to a coalesced ring. */
  coalesced: number;
  /** Answered by a device in the kernel. */
  inKernel: number;
  /** Exited to userspace. */
  userspace: number;
}

/** Exits to userspace. */
export interface ExitCounts {
  /** All. */
  observed: number;
  /** For port or memory-mapped I/O. */
  io: number;
  /** Of these, matched to the access that caused them. */
  explained: number;
  /** For anything else, interruptions included. */
  other: number;
  /** For I/O, without an access that caused them. */
  unexplained: number;
}

/** Totals while they grow. */
export class Counts {
  /** Guest writes. */
  writes = 0;
  /** Of these by way of the fast MMIO bus. */
  fastWrites = 0;
  /** Exits. */
  readonly exits: ExitCounts = { observed: 0, io: 0, explained: 0, other: 0, unexplained: 0 };
  /** Line of the first exit. A tracer puts its probes in one after another, so writes before it may have had one too. */
  firstExit = 0;
  /** Exits by reason; negative numbers are errnos. */
  readonly byReason: Map<number, number> = new Map();

  /** An exit of that reason. */
  reason(reason: number): void {
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + 1);
  }
}

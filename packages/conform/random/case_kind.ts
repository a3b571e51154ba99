/**
 * Kinds of random case, and what they may contain.
 *
 * @module
 */

/**
 * Kinds of random case: calls of `KVM_IOEVENTFD` alone; histories of calls and guest writes; machine code.
 */
export type CaseKind = "registration" | "history" | "guest";

/** What cases may contain. */
export interface CaseShape {
  /** Interrupt controllers in histories; where absent they are, for a side without any they must not be. */
  readonly irqchips?: boolean;
  /**
   * Zero-length registrations in memory, in histories and guests; where absent they are. One side with a fast MMIO bus
   * and one without answer them differently.
   */
  readonly zeroLengthMmio?: boolean;
  /**
   * Port 0x80 in guests; where absent it is. Up to 4.4 a CPU's access to it does not exit, and what KVM emulates for want
   * of EPT, as real mode, does.
   */
  readonly port80?: boolean;
  /** Stores in histories that cross the end of a page; where absent they are. */
  readonly pageCrossing?: boolean;
  /** Memory slots that come and go in histories; where absent they do. */
  readonly slots?: boolean;
}

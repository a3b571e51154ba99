/**
 * What a plan says.
 *
 * @module
 */
import type { ErrnoName, Registration } from "@ioeventfd/uapi";

/** One ioctl of a plan. */
export interface PlanStep {
  /** `KVM_IOEVENTFD`, with the DEASSIGN flag or without. */
  readonly op: "assign" | "deassign";
  /** As given to the ioctl; the DEASSIGN flag is understood. */
  readonly registration: Registration;
  /** Name of its eventfd: as the sets give it, or `old_3`, `new_3` after the step of the set. */
  readonly eventfd: string;
  /** Step of the old set that made it, for a deassign. */
  readonly old: number | null;
  /** Step of the new set that makes it, for an assign. */
  readonly new: number | null;
  /** Number of the other half of a move, from 1, or null. */
  readonly other: number | null;
}

/** A registration of both sets, which no step touches. */
export interface PlanKept {
  /** Step of the old set. */
  readonly old: number;
  /** Step of the new set. */
  readonly new: number;
}

/**
 * Why guest writes go astray for a while: what goes and what replaces it exclude each other; the replacement waits for
 * others as well; the bus's search loses a registration in force; or the kernel has no room for both.
 */
export type PlanWindowKind = "collision" | "chain" | "search" | "room";

/**
 * A time within a plan in which writes that both sets signal exit to userspace, or in which a moved eventfd has no
 * doorbell.
 */
export interface PlanWindow {
  /** Releases on which it is so. */
  readonly kernels: readonly string[];
  /** Step, from 1, that opens it. */
  readonly opens: number;
  /** Step that closes it; null when nothing does. */
  readonly closes: number | null;
  /** The registration that goes, or is lost. */
  readonly registration: Registration;
  /** Name of the eventfd that it signals. */
  readonly eventfd: string;
  /** Its step of the old set, or null. */
  readonly old: number | null;
  /** Step of the new set that takes the writes afterwards, or null. */
  readonly new: number | null;
  /** Lengths in bytes of the writes that exit; none where an eventfd merely has no doorbell. */
  readonly writes: readonly number[];
  /** What makes it so. */
  readonly kind: PlanWindowKind;
  /** One sentence. */
  readonly why: string;
  /** No order avoids it: it follows from the rules, or every order was tried. */
  readonly unavoidable: boolean;
}

/** Something no plan can mend. */
export interface PlanProblem {
  /** Releases on which it is so. */
  readonly kernels: readonly string[];
  /** `old` or `new`: the set holds what the kernel refuses. `plan`: a step is refused. `dead`: at the end it does not fire. */
  readonly where: "old" | "new" | "plan" | "dead";
  /** Step of the set, or number of the plan's step from 1. */
  readonly index: number;
  /** The errno, or null. */
  readonly errno: ErrnoName | null;
  /** One sentence. */
  readonly why: string;
}

/** The way from one set of registrations to another. */
export interface Plan {
  /** Releases asked for. */
  readonly kernels: readonly string[];
  /** Those of them that can hold both sets, on which each step was made. */
  readonly checked: readonly string[];
  /** Ioctls in order. */
  readonly steps: readonly PlanStep[];
  /** Registrations left as they are. */
  readonly kept: readonly PlanKept[];
  /** Windows that no order found avoids. */
  readonly windows: readonly PlanWindow[];
  /** What is wrong with the sets, or with where they lead. */
  readonly problems: readonly PlanProblem[];
  /** Remarks. */
  readonly notes: readonly string[];
  /** No order of these steps loses fewer writes. */
  readonly optimal: boolean;
}

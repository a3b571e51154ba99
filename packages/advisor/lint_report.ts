/**
 * What lint finds.
 *
 * @module
 */
import type { ErrnoName, Registration } from "@ioeventfd/uapi";

/** `ok`: some write signals it. `dead`: none does, because of what else is registered. `never`: none can. */
export type Verdict = "ok" | "dead" | "never";

/** One registration on one release. */
export interface Finding {
  /** Step of the set. */
  readonly index: number;
  /** As given. */
  readonly registration: Registration;
  /** The errno that refused it, or null. */
  readonly errno: ErrnoName | null;
  /** Whether it fires. */
  readonly verdict: Verdict;
  /** Lengths in bytes of the writes that match it and yet do not signal it; may be some of several with verdict `ok`. */
  readonly writes: readonly number[];
  /** Steps that hide it: without them every write signals it, without fewer of them not. */
  readonly hiddenBy: readonly number[];
  /** One sentence, empty where all is well. */
  readonly why: string;
}

/** A set on one release. */
export interface ReleaseFindings {
  /** Name of the release. */
  readonly kernel: string;
  /** Those refused, and those in force at the end. */
  readonly registrations: readonly Finding[];
}

/** A set on the releases asked for. */
export interface LintReport {
  /** One for each release, in the order asked for. */
  readonly releases: readonly ReleaseFindings[];
  /** The worst finding of each registration: dead before never before ok. */
  readonly registrations: readonly Finding[];
  /** Steps in an order in which every registration that can fire does, on all releases asked for; else null. */
  readonly safeOrder: readonly number[] | null;
  /** The order stays safe when registrations elsewhere come and go. */
  readonly robust: boolean;
  /** Why there is no order, or what it holds for. */
  readonly orderWhy: string;
}

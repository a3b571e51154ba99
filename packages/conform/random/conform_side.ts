/**
 * One side of a comparison.
 *
 * @module
 */
import type { KvmBackend } from "@ioeventfd/uapi";

/** A backend, and what makes it fast. */
export interface ConformSide {
  /** The backend. */
  readonly backend: KvmBackend;
  /** Registration cases that share a VM; 32 where absent. */
  readonly perVm?: number;
  /** Takes over what is to be closed later, where closing at once is slow. */
  readonly later?: (resource: Disposable) => void;
}

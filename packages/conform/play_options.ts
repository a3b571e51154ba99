/**
 * How something is played on a backend.
 *
 * @module
 */
import type { KvmSystem } from "@ioeventfd/uapi";

/** How a history, a guest or a vector is played. */
export interface PlayOptions {
  /** Called with the system instead of closing it, for backends on which closing is better done later. */
  readonly later?: (system: KvmSystem) => void;
}

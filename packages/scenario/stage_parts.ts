/**
 * What the parts of a stage share.
 *
 * @module
 */
import type { KvmSystem } from "@ioeventfd/uapi";
import type { EventLog } from "./event_log.ts";

/** Limits of one run. */
export interface RunLimits {
  /** Most guest instructions, on the model. */
  readonly maxInstructions: number;
  /** Most milliseconds, on a live kernel, and on the model where instructions have no limit. */
  readonly timeoutMs: number;
}

/** What the parts of a stage share. */
export interface StageParts {
  /** `sim` or `kvm`. */
  readonly backend: "sim" | "kvm";
  /** The open `/dev/kvm`. */
  readonly kvm: KvmSystem;
  /** Where expectations are kept. */
  readonly log: EventLog;
  /** Limits of each run. */
  readonly limits: RunLimits;
}

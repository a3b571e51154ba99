/**
 * What is exported: one event of a recording, with what the replay says of it.
 *
 * @module
 */
import type { WriteOutcome } from "@ioeventfd/capture";

/**
 * Kinds of event: what the guest does, what KVM tells userspace, system calls of the VMM, and what the recorder lost.
 */
export type ExportKind =
  | "write"
  | "read"
  | "unsatisfied-read"
  | "exit"
  | "guest-entry"
  | "guest-exit"
  | "call"
  | "eventfd-read"
  | "eventfd-write"
  | "lost";

/** One event; null where a field says nothing of its kind. */
export interface ExportEvent {
  /** Nanoseconds on the recording's clock. */
  readonly timeNs: number;
  /** Line in the recording, from 1. */
  readonly line: number;
  /** Process, -1 where the text gives threads alone. */
  readonly process: number;
  /** Thread. */
  readonly thread: number;
  /** Name of the thread. */
  readonly comm: string;
  /** What happened. */
  readonly event: ExportKind;
  /** VM of a write: `VM 9 of process 19207`. */
  readonly vm: string | null;
  /** Bus of a read or write. */
  readonly bus: "mmio" | "pio" | "ccw" | null;
  /** Address or port (u64). */
  readonly addr: bigint | null;
  /** Bytes; 0 for a write on the fast MMIO bus. */
  readonly len: number | null;
  /** Value read or written, compared or drained (u64). */
  readonly value: bigint | null;
  /** Elements of a string instruction, of which the recording has the first. */
  readonly count: number | null;
  /** Where a write's row of the doorbell table comes from. */
  readonly registration: "registered" | "inferred" | "none" | null;
  /** Bytes of that row: of the registration (0 is any), of the access where there is none, null where unknown. */
  readonly doorbellLen: number | null;
  /** Value that row compares. */
  readonly datamatch: bigint | null;
  /** What a PC has at the address. */
  readonly name: string | null;
  /** What became of a write. */
  readonly outcome: WriteOutcome | null;
  /** Nanoseconds since the write before to the same row. */
  readonly gapNs: number | null;
  /** Descriptor: of the eventfd signalled, read or written, or that a call is on. */
  readonly fd: number | null;
  /** Exit reason or name of the call, with what it was given: `KVM_EXIT_IO`, `KVM_IOEVENTFD: vm 9 …`. */
  readonly detail: string | null;
  /** What a call returned; the errno of an exit, else 0. */
  readonly ret: number | null;
}

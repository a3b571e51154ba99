/**
 * A registration of a VM through the recording, however often it was made and taken away.
 *
 * @module
 */
import type { ExactKey } from "@ioeventfd/kvm-core";
import { joinWords } from "@ioeventfd/uapi";
import { Timing } from "./_timing.ts";

/** What a registration is known by. */
export interface DoorbellKey extends ExactKey {
  /** `KVM_MMIO_BUS`, `KVM_PIO_BUS` or `KVM_VIRTIO_CCW_NOTIFY_BUS`. */
  readonly bus: number;
}

/** The value it compares, or null. */
export function datamatchOf({ wildcard, datamatchLo, datamatchHi }: DoorbellKey): bigint | null {
  return wildcard ? null : joinWords(datamatchLo, datamatchHi);
}

/** A registration the other world refuses. */
export interface Refusal {
  /** Positive errno. */
  readonly errno: number;
  /** What the model says of it. */
  readonly reason: string;
  /** Writes of the VM's guest until then. */
  readonly writesBefore: number;
  /** It was taken away again before the guest's next write, as what probes the kernel is. */
  removedUnused: boolean;
}

/** Writes of one kind, and what became of them. */
export class Tally {
  /** All. */
  writes = 0;
  /** Signalled an eventfd. */
  signals = 0;
  /** Went to a coalesced ring. */
  coalesced = 0;
  /** Answered by a device in the kernel. */
  inKernel = 0;
  /** Exited to userspace. */
  userspace = 0;
  /** Exits that the other world would not have had. */
  saved = 0;
  /** Exits that only the other world would have had. */
  added = 0;
  /** When. */
  readonly timing: Timing = new Timing();

  /** Takes in another. */
  merge(other: Tally): void {
    this.writes += other.writes;
    this.signals += other.signals;
    this.coalesced += other.coalesced;
    this.inKernel += other.inKernel;
    this.userspace += other.userspace;
    this.saved += other.saved;
    this.added += other.added;
    this.timing.merge(other.timing);
  }
}

/** A registration and what became of the writes that match it. */
export class Doorbell {
  /** Identity. */
  readonly key: DoorbellKey;
  /** Registered now. */
  active = false;
  /** How often it was made. */
  assigned = 0;
  /** Descriptor of its eventfd, as last made. */
  fd = -1;
  /** Why the other world refused it, while it did. */
  refusal: string | null = null;
  /** Every time the other world refused it. */
  readonly refusals: Refusal[] = [];
  /** Line of the first. */
  readonly line: number;
  /** Writes that match, as recorded. */
  readonly recorded: Tally = new Tally();
  /** The same writes in the other world. */
  readonly imagined: Tally = new Tally();

  /** @param key Identity @param line Line that made it first */
  constructor(key: DoorbellKey, line: number) {
    this.key = key;
    this.line = line;
  }

  /** A value of `key.len` bytes matches; for zero length any does. */
  matchesValue(lo: number, hi: number): boolean {
    const { wildcard, datamatchLo, datamatchHi } = this.key;
    return wildcard || (lo === datamatchLo && hi === datamatchHi);
  }
}

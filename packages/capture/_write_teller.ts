/**
 * Tells of each write that was judged.
 *
 * @module
 */
import { busName } from "@ioeventfd/uapi";
import type { Access } from "./_access.ts";
import { claim } from "./_claim.ts";
import type { Timing } from "./_timing.ts";
import type { ReplayedWrite, WriteOutcome } from "./replayed_write.ts";

const outcomes: Readonly<Record<number, WriteOutcome>> = {
  [claim.none]: "userspace",
  [claim.ioeventfd]: "ioeventfd",
  [claim.coalesced]: "coalesced",
  [claim.device]: "in-kernel",
};

/** Fills one write again and again. */
export class WriteTeller {
  readonly #onWrite: (write: ReplayedWrite) => void;
  #write: ReplayedWrite | undefined;

  /** @param onWrite Takes each write */
  constructor(onWrite: (write: ReplayedWrite) => void) {
    this.#onWrite = onWrite;
  }

  /** @param access The write @param outcome One of `claim` @param before Writes of its row so far */
  tell(access: Access, outcome: number, before: Timing): void {
    const { doorbell } = access;
    const write = this.#write ??= {} as ReplayedWrite;
    write.vm = access.vm!;
    write.thread = access.thread;
    write.line = access.line;
    write.time = access.time;
    write.gap = before.count > 0 && access.time >= before.last ? access.time - before.last : -1;
    write.bus = busName(access.bus);
    write.lo = access.lo;
    write.hi = access.hi;
    write.len = access.len;
    write.valueLo = access.valueLo;
    write.valueHi = access.valueHi;
    write.registration = doorbell?.key ?? null;
    write.eventfd = doorbell?.fd ?? -1;
    write.outcome = outcomes[outcome]!;
    this.#onWrite(write);
  }
}

/**
 * One ioeventfd: a device that signals.
 *
 * @module
 */
import type { EventfdContext } from "@ioeventfd/eventfd";
import { busName, joinWords, KVM_FAST_MMIO_BUS, type RegistrationView } from "@ioeventfd/uapi";
import type { ExactKey } from "./exact_key.ts";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { matches, type MatchRule } from "./matches.ts";

/** What an {@linkcode Ioeventfd} is made from. */
export interface IoeventfdInit extends ExactKey {
  /** What it signals; it holds a reference until it is destroyed. */
  readonly context: EventfdContext;
  /** `KVM_*_BUS` that it is for. */
  readonly busIndex: number;
  /** Position among the registrations made, from 0; the fast twin has its original's. */
  readonly sequence: number;
  /** Told when it is destroyed. */
  readonly onDestroy?: (ioeventfd: Ioeventfd) => void;
}

// KERNEL 6.19 virt/kvm/eventfd.c struct _ioeventfd
/** A registered ioeventfd, as its bus sees it. */
export class Ioeventfd implements IoDevice, MatchRule {
  /** Address, low word (s32). */
  readonly lo: number;
  /** Address, high word (s32). */
  readonly hi: number;
  /** Bytes: 0 (any), 1, 2, 4 or 8. */
  readonly len: number;
  /** No DATAMATCH. */
  readonly wildcard: boolean;
  /** Value compared, low word (s32). */
  readonly datamatchLo: number;
  /** Value compared, high word (s32). */
  readonly datamatchHi: number;
  /** What it signals. */
  readonly context: EventfdContext;
  /** `KVM_*_BUS` that it is for. */
  readonly busIndex: number;
  /** Position among the registrations made, from 0; the fast twin has its original's. */
  readonly sequence: number;
  /** Times that its destructor ran: 2 is the double free of quirk `fast-double-free`. */
  destroyed = 0;
  /** Neighbours in the VM's list of ioeventfds, kept by the list. */
  previous: Ioeventfd | null = null;
  /** Next in the VM's list. */
  next: Ioeventfd | null = null;
  readonly #onDestroy: ((ioeventfd: Ioeventfd) => void) | undefined;

  /**
   * An ioeventfd that is on no bus yet.
   *
   * @param init What it is; takes a reference on the context
   */
  constructor(init: IoeventfdInit) {
    this.lo = init.lo | 0;
    this.hi = init.hi | 0;
    this.len = init.len | 0;
    this.wildcard = init.wildcard;
    this.datamatchLo = init.datamatchLo | 0;
    this.datamatchHi = init.datamatchHi | 0;
    this.context = init.context.acquire();
    this.busIndex = init.busIndex;
    this.sequence = init.sequence;
    this.#onDestroy = init.onDestroy;
  }

  /** It, for people. */
  get label(): string {
    const twin = this.busIndex === KVM_FAST_MMIO_BUS ? "fast twin of " : "";
    return `${twin}ioeventfd ${this.sequence}`;
  }

  /** It, at the edge of the API. */
  get view(): RegistrationView {
    return {
      bus: busName(this.busIndex),
      addr: joinWords(this.lo, this.hi),
      len: this.len,
      datamatch: this.wildcard ? null : joinWords(this.datamatchLo, this.datamatchHi),
      sequence: this.sequence,
    };
  }

  // KERNEL 6.19 virt/kvm/eventfd.c ioeventfd_write
  /**
   * Signals when address, length and value match.
   *
   * @param lo Address, low word, signed or unsigned
   * @param hi Address, high word
   * @param len Bytes written
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @returns 0 when it signalled, else −95 EOPNOTSUPP
   */
  write(lo: number, hi: number, len: number, vlo: number, vhi: number): number {
    if (!this.wouldWrite(lo, hi, len, vlo, vhi)) return EOPNOTSUPP;
    this.context.signal();
    return 0;
  }

  /**
   * Whether a write would signal; it does not.
   *
   * @param lo Address, low word, signed or unsigned
   * @param hi Address, high word
   * @param len Bytes written
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @returns Whether it would
   */
  wouldWrite(lo: number, hi: number, len: number, vlo: number, vhi: number): boolean {
    return this.lo === (lo | 0) && this.hi === (hi | 0) && matches(this, len, vlo, vhi);
  }

  // KERNEL 6.19 virt/kvm/eventfd.c ioeventfd_destructor, ioeventfd_release
  /** Drops the reference on the eventfd. A second time is reported, not done. */
  destroy(): void {
    this.destroyed++;
    if (this.destroyed === 1) this.context.release();
    this.#onDestroy?.(this);
  }
}

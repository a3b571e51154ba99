/**
 * Who plays the cases of `conform`, and who is right.
 *
 * @module
 */
import { hasFastMmio } from "@ioeventfd/conform";
import { type CaseKind, type ConformSide, ReferenceBackend } from "@ioeventfd/conform/random";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { DisposeLater } from "@ioeventfd/kvm-live";
import type { KernelRelease } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { liveBackend } from "./_run_backend.ts";

/** How the model translates guest addresses. */
export type ModelPaging = "ept" | "shadow";

/** The sides of one kind of case. */
export interface Sides {
  /** What is tried. */
  readonly model: ConformSide;
  /** Who is right. */
  readonly judge: ConformSide;
  /** Interrupt controllers in histories. */
  readonly irqchips: boolean;
  /** Zero-length registrations in memory. */
  readonly zeroLengthMmio: boolean;
}

/** What the sides are told. */
export interface SidesOptions {
  /** Whether this host's KVM judges. */
  readonly live: boolean;
  /** Release of the model. */
  readonly release: KernelRelease;
  /** Paging of the model, as the host's KVM has it unless given. */
  readonly paging?: ModelPaging | undefined;
}

/** Both sides for every kind of case, to be disposed. */
export class ConformSides implements Disposable {
  /** Whether this host's KVM judges. */
  readonly live: boolean;
  /** How the model translates guest addresses. */
  readonly paging: ModelPaging;
  /** Release of the model. */
  readonly release: string;
  readonly #release: KernelRelease;
  readonly #judge: ConformSide | null;
  readonly #later = new DisposeLater();

  /**
   * Opens what is needed.
   *
   * @param options Who judges
   * @throws {EnvironmentError} when this host's KVM is to judge and cannot be used
   */
  constructor({ live, release, paging }: SidesOptions) {
    this.live = live;
    this.release = release.name;
    this.#release = release;
    if (!live) {
      this.paging = paging ?? "shadow";
      this.#judge = null;
      return;
    }
    const backend = liveBackend();
    this.paging = paging ?? (hasFastMmio(backend) === true ? "ept" : "shadow");
    this.#judge = { backend, later: (one) => void this.#later.push(one) };
  }

  /** The sides of a kind of case. */
  of(kind: CaseKind): Sides {
    const release = this.#release, judge = this.#judge;
    if (judge === null) return this.#modelAlone(kind);
    const backend = kind === "registration"
      ? new CoreBackend({ release })
      : new VmxBackend({ release, paging: this.paging });
    // Histories write with no CPU in the model, and so never to the fast bus.
    const zeroLengthMmio = kind !== "history" || this.paging === "shadow";
    return { model: { backend }, judge, irqchips: true, zeroLengthMmio };
  }

  #modelAlone(kind: CaseKind): Sides {
    const release = this.#release;
    if (kind !== "guest") {
      const model = { backend: new CoreBackend({ release }) };
      const judge = { backend: new ReferenceBackend({ release }) };
      return { model, judge, irqchips: false, zeroLengthMmio: true };
    }
    const [model, judge] = (["shadow", "ept"] as const).map((paging) => ({
      backend: new VmxBackend({ release, paging }),
    }));
    return { model: model!, judge: judge!, irqchips: false, zeroLengthMmio: false };
  }

  /** What is played against what, for people. */
  about(kinds: readonly CaseKind[]): string[] {
    const { release } = this;
    if (this.live) {
      const fast = this.paging === "ept"
        ? "which has a fast MMIO bus: histories leave out zero length in memory"
        : "which has no fast MMIO bus, for want of extended page tables";
      return [`The model of Linux ${release}, judged by this host's KVM, ${fast}.`];
    }
    const lines = [];
    if (kinds.some((kind) => kind !== "guest")) {
      const plain = "the plain form of its rules (lists, bigints, the search step by step)";
      lines.push(`The model of Linux ${release}, judged by ${plain}: no kernel is asked.`);
    }
    if (kinds.includes("guest")) {
      const why = "which must agree where no zero length is in memory";
      lines.push(`Guests on the model with shadow paging and with EPT, ${why}.`);
    }
    return lines;
  }

  /** Closes what waits to be closed. */
  [Symbol.dispose](): void {
    this.#later[Symbol.dispose]();
  }
}

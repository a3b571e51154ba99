/**
 * Who plays the cases of `conform`, and who is right.
 *
 * @module
 */
import { hasFastMmio } from "@ioeventfd/conform";
import {
  type CaseKind,
  type CaseShape,
  type ConformSide,
  CpuWritesBackend,
  ReferenceBackend,
} from "@ioeventfd/conform/random";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { DisposeLater, type LiveBackend } from "@ioeventfd/kvm-live";
import type { KernelRelease } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { EnvironmentError } from "../cli_error.ts";
import { liveBackend } from "./_run_backend.ts";

/** How the model translates guest addresses. */
export type ModelPaging = "ept" | "shadow";

/**
 * What is played side by side: a kind of case, with this host's KVM as the judge where it is asked; or histories judged
 * by the plain form of the rules, with the writes straight on the buses, or done by the model's CPU, which has extended
 * page tables and so the fast MMIO bus.
 */
export type LaneName = CaseKind | "plain-history" | "ept-history";

/** The sides of one lane, and what its cases may contain. */
export interface Sides extends CaseShape {
  /** Kind of case. */
  readonly kind: CaseKind;
  /** What is tried. */
  readonly model: ConformSide;
  /** Who is right. */
  readonly judge: ConformSide;
  /** How the model translates guest addresses. */
  readonly paging: ModelPaging;
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

function judgeOrHint(): LiveBackend {
  try {
    return liveBackend();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    throw new EnvironmentError(`${error.message}; --backend sim asks no kernel`);
  }
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
    const backend = judgeOrHint();
    this.paging = paging ?? (hasFastMmio(backend) === true ? "ept" : "shadow");
    this.#judge = { backend, later: (one) => void this.#later.push(one) };
  }

  /** The sides of a lane. */
  of(lane: LaneName): Sides {
    const release = this.#release, judge = this.#judge;
    if (lane === "ept-history") return this.#fastPath();
    if (lane === "plain-history") return this.#modelAlone("history");
    const kind = lane;
    if (judge === null) return this.#modelAlone(kind);
    const backend = kind === "registration"
      ? new CoreBackend({ release })
      : new VmxBackend({ release, paging: this.paging });
    // Histories write with no CPU in the model, and so never to the fast bus.
    const zeroLengthMmio = kind !== "history" || this.paging === "shadow";
    const paging = kind === "history" ? "shadow" : this.paging;
    return { kind, model: { backend }, judge, zeroLengthMmio, paging };
  }

  #fastPath(): Sides {
    const release = this.#release, paging = "ept";
    return {
      kind: "history",
      paging,
      model: { backend: new CpuWritesBackend({ release, paging }) },
      judge: { backend: new ReferenceBackend({ release, paging }) },
      irqchips: false,
      pageCrossing: false,
      // The plain form has no cache of a vCPU's own that could be stale.
      slots: release.x86.mmioCacheHasGeneration,
    };
  }

  #modelAlone(kind: CaseKind): Sides {
    const release = this.#release;
    if (kind !== "guest") {
      const model = { backend: new CoreBackend({ release }) };
      const judge = { backend: new ReferenceBackend({ release }) };
      return { kind, model, judge, irqchips: false, paging: "shadow" };
    }
    const [model, judge] = (["shadow", "ept"] as const).map((paging) => ({
      backend: new VmxBackend({ release, paging }),
    }));
    const port80 = !release.x86.port80Bypass;
    return { kind, model: model!, judge: judge!, zeroLengthMmio: false, port80, paging: "shadow" };
  }

  /** What is played against what, for people. */
  about(lanes: readonly LaneName[]): string[] {
    const isPlain = (lane: LaneName): boolean =>
      lane === "plain-history" || lane === "ept-history" || !this.live && lane !== "guest";
    const [live, plain] = [this.live && lanes.some((lane) => !isPlain(lane)), lanes.some(isPlain)];
    const lines = [];
    if (live) {
      const fast = this.paging === "ept"
        ? "which has a fast MMIO bus: histories leave out zero length in memory"
        : "which has no fast MMIO bus, for want of extended page tables";
      lines.push(`The model of Linux ${this.release}, judged by this host's KVM, ${fast}.`);
    }
    if (plain) {
      const by = "judged by the plain form of its rules (lists, bigints, the search step by step)";
      const what = live ? "Of plain-history and ept-history" : `The model of Linux ${this.release}`;
      lines.push(`${what}${live ? " it is" : ","} ${by}: no kernel is asked.`);
    }
    if (lanes.includes("ept-history")) {
      lines.push("Of ept-history the writes are stores of the model's CPU, which has EPT.");
    }
    if (!this.live && lanes.includes("guest")) {
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

/**
 * The stage a scenario plays on: one `/dev/kvm`, its eventfds and VMs, and the expectations.
 *
 * @module
 */
import { latestRelease } from "@ioeventfd/uapi";
import type { KernelRelease, KvmBackend, KvmSystem } from "@ioeventfd/uapi";
import { EventLog } from "./event_log.ts";
import { StageEventfd } from "./stage_eventfd.ts";
import { StageVm } from "./stage_vm.ts";

/** What a stage is told besides its backend. */
export interface StageOptions {
  /** Release the model plays; on the live kernel, what the scenario was written for. */
  readonly release?: KernelRelease;
  /** Most guest instructions of one run; 1,000,000 where absent. */
  readonly maxInstructions?: number;
  /** Most milliseconds of one run on a live kernel; 2,000 where absent. */
  readonly timeoutMs?: number;
}

/** One play of a scenario. */
export class Stage implements Disposable {
  /** `sim` or `kvm`. */
  readonly backend: "sim" | "kvm";
  /** Release the model plays. */
  readonly release: KernelRelease;
  /** The open `/dev/kvm`, for what the stage has no verb for. */
  readonly kvm: KvmSystem;
  /** What happened so far. */
  readonly log: EventLog = new EventLog();
  readonly #options: StageOptions;
  readonly #vms: StageVm[] = [];

  /** @param backend Model or live kernel @param options Release and limits */
  constructor(backend: KvmBackend, options: StageOptions = {}) {
    this.backend = backend.name;
    this.release = options.release ?? latestRelease;
    this.#options = options;
    this.kvm = backend.open();
  }

  /**
   * A new eventfd.
   *
   * @param name What reports call it
   * @param initialValue Counter at the start, a u32
   * @param flags `EFD_*` flags; `EFD_NONBLOCK` is always set, since nobody waits on a stage
   */
  eventfd(name: string, initialValue: number = 0, flags: number = 0): StageEventfd {
    return new StageEventfd(this.kvm, this.log, name, initialValue, flags);
  }

  /** A new VM. */
  vm(): StageVm {
    const limits = {
      maxInstructions: this.#options.maxInstructions ?? 1_000_000,
      timeoutMs: this.#options.timeoutMs ?? 2_000,
    };
    const vm = new StageVm(this.kvm, this.log, limits);
    this.#vms.push(vm);
    return vm;
  }

  /** Puts a line into the report. */
  note(line: string): void {
    this.log.note(line);
  }

  /**
   * Expects two values to be equal, compared as text.
   *
   * @param subject What they are
   * @param actual What happened
   * @param expected What the scenario expects
   * @throws {ExpectationError} when they differ
   */
  expectEqual(subject: string, actual: unknown, expected: unknown): void {
    this.log.compare(subject, String(expected), String(actual));
  }

  /** Closes every VM and the system. */
  [Symbol.dispose](): void {
    for (const vm of this.#vms) vm[Symbol.dispose]();
    this.kvm[Symbol.dispose]();
  }
}

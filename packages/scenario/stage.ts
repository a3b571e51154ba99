/**
 * The stage a scenario plays on: one `/dev/kvm`, its eventfds and VMs, and the expectations.
 *
 * @module
 */
import { SharedEventfd } from "@ioeventfd/eventfd";
import { EFD_NONBLOCK, KVM_MEM_READONLY, latestRelease } from "@ioeventfd/uapi";
import type { KernelRelease, KvmBackend, KvmSystem } from "@ioeventfd/uapi";
import { EventLog } from "./event_log.ts";
import { guestLayout, type GuestMode } from "./guest_mode.ts";
import { modelSystem } from "./_model_system.ts";
import type { ReportRow } from "./report_table.ts";
import { SeededRandom } from "./seeded_random.ts";
import type { StageCpu } from "./stage_cpu.ts";
import { StageEventfd } from "./stage_eventfd.ts";
import type { RunLimits, StageParts } from "./stage_parts.ts";
import { type CpuOptions, StageVm } from "./stage_vm.ts";
import type { RestoreOptions, VmSnapshot } from "./vm_snapshot.ts";

/** What a stage is told besides its backend. */
export interface StageOptions {
  /** Release the model plays; on the live kernel, what the scenario was written for. The newest where absent. */
  readonly release?: KernelRelease;
  /** Most guest instructions of one run; 1,000,000 where absent. */
  readonly maxInstructions?: number;
  /** Most milliseconds of one run on a live kernel; 2,000 where absent. */
  readonly timeoutMs?: number;
  /** Where chance begins, a whole number; 1 where absent. */
  readonly seed?: number;
}

/** A VM brought back from a snapshot. */
export interface RestoredVm {
  /** The VM. */
  readonly vm: StageVm;
  /**
   * The eventfd that stands for the one of that name in the snapshot.
   *
   * @throws {RangeError} when there was none
   */
  eventfd(name: string): StageEventfd;
}

/** One play of a scenario. */
export class Stage implements StageParts, Disposable {
  /** `sim` or `kvm`. */
  readonly backend: "sim" | "kvm";
  /** Release the model plays. */
  readonly release: KernelRelease;
  /** The open `/dev/kvm`, for what the stage has no verb for. */
  readonly kvm: KvmSystem;
  /** What happened so far. */
  readonly log: EventLog = new EventLog();
  /** Limits of each run. */
  readonly limits: RunLimits;
  /** Chance, the same for the same seed. */
  readonly random: SeededRandom;
  readonly #vms: StageVm[] = [];

  /**
   * Opens a backend.
   *
   * @param backend Model or live kernel
   * @param options Release, seed and limits
   */
  constructor(backend: KvmBackend, options: StageOptions = {}) {
    this.backend = backend.name;
    this.release = options.release ?? latestRelease;
    this.limits = {
      maxInstructions: options.maxInstructions ?? 1_000_000,
      timeoutMs: options.timeoutMs ?? 2_000,
    };
    this.random = new SeededRandom(options.seed ?? 1);
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
    return StageEventfd.open(this.kvm, this.log, name, initialValue, flags);
  }

  /**
   * An eventfd that another thread waits on.
   *
   * @param name What reports call it
   * @param shared Its memory, as `SharedEventfd.buffer` gives it
   * @throws {TypeError} on a live kernel, where descriptors are shared by all threads anyway
   */
  sharedEventfd(name: string, shared: SharedArrayBuffer): StageEventfd {
    const model = modelSystem(this.kvm);
    if (model === undefined) throw new TypeError("Only the model's eventfds are shared by memory");
    const context = SharedEventfd.attach(shared, this.release.eventfd);
    const fd = model.files.installEventfd(context, EFD_NONBLOCK);
    return new StageEventfd(this.kvm, this.log, name, fd, EFD_NONBLOCK);
  }

  /** A new VM. */
  vm(): StageVm {
    const vm = new StageVm(this);
    this.#vms.push(vm);
    return vm;
  }

  /**
   * A VM with just enough RAM at GPA 0, and a vCPU in it.
   *
   * @param mode Mode the guest starts in; `prot64` where absent
   * @param options Name and segments of the vCPU
   */
  machine(mode: GuestMode = "prot64", options: CpuOptions = {}): { vm: StageVm; cpu: StageCpu } {
    const vm = this.vm();
    vm.ram(guestLayout.ramSize);
    return { vm, cpu: vm.cpu(mode, options) };
  }

  /**
   * Brings a VM back from a snapshot, with new eventfds, as a VMM does in a new process.
   *
   * @param snapshot What was saved
   * @param options What becomes of the counters
   */
  restore(snapshot: VmSnapshot, options: RestoreOptions = {}): RestoredVm {
    this.log.happened("restore");
    const vm = this.vm();
    for (const { slot, flags, gpa, bytes } of snapshot.slots) {
      const readonly = (flags & KVM_MEM_READONLY) !== 0;
      vm.ram(bytes.length, { gpa, slot, readonly }).bytes.set(bytes);
    }
    const eventfds = new Map<string, StageEventfd>();
    for (const { name, flags, count } of snapshot.eventfds) {
      const eventfd = this.eventfd(name, 0, flags);
      if (options.eventfdCounters === "keep" && count > 0n) eventfd.write(count);
      eventfds.set(name, eventfd);
    }
    const eventfd = (name: string): StageEventfd => {
      const found = eventfds.get(name);
      if (found === undefined) throw new RangeError(`No eventfd "${name}" in the snapshot`);
      return found;
    };
    for (const zone of snapshot.zones) vm.coalesced(zone);
    for (const { doorbell, eventfd: name } of snapshot.registrations) {
      vm.assign(doorbell, eventfd(name));
    }
    for (const cpu of snapshot.cpus) vm.restoreCpu(cpu);
    return { vm, eventfd };
  }

  /**
   * Runs loaded vCPUs by turns until each has ended: the model gives each 1 to 8 instructions at a time, in an order that
   * the seed decides; a live kernel runs one after the other.
   *
   * @param cpus vCPUs with a program each
   */
  interleave(cpus: readonly StageCpu[]): void {
    if (this.backend === "kvm") {
      for (const cpu of cpus) cpu.run();
      return;
    }
    const running = new Map(cpus.map((cpu) => [cpu, this.limits.maxInstructions]));
    for (const cpu of cpus) cpu.begin();
    while (running.size > 0) {
      const cpu = this.random.pick([...running.keys()]);
      const slice = 1 + this.random.below(8);
      const left = running.get(cpu)! - slice;
      running.set(cpu, left);
      if (cpu.advance(slice)) running.delete(cpu);
      else if (left <= 0) {
        cpu.giveUp();
        running.delete(cpu);
      }
    }
  }

  /** Puts a line into the report. */
  note(line: string): void {
    this.log.note(line);
  }

  /**
   * Puts a row into a table of the report. Rows with the same columns make one table.
   *
   * @param row Cells by column
   */
  row(row: ReportRow): void {
    this.log.rows.push(row);
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

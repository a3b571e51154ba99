/**
 * A VM on a stage.
 *
 * @module
 */
import { hex, KvmError } from "@ioeventfd/uapi";
import type {
  CoalescedZone,
  ErrnoName,
  HostMemory,
  IoeventfdBus,
  IoeventfdMatch,
  IoeventfdSpec,
  KvmSystem,
  KvmVm,
} from "@ioeventfd/uapi";
import type { EventLog } from "./event_log.ts";
import type { GuestMode } from "./guest_mode.ts";
import { StageCpu } from "./stage_cpu.ts";
import type { RunLimits } from "./stage_cpu.ts";
import type { StageEventfd } from "./stage_eventfd.ts";

/** One registration of a scenario, or of a VMM's wiring. */
export interface Doorbell {
  /** Bus it is on. */
  readonly bus: IoeventfdBus;
  /** Guest physical address or port. */
  readonly addr: bigint;
  /** Which writes signal. */
  readonly match: IoeventfdMatch;
}

/** RAM of a VM. */
export interface RamOptions {
  /** First guest physical address; 0 where absent. */
  readonly gpa?: bigint;
  /** Slot id; the next free one where absent. */
  readonly slot?: number;
  /** The guest's writes go to the buses instead. */
  readonly readonly?: boolean;
}

/** A VM with verbs that say what happened. */
export class StageVm implements Disposable {
  /** The VM itself, for what the stage has no verb for. */
  readonly kvm: KvmVm;
  readonly #system: KvmSystem;
  readonly #log: EventLog;
  readonly #limits: RunLimits;
  readonly #cpus: StageCpu[] = [];
  #nextSlot = 0;
  #lowRam: HostMemory | undefined;

  /** @param system Where it is made @param log Where expectations are kept @param limits Of each run */
  constructor(system: KvmSystem, log: EventLog, limits: RunLimits) {
    this.#system = system;
    this.#log = log;
    this.#limits = limits;
    this.kvm = system.createVm();
  }

  /**
   * Gives the VM memory.
   *
   * @param size Bytes, a multiple of 4096
   * @param options Where, under which slot, read-only or not
   * @returns The memory, shared with the guest
   */
  ram(size: number, options: RamOptions = {}): HostMemory {
    const memory = this.#system.allocateMemory(size);
    const gpa = options.gpa ?? 0n;
    const slot = options.slot ?? this.#nextSlot;
    const flags = options.readonly === true ? 2 : 0;
    this.kvm.setMemoryRegion({ slot, flags, gpa, size: BigInt(size), hva: memory.hva });
    this.#nextSlot = Math.max(this.#nextSlot, slot + 1);
    if (gpa === 0n) this.#lowRam = memory;
    this.#log.happened(`slot ${slot}: gpa ${hex(gpa)} size ${hex(size)}`);
    return memory;
  }

  /** Takes a memory slot away. */
  removeSlot(slot: number): void {
    this.kvm.setMemoryRegion({ slot, gpa: 0n, size: 0n, hva: 0n });
    this.#log.happened(`slot ${slot} removed`);
  }

  /** Registers a doorbell. */
  assign(doorbell: Doorbell, eventfd: StageEventfd): void {
    this.kvm.assignIoeventfd(spec(doorbell, eventfd));
    this.#log.happened(`assign ${showDoorbell(doorbell)} to ${eventfd.name}`);
  }

  /** Takes a doorbell's registration away. */
  deassign(doorbell: Doorbell, eventfd: StageEventfd): void {
    this.kvm.deassignIoeventfd(spec(doorbell, eventfd));
    this.#log.happened(`deassign ${showDoorbell(doorbell)} from ${eventfd.name}`);
  }

  /**
   * Expects a registration to be refused.
   *
   * @param errno Name of the errno
   * @param doorbell What is asked for
   * @param eventfd For which eventfd
   * @returns The refusal, whose `reason` names what it collides with on the model
   * @throws {ExpectationError} when it succeeds or is refused otherwise
   */
  expectRefused(errno: ErrnoName, doorbell: Doorbell, eventfd: StageEventfd): KvmError {
    const subject = `assign ${showDoorbell(doorbell)}`;
    try {
      this.kvm.assignIoeventfd(spec(doorbell, eventfd));
    } catch (error) {
      if (!(error instanceof KvmError)) throw error;
      this.#log.compare(subject, errno, error.code);
      this.#log.happened(`${subject}: ${error.message}`);
      return error;
    }
    this.#log.compare(subject, errno, "success");
    throw new TypeError("unreachable");
  }

  /** Registers a coalesced zone. */
  coalesced(zone: CoalescedZone): void {
    this.kvm.registerCoalesced(zone);
    this.#log.happened(`zone ${hex(zone.addr)} size ${zone.size}`);
  }

  /**
   * A vCPU, ready to start in a mode. RAM at GPA 0 holds its tables, so the VM needs some first.
   *
   * @param mode Mode the guest starts in
   * @param name What reports call it; `vcpuN` where absent
   */
  cpu(mode: GuestMode, name?: string): StageCpu {
    if (this.#lowRam === undefined) {
      throw new RangeError("A vCPU needs RAM at gpa 0x0 for its tables: call ram() first");
    }
    const id = this.#cpus.length;
    const cpu = new StageCpu({
      vcpu: this.kvm.createVcpu(id),
      ram: this.#lowRam.bytes,
      log: this.#log,
      limits: this.#limits,
      mode,
      name: name ?? `vcpu${id}`,
      id,
    });
    this.#cpus.push(cpu);
    return cpu;
  }

  /** Closes the vCPUs and the VM. */
  [Symbol.dispose](): void {
    for (const cpu of this.#cpus) cpu[Symbol.dispose]();
    this.kvm[Symbol.dispose]();
  }
}

/**
 * A doorbell in one line of text: `mmio 0xfebfb000 any length`, `pio 0xc010 len 2 datamatch 0x1`.
 *
 * @param doorbell What to show
 */
export function showDoorbell(doorbell: Doorbell): string {
  const { bus, addr, match } = doorbell;
  if (match.len === 0) return `${bus} ${hex(addr)} any length`;
  const value = match.datamatch === undefined ? "" : ` datamatch ${hex(match.datamatch)}`;
  return `${bus} ${hex(addr)} len ${match.len}${value}`;
}

function spec(doorbell: Doorbell, eventfd: StageEventfd): IoeventfdSpec {
  const { bus, addr, match } = doorbell;
  return { bus, addr, match, fd: eventfd.fd };
}

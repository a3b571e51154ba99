/**
 * A VM on a stage.
 *
 * @module
 */
import { Vm } from "@ioeventfd/kvm-core";
import { hex, KVM_MEM_READONLY, refusalOf } from "@ioeventfd/uapi";
import type { CoalescedZone, ErrnoName, HostMemory, KvmError, KvmVm } from "@ioeventfd/uapi";
import { type Doorbell, showDoorbell } from "./doorbell.ts";
import { guestLayout, type GuestMode, type SegmentBases } from "./guest_mode.ts";
import { showBytes } from "./show_exit.ts";
import { SlotMemory } from "./slot_memory.ts";
import { StageCpu } from "./stage_cpu.ts";
import type { StageEventfd } from "./stage_eventfd.ts";
import type { StageParts } from "./stage_parts.ts";
import { TracedVm } from "./_traced_system.ts";
import { takeSnapshot, type VmSnapshot } from "./vm_snapshot.ts";

/** Memory of a VM. */
export interface RamOptions {
  /** First guest physical address; 0 where absent. */
  readonly gpa?: bigint;
  /** Slot id; the next free one where absent. */
  readonly slot?: number;
  /** The guest's writes go to the buses instead. */
  readonly readonly?: boolean;
}

/** How a vCPU starts. */
export interface CpuOptions extends SegmentBases {
  /** What reports call it; `vcpuN` where absent. */
  readonly name?: string;
}

/** A VM with verbs that say what happened. */
export class StageVm implements Disposable {
  /** The VM itself, for what the stage has no verb for. */
  readonly kvm: KvmVm;
  /** Its memory slots. */
  readonly memory: SlotMemory = new SlotMemory();
  readonly #stage: StageParts;
  readonly #cpus: StageCpu[] = [];
  readonly #registrations: { doorbell: Doorbell; eventfd: StageEventfd }[] = [];
  readonly #zones: CoalescedZone[] = [];
  #closed = false;

  /** @ignore Made by {@linkcode Stage.vm}. */
  constructor(stage: StageParts) {
    this.#stage = stage;
    this.kvm = stage.kvm.createVm();
  }

  /** vCPUs, in the order they were made. */
  get cpus(): readonly StageCpu[] {
    return this.#cpus;
  }

  /** Registrations, in the order they were made. */
  get registrations(): readonly { readonly doorbell: Doorbell; readonly eventfd: StageEventfd }[] {
    return this.#registrations;
  }

  /** Coalesced zones, in the order they were made. */
  get zones(): readonly CoalescedZone[] {
    return this.#zones;
  }

  /**
   * What a real kernel would have paid for with memory corruption so far, told by the model instead: names of quirks.
   * None on a live kernel, which does not tell.
   */
  get quirks(): readonly string[] {
    const vm = this.kvm instanceof TracedVm ? this.kvm.inner : this.kvm;
    return vm instanceof Vm ? vm.reports.map(({ quirk }) => quirk) : [];
  }

  /**
   * Gives the VM memory.
   *
   * @param size Bytes, a multiple of 4096
   * @param options Where, under which slot, read-only or not
   * @returns The memory, shared with the guest
   * @throws {KvmError} EEXIST where it overlaps another slot
   */
  ram(size: number, options: RamOptions = {}): HostMemory {
    const memory = this.#stage.kvm.allocateMemory(size);
    const gpa = options.gpa ?? 0n;
    const slot = options.slot ?? this.memory.nextId();
    const flags = options.readonly === true ? KVM_MEM_READONLY : 0;
    this.#stage.log.happened(`slot ${slot}: gpa ${hex(gpa)} size ${hex(size)}`);
    this.kvm.setMemoryRegion({ slot, flags, gpa, size: BigInt(size), hva: memory.hva });
    this.memory.add({ slot, flags, gpa, memory });
    return memory;
  }

  /** Takes a memory slot away. */
  removeSlot(slot: number): void {
    this.kvm.setMemoryRegion({ slot, gpa: 0n, size: 0n, hva: 0n });
    this.memory.remove(slot);
    this.#stage.log.happened(`slot ${slot} removed`);
  }

  /**
   * Registers a doorbell.
   *
   * @throws {KvmError} as the kernel refuses it
   */
  assign(doorbell: Doorbell, eventfd: StageEventfd): void {
    const line = `assign ${showDoorbell(doorbell)} to ${eventfd.name}`;
    this.#stage.log.happened(line);
    this.kvm.assignIoeventfd({ ...doorbell, fd: eventfd.fd });
    this.#registrations.push({ doorbell, eventfd });
  }

  /**
   * Takes a doorbell's registration away.
   *
   * @throws {KvmError} ENOENT where there is none
   */
  deassign(doorbell: Doorbell, eventfd: StageEventfd): void {
    const line = showDoorbell(doorbell);
    this.#stage.log.happened(`deassign ${line} from ${eventfd.name}`);
    this.kvm.deassignIoeventfd({ ...doorbell, fd: eventfd.fd });
    const at = this.#registrations.findIndex((one) => showDoorbell(one.doorbell) === line);
    if (at >= 0) this.#registrations.splice(at, 1);
  }

  /**
   * Expects a call to be refused.
   *
   * @param errno Name of the errno
   * @param subject What is asked for, for reports
   * @param call The call
   * @returns The refusal, whose `reason` names on the model the check, and for a collision with what
   * @throws {ExpectationError} when it succeeds or is refused otherwise
   */
  expectRefusal(errno: ErrnoName, subject: string, call: () => unknown): KvmError {
    const { log } = this.#stage;
    const refusal = refusalOf(call);
    if (refusal !== null) log.happened(`${subject}: ${refusal.message}`);
    log.compare(subject, errno, refusal?.code ?? "success");
    return refusal!;
  }

  /** As {@linkcode StageVm.expectRefusal}, of the registration of a doorbell. */
  expectRefused(errno: ErrnoName, doorbell: Doorbell, eventfd: StageEventfd): KvmError {
    const subject = `assign ${showDoorbell(doorbell)} to ${eventfd.name}`;
    return this.expectRefusal(errno, subject, () => this.assign(doorbell, eventfd));
  }

  /** Registers a coalesced zone: writes there are kept for later, without an exit. */
  coalesced(zone: CoalescedZone): void {
    this.kvm.registerCoalesced(zone);
    this.#zones.push(zone);
    this.#stage.log.happened(`zone ${hex(zone.addr)} size ${zone.size}`);
  }

  /**
   * Expects who takes one store or OUT of the guest, made by a vCPU kept for the purpose.
   *
   * @param handler `kernel`: an eventfd, a coalesced zone or a device in the kernel; `userspace`: the VMM
   * @param bus Address space
   * @param addr Guest physical address or port
   * @param len Bytes
   * @param value Value written
   * @throws {ExpectationError} when the other takes it
   */
  expectWrite(
    handler: "kernel" | "userspace",
    bus: "mmio" | "pio",
    addr: bigint,
    len: number,
    value: bigint = 0n,
  ): void {
    const { log } = this.#stage;
    const subject = `${bus} write ${hex(addr)} len ${len} = ${hex(value)}`;
    const actual = this.kvm.guestWrite(bus, addr, len, value);
    log.happened(`${subject}: ${actual}`);
    log.compare(`who takes ${subject}`, handler, actual);
  }

  /**
   * Expects bytes in the guest's memory.
   *
   * @param gpa First guest physical address
   * @param expected The bytes
   * @throws {ExpectationError} when it holds others
   * @throws {RangeError} when no slot holds all of it
   */
  expectMemory(gpa: bigint, expected: Uint8Array | readonly number[]): void {
    const actual = this.memory.view(gpa, expected.length);
    const subject = `${expected.length} bytes at gpa ${hex(gpa)}`;
    this.#stage.log.compare(subject, showBytes(expected), showBytes(actual));
  }

  /**
   * A vCPU, ready to start in a mode. Its tables are in RAM at GPA 0, so the VM needs some first.
   *
   * @param mode Mode the guest starts in
   * @param options Name, segments
   * @throws {RangeError} without 192 KiB of RAM at GPA 0, or beside a vCPU of the other protected mode
   */
  cpu(mode: GuestMode, options: CpuOptions = {}): StageCpu {
    const { ramSize } = guestLayout;
    const low = this.memory.slots().find(({ gpa }) => gpa === 0n)?.memory.bytes;
    if (low === undefined || low.length < ramSize) {
      const need = `${hex(ramSize)} bytes of RAM at gpa 0x0`;
      throw new RangeError(`A vCPU has its tables in ${need}: call ram(${hex(ramSize)}) first`);
    }
    const tables = (other: GuestMode) => other !== "real16" && other !== mode;
    if (mode !== "real16" && this.#cpus.some((cpu) => tables(cpu.mode))) {
      throw new RangeError("A VM has tables for prot32 or for prot64, not for both");
    }
    const cpu = this.#createCpu(mode, low, options.name);
    cpu.reset(options);
    return cpu;
  }

  /** @ignore A vCPU whose tables and registers come from a snapshot. */
  restoreCpu(saved: VmSnapshot["cpus"][number]): StageCpu {
    const cpu = this.#createCpu(saved.mode, this.memory.view(0n, guestLayout.ramSize), saved.name);
    cpu.vcpu.setSregs(saved.sregs);
    cpu.vcpu.setRegs(saved.regs);
    return cpu;
  }

  #createCpu(mode: GuestMode, ram: Uint8Array, name?: string): StageCpu {
    const id = this.#cpus.length;
    const vcpu = this.kvm.createVcpu(id);
    const cpu = new StageCpu(this.#stage, {
      vcpu,
      ram,
      mode,
      name: name ?? `vcpu${id}`,
      id,
    });
    this.#cpus.push(cpu);
    return cpu;
  }

  /**
   * What a VMM saves of a VM: memory, vCPUs, and its own knowledge of slots, registrations and zones.
   *
   * @returns A copy that later changes leave alone
   * @throws {RangeError} when two eventfds have one name
   */
  snapshot(): VmSnapshot {
    this.#stage.log.happened("snapshot");
    return takeSnapshot(this);
  }

  /** Closes the vCPUs and the VM; again it does nothing. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const cpu of this.#cpus) cpu[Symbol.dispose]();
    this.kvm[Symbol.dispose]();
  }
}

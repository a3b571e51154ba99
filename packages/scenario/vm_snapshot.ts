/**
 * Snapshots of a VM, as a VMM takes them: the kernel gives memory and registers; slots, registrations and zones are the
 * VMM's own knowledge.
 *
 * @module
 */
import type { CoalescedZone, Regs, Sregs } from "@ioeventfd/uapi";
import type { Doorbell } from "./doorbell.ts";
import type { GuestMode } from "./guest_mode.ts";
import type { StageVm } from "./stage_vm.ts";

/** A VM at rest. */
export interface VmSnapshot {
  /** Memory slots and what they held. */
  readonly slots: readonly {
    readonly slot: number;
    readonly flags: number;
    readonly gpa: bigint;
    readonly bytes: Uint8Array;
  }[];
  /** Registrations in order, each with the name of its eventfd. */
  readonly registrations: readonly { readonly doorbell: Doorbell; readonly eventfd: string }[];
  /** Coalesced zones in order. */
  readonly zones: readonly CoalescedZone[];
  /** eventfds of the registrations. */
  readonly eventfds: readonly {
    readonly name: string;
    readonly flags: number;
    readonly count: bigint;
  }[];
  /** vCPUs. */
  readonly cpus: readonly {
    readonly name: string;
    readonly mode: GuestMode;
    readonly regs: Regs;
    readonly sregs: Sregs;
  }[];
}

/** How a VM comes back. */
export interface RestoreOptions {
  /**
   * `drop` (the default): eventfds start at 0, because their counters are no part of what VMMs save; a kick that was
   * pending is lost. `keep`: as if the VMM saved them.
   */
  readonly eventfdCounters?: "drop" | "keep";
}

/**
 * Takes a snapshot.
 *
 * @param vm The VM, none of its vCPUs running
 * @returns A copy that later changes leave alone
 * @throws {RangeError} when two eventfds have one name
 */
export function takeSnapshot(vm: StageVm): VmSnapshot {
  const eventfds = new Map(vm.registrations.map(({ eventfd }) => [eventfd.fd, eventfd]));
  const names = [...eventfds.values()].map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new RangeError(`Two eventfds are called ${twice}`);
  return {
    slots: vm.memory.slots().map(({ slot, flags, gpa, memory }) => ({
      slot,
      flags,
      gpa,
      bytes: memory.bytes.slice(),
    })),
    registrations: vm.registrations.map(({ doorbell, eventfd }) => ({
      doorbell,
      eventfd: eventfd.name,
    })),
    zones: [...vm.zones],
    eventfds: [...eventfds.values()].map((eventfd) => ({
      name: eventfd.name,
      flags: eventfd.flags,
      count: eventfd.count(),
    })),
    cpus: vm.cpus.map(({ name, mode, vcpu }) => ({
      name,
      mode,
      regs: vcpu.getRegs(),
      sregs: vcpu.getSregs(),
    })),
  };
}

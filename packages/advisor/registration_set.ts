/**
 * Sets of registrations: what a VMM makes, in the order in which it makes it.
 *
 * @module
 */
import type { Registration } from "@ioeventfd/uapi";

/** A registration made. */
export interface AssignEntry {
  /** Discriminant. */
  readonly kind: "assign";
  /** As given to `KVM_IOEVENTFD`, legal or not. */
  readonly registration: Registration;
  /** Which eventfd: entries with the same key share one. */
  readonly eventfd: string;
}

/** A registration taken away. */
export interface DeassignEntry {
  /** Discriminant. */
  readonly kind: "deassign";
  /** As given to `KVM_IOEVENTFD`; the DEASSIGN flag is understood. */
  readonly registration: Registration;
  /** Which eventfd. */
  readonly eventfd: string;
}

/** Guest memory: `KVM_SET_USER_MEMORY_REGION`. */
export interface RamEntry {
  /** Discriminant. */
  readonly kind: "ram";
  /** Slot, to change or delete it later; the next free one unless given. */
  readonly slot?: number;
  /** First guest physical address. */
  readonly gpa: bigint;
  /** Size in bytes; 0 deletes the slot. */
  readonly size: bigint;
  /** Guest writes go to the bus all the same. */
  readonly readonly: boolean;
}

/** A coalesced zone. */
export interface ZoneEntry {
  /** Discriminant. */
  readonly kind: "zone";
  /** First address or port. */
  readonly addr: bigint;
  /** Size in bytes. */
  readonly size: number;
  /** On the PIO bus. */
  readonly pio: boolean;
  /** Taken away again. */
  readonly remove?: boolean;
}

/** Interrupt controllers or timer in the kernel. */
export interface DeviceEntry {
  /** Discriminant. */
  readonly kind: "irqchip" | "split-irqchip" | "pit";
}

/** One step of a set. */
export type SetEntry = AssignEntry | DeassignEntry | RamEntry | ZoneEntry | DeviceEntry;

/** Steps in order; indices into it name registrations everywhere. */
export type RegistrationSet = readonly SetEntry[];

/**
 * Registrations as a set, each with an eventfd of its own.
 *
 * @param registrations As given to `KVM_IOEVENTFD`, in order
 * @returns The set
 */
export function registrationSet(registrations: readonly Registration[]): RegistrationSet {
  return registrations.map((registration, i) => ({
    kind: "assign",
    registration,
    eventfd: `#${i}`,
  }));
}

/**
 * `struct kvm_irqfd`, the argument of `KVM_IRQFD`.
 *
 * @module
 */
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

/** `struct kvm_irqfd` without its padding. The kernel declares both descriptors unsigned. */
export interface Irqfd {
  /** Descriptor of an eventfd (u32). */
  readonly fd: number;
  /** Global system interrupt it raises (u32). */
  readonly gsi: number;
  /** `KVM_IRQFD_FLAG_*` (u32). */
  readonly flags: number;
  /** Eventfd signalled at end of interrupt, with `KVM_IRQFD_FLAG_RESAMPLE` (u32). */
  readonly resamplefd: number;
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_irqfd
/** Where the fields of `struct kvm_irqfd` are. */
export const IRQFD_LAYOUT: StructLayout<Irqfd> = {
  name: "kvm_irqfd",
  size: 32,
  fields: {
    fd: { offset: 0, type: "u32" },
    gsi: { offset: 4, type: "u32" },
    flags: { offset: 8, type: "u32" },
    resamplefd: { offset: 12, type: "u32" },
  },
};

/**
 * Writes a `struct kvm_irqfd`.
 *
 * @param value Its fields
 * @returns 32 bytes, padding zero
 * @throws {TypeError} for a field that is not an integer
 * @throws {RangeError} for a field out of range
 */
export function encodeIrqfd(value: Irqfd): Uint8Array<ArrayBuffer> {
  return encodeStruct(IRQFD_LAYOUT, value);
}

/**
 * Reads a `struct kvm_irqfd`.
 *
 * @param bytes At least 32 bytes
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeIrqfd(bytes: Uint8Array): Irqfd {
  return decodeStruct(IRQFD_LAYOUT, bytes);
}

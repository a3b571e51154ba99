/**
 * `struct kvm_coalesced_mmio_zone`, the argument of `KVM_REGISTER_COALESCED_MMIO` and its opposite.
 *
 * @module
 */
import type { CoalescedZone } from "./backend.ts";
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

/** `struct kvm_coalesced_mmio_zone`. */
export interface CoalescedMmioZone {
  /** First address or port (u64). */
  readonly addr: bigint;
  /** Bytes (u32). */
  readonly size: number;
  /** 0 for MMIO, 1 for PIO; kernels before coalesced PIO call it padding (u32). */
  readonly pio: number;
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_coalesced_mmio_zone
/** Where the fields of `struct kvm_coalesced_mmio_zone` are. */
export const COALESCED_MMIO_ZONE_LAYOUT: StructLayout<CoalescedMmioZone> = {
  name: "kvm_coalesced_mmio_zone",
  size: 16,
  fields: {
    addr: { offset: 0, type: "u64" },
    size: { offset: 8, type: "u32" },
    pio: { offset: 12, type: "u32" },
  },
};

/**
 * Writes a `struct kvm_coalesced_mmio_zone`.
 *
 * @param value Its fields
 * @returns 16 bytes
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range
 */
export function encodeCoalescedMmioZone(value: CoalescedMmioZone): Uint8Array<ArrayBuffer> {
  return encodeStruct(COALESCED_MMIO_ZONE_LAYOUT, value);
}

/**
 * Reads a `struct kvm_coalesced_mmio_zone`.
 *
 * @param bytes At least 16 bytes
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeCoalescedMmioZone(bytes: Uint8Array): CoalescedMmioZone {
  return decodeStruct(COALESCED_MMIO_ZONE_LAYOUT, bytes);
}

/**
 * A backend's {@linkcode CoalescedZone} in the kernel's spelling.
 *
 * @param zone The zone
 * @returns The same
 */
export function toCoalescedMmioZone({ addr, size, pio }: CoalescedZone): CoalescedMmioZone {
  return { addr, size, pio: pio === true ? 1 : 0 };
}

/**
 * `struct kvm_coalesced_mmio`, one write kept for later.
 *
 * @module
 */
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

/** `struct kvm_coalesced_mmio`. */
export interface CoalescedMmio {
  /** Address or port written (u64). */
  readonly physAddr: bigint;
  /** Bytes written (u32). */
  readonly len: number;
  /** 0 for MMIO, 1 for PIO (u32). */
  readonly pio: number;
  /** What was written, in its first `len` of 8 bytes. */
  readonly data: Uint8Array;
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_coalesced_mmio
/** Where the fields of `struct kvm_coalesced_mmio` are. */
export const COALESCED_MMIO_LAYOUT: StructLayout<CoalescedMmio> = {
  name: "kvm_coalesced_mmio",
  size: 24,
  fields: {
    physAddr: { offset: 0, type: "u64" },
    len: { offset: 8, type: "u32" },
    pio: { offset: 12, type: "u32" },
    data: { offset: 16, type: "u8", count: 8 },
  },
};

/**
 * Writes a `struct kvm_coalesced_mmio`.
 *
 * @param value Its fields
 * @returns 24 bytes
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range, or data of other than 8 bytes
 */
export function encodeCoalescedMmio(value: CoalescedMmio): Uint8Array<ArrayBuffer> {
  return encodeStruct(COALESCED_MMIO_LAYOUT, value);
}

/**
 * Reads a `struct kvm_coalesced_mmio`.
 *
 * @param bytes At least 24 bytes
 * @returns Its fields, the data copied
 * @throws {RangeError} for fewer bytes
 */
export function decodeCoalescedMmio(bytes: Uint8Array): CoalescedMmio {
  return decodeStruct(COALESCED_MMIO_LAYOUT, bytes);
}

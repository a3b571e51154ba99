/**
 * `struct kvm_coalesced_mmio_ring`, the page in which the kernel leaves coalesced writes.
 *
 * @module
 */
import { COALESCED_MMIO_LAYOUT, type CoalescedMmio } from "./coalesced_mmio.ts";
import {
  decodeStruct,
  encodeStruct,
  encodeStructInto,
  type StructLayout,
} from "./struct_layout.ts";

/** The two indices at the head of the ring. */
export interface CoalescedMmioRingIndices {
  /** Entry that userspace takes next (u32). */
  readonly first: number;
  /** Entry that the kernel fills next (u32). */
  readonly last: number;
}

/** `struct kvm_coalesced_mmio_ring` with its entries. */
export interface CoalescedMmioRing extends CoalescedMmioRingIndices {
  /** Every slot of the ring, filled or not. */
  readonly entries: readonly CoalescedMmio[];
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_coalesced_mmio_ring
/** Where the indices of `struct kvm_coalesced_mmio_ring` are; entries follow, 24 bytes each. */
export const COALESCED_MMIO_RING_LAYOUT: StructLayout<CoalescedMmioRingIndices> = {
  name: "kvm_coalesced_mmio_ring",
  size: 8,
  fields: {
    first: { offset: 0, type: "u32" },
    last: { offset: 4, type: "u32" },
  },
};

// KERNEL 6.19 include/uapi/linux/kvm.h KVM_COALESCED_MMIO_MAX
/** Slots of the ring in a 4096-byte page: 170, of which one is always left empty. */
export const KVM_COALESCED_MMIO_MAX: number = Math.floor(
  (4096 - COALESCED_MMIO_RING_LAYOUT.size) / COALESCED_MMIO_LAYOUT.size,
);

/**
 * Writes a `struct kvm_coalesced_mmio_ring`.
 *
 * @param value Indices and entries
 * @returns 8 bytes, and 24 for each entry
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range
 */
export function encodeCoalescedMmioRing(value: CoalescedMmioRing): Uint8Array<ArrayBuffer> {
  const head = COALESCED_MMIO_RING_LAYOUT.size;
  const bytes = new Uint8Array(head + value.entries.length * COALESCED_MMIO_LAYOUT.size);
  encodeStructInto(COALESCED_MMIO_RING_LAYOUT, value, bytes);
  value.entries.forEach((entry, i) =>
    bytes.set(encodeStruct(COALESCED_MMIO_LAYOUT, entry), head + i * COALESCED_MMIO_LAYOUT.size)
  );
  return bytes;
}

/**
 * Reads a `struct kvm_coalesced_mmio_ring`.
 *
 * @param bytes The ring's page, or less: at least 8 bytes
 * @returns Indices, as they are, and as many whole entries as there are bytes for
 * @throws {RangeError} for fewer bytes
 */
export function decodeCoalescedMmioRing(bytes: Uint8Array): CoalescedMmioRing {
  const indices = decodeStruct(COALESCED_MMIO_RING_LAYOUT, bytes);
  const entries: CoalescedMmio[] = [];
  const step = COALESCED_MMIO_LAYOUT.size;
  for (let at = COALESCED_MMIO_RING_LAYOUT.size; at + step <= bytes.byteLength; at += step) {
    entries.push(decodeStruct(COALESCED_MMIO_LAYOUT, bytes.subarray(at, at + step)));
  }
  return { ...indices, entries };
}

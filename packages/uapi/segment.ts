/**
 * `struct kvm_segment` and `struct kvm_dtable` of x86-64, the parts of `struct kvm_sregs`.
 *
 * @module
 */
import type { DescriptorTable, Segment } from "./backend.ts";
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

// KERNEL 6.19 arch/x86/include/uapi/asm/kvm.h struct kvm_segment
/** Where the fields of `struct kvm_segment` are. */
export const SEGMENT_LAYOUT: StructLayout<Segment> = {
  name: "kvm_segment",
  size: 24,
  fields: {
    base: { offset: 0, type: "u64" },
    limit: { offset: 8, type: "u32" },
    selector: { offset: 12, type: "u16" },
    type: { offset: 14, type: "u8" },
    present: { offset: 15, type: "u8" },
    dpl: { offset: 16, type: "u8" },
    db: { offset: 17, type: "u8" },
    s: { offset: 18, type: "u8" },
    l: { offset: 19, type: "u8" },
    g: { offset: 20, type: "u8" },
    avl: { offset: 21, type: "u8" },
    unusable: { offset: 22, type: "u8" },
  },
};

// KERNEL 6.19 arch/x86/include/uapi/asm/kvm.h struct kvm_dtable
/** Where the fields of `struct kvm_dtable` are. */
export const DTABLE_LAYOUT: StructLayout<DescriptorTable> = {
  name: "kvm_dtable",
  size: 16,
  fields: {
    base: { offset: 0, type: "u64" },
    limit: { offset: 8, type: "u16" },
  },
};

/**
 * Writes a `struct kvm_segment`.
 *
 * @param segment The register
 * @returns 24 bytes, padding zero
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range
 */
export function encodeSegment(segment: Segment): Uint8Array<ArrayBuffer> {
  return encodeStruct(SEGMENT_LAYOUT, segment);
}

/**
 * Reads a `struct kvm_segment`.
 *
 * @param bytes At least 24 bytes
 * @returns The register
 * @throws {RangeError} for fewer bytes
 */
export function decodeSegment(bytes: Uint8Array): Segment {
  return decodeStruct(SEGMENT_LAYOUT, bytes);
}

/**
 * Writes a `struct kvm_dtable`.
 *
 * @param table The register
 * @returns 16 bytes, padding zero
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range
 */
export function encodeDtable(table: DescriptorTable): Uint8Array<ArrayBuffer> {
  return encodeStruct(DTABLE_LAYOUT, table);
}

/**
 * Reads a `struct kvm_dtable`.
 *
 * @param bytes At least 16 bytes
 * @returns The register
 * @throws {RangeError} for fewer bytes
 */
export function decodeDtable(bytes: Uint8Array): DescriptorTable {
  return decodeStruct(DTABLE_LAYOUT, bytes);
}

/**
 * `struct kvm_sregs` of x86-64.
 *
 * @module
 */
import type { Sregs } from "./backend.ts";
import { DTABLE_LAYOUT, SEGMENT_LAYOUT } from "./segment.ts";
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

// KERNEL 6.19 arch/x86/include/uapi/asm/kvm.h struct kvm_sregs
/** Where the fields of `struct kvm_sregs` are; the interrupt bitmap, 32 bytes from 280, is left out. */
export const SREGS_LAYOUT: StructLayout<Sregs> = {
  name: "kvm_sregs",
  size: 312,
  fields: {
    cs: { offset: 0, type: SEGMENT_LAYOUT },
    ds: { offset: 24, type: SEGMENT_LAYOUT },
    es: { offset: 48, type: SEGMENT_LAYOUT },
    fs: { offset: 72, type: SEGMENT_LAYOUT },
    gs: { offset: 96, type: SEGMENT_LAYOUT },
    ss: { offset: 120, type: SEGMENT_LAYOUT },
    tr: { offset: 144, type: SEGMENT_LAYOUT },
    ldt: { offset: 168, type: SEGMENT_LAYOUT },
    gdt: { offset: 192, type: DTABLE_LAYOUT },
    idt: { offset: 208, type: DTABLE_LAYOUT },
    cr0: { offset: 224, type: "u64" },
    cr2: { offset: 232, type: "u64" },
    cr3: { offset: 240, type: "u64" },
    cr4: { offset: 248, type: "u64" },
    cr8: { offset: 256, type: "u64" },
    efer: { offset: 264, type: "u64" },
    apicBase: { offset: 272, type: "u64" },
  },
};

/**
 * Writes a `struct kvm_sregs` with no interrupt pending. To keep a pending one, write over the bytes that
 * `KVM_GET_SREGS` gave with `encodeStructInto`.
 *
 * @param sregs Segments, descriptor tables and control registers
 * @returns 312 bytes
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range
 */
export function encodeSregs(sregs: Sregs): Uint8Array<ArrayBuffer> {
  return encodeStruct(SREGS_LAYOUT, sregs);
}

/**
 * Reads a `struct kvm_sregs`.
 *
 * @param bytes At least 312 bytes
 * @returns Segments, descriptor tables and control registers
 * @throws {RangeError} for fewer bytes
 */
export function decodeSregs(bytes: Uint8Array): Sregs {
  return decodeStruct(SREGS_LAYOUT, bytes);
}

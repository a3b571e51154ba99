/**
 * `struct kvm_enable_cap`, the argument of `KVM_ENABLE_CAP`.
 *
 * @module
 */
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

/** `struct kvm_enable_cap` without its padding. */
export interface EnableCap {
  /** `KVM_CAP_*` (u32). */
  readonly cap: number;
  /** Must be 0 (u32). */
  readonly flags: number;
  /** Four u64, by capability: of `KVM_CAP_SPLIT_IRQCHIP` the first is the number of routes reserved for the IOAPIC. */
  readonly args: readonly bigint[];
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_enable_cap
/** Where the fields of `struct kvm_enable_cap` are. */
export const ENABLE_CAP_LAYOUT: StructLayout<EnableCap> = {
  name: "kvm_enable_cap",
  size: 104,
  fields: {
    cap: { offset: 0, type: "u32" },
    flags: { offset: 4, type: "u32" },
    args: { offset: 8, type: "u64", count: 4 },
  },
};

/**
 * Writes a `struct kvm_enable_cap`.
 *
 * @param value Its fields
 * @returns 104 bytes, padding zero
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range, or not four arguments
 *
 * @example Local APICs in the kernel, the IOAPIC's 24 routes for userspace
 * ```ts
 * import { encodeEnableCap, KVM_CAP_SPLIT_IRQCHIP } from "@ioeventfd/uapi";
 *
 * const bytes = encodeEnableCap({ cap: KVM_CAP_SPLIT_IRQCHIP, flags: 0, args: [24n, 0n, 0n, 0n] });
 * if (bytes.length !== 104 || bytes[8] !== 24) throw new Error("not the struct");
 * ```
 */
export function encodeEnableCap(value: EnableCap): Uint8Array<ArrayBuffer> {
  return encodeStruct(ENABLE_CAP_LAYOUT, value);
}

/**
 * Reads a `struct kvm_enable_cap`.
 *
 * @param bytes At least 104 bytes
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeEnableCap(bytes: Uint8Array): EnableCap {
  return decodeStruct(ENABLE_CAP_LAYOUT, bytes);
}

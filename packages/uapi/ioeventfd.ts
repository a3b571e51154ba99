/**
 * `struct kvm_ioeventfd`, the argument of `KVM_IOEVENTFD`.
 *
 * @module
 */
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

/** `struct kvm_ioeventfd` without its padding, which the kernel never examines. */
export interface Ioeventfd {
  /** Value compared with the written one, when `flags` has `KVM_IOEVENTFD_FLAG_DATAMATCH` (u64). */
  readonly datamatch: bigint;
  /** Guest physical address, port or subchannel id (u64). */
  readonly addr: bigint;
  /** Access length in bytes: 1, 2, 4, 8, or 0 for any (u32). */
  readonly len: number;
  /** Descriptor of an eventfd (s32). */
  readonly fd: number;
  /** `KVM_IOEVENTFD_FLAG_*` (u32). */
  readonly flags: number;
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_ioeventfd
/** Where the fields of `struct kvm_ioeventfd` are. */
export const IOEVENTFD_LAYOUT: StructLayout<Ioeventfd> = {
  name: "kvm_ioeventfd",
  size: 64,
  fields: {
    datamatch: { offset: 0, type: "u64" },
    addr: { offset: 8, type: "u64" },
    len: { offset: 16, type: "u32" },
    fd: { offset: 20, type: "s32" },
    flags: { offset: 24, type: "u32" },
  },
};

/**
 * Writes a `struct kvm_ioeventfd`.
 *
 * @param value Its fields, legal or not: the kernel judges
 * @returns 64 bytes, padding zero
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of its type's range
 *
 * @example
 * ```ts
 * import { decodeIoeventfd, encodeIoeventfd } from "@ioeventfd/uapi";
 *
 * const bytes = encodeIoeventfd({ datamatch: 0n, addr: 0xfebfb000n, len: 0, fd: 3, flags: 0 });
 * if (bytes.length !== 64) throw new Error("64 bytes expected");
 * if (decodeIoeventfd(bytes).addr !== 0xfebfb000n) throw new Error("addr misread");
 * ```
 */
export function encodeIoeventfd(value: Ioeventfd): Uint8Array<ArrayBuffer> {
  return encodeStruct(IOEVENTFD_LAYOUT, value);
}

/**
 * Reads a `struct kvm_ioeventfd`.
 *
 * @param bytes At least 64 bytes; the padding and what follows are ignored
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeIoeventfd(bytes: Uint8Array): Ioeventfd {
  return decodeStruct(IOEVENTFD_LAYOUT, bytes);
}

/**
 * `struct kvm_userspace_memory_region`, the argument of `KVM_SET_USER_MEMORY_REGION`.
 *
 * @module
 */
import type { MemoryRegion } from "./backend.ts";
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

/** `struct kvm_userspace_memory_region`. */
export interface UserspaceMemoryRegion {
  /** Slot id in bits 15:0, address space in bits 31:16 (u32). */
  readonly slot: number;
  /** `KVM_MEM_*` (u32). */
  readonly flags: number;
  /** First guest physical address (u64). */
  readonly guestPhysAddr: bigint;
  /** Bytes, 0 deletes (u64). */
  readonly memorySize: bigint;
  /** Address of the backing memory in the owning process (u64). */
  readonly userspaceAddr: bigint;
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_userspace_memory_region
/** Where the fields of `struct kvm_userspace_memory_region` are. */
export const USERSPACE_MEMORY_REGION_LAYOUT: StructLayout<UserspaceMemoryRegion> = {
  name: "kvm_userspace_memory_region",
  size: 32,
  fields: {
    slot: { offset: 0, type: "u32" },
    flags: { offset: 4, type: "u32" },
    guestPhysAddr: { offset: 8, type: "u64" },
    memorySize: { offset: 16, type: "u64" },
    userspaceAddr: { offset: 24, type: "u64" },
  },
};

/**
 * Writes a `struct kvm_userspace_memory_region`.
 *
 * @param value Its fields
 * @returns 32 bytes
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range
 */
export function encodeUserspaceMemoryRegion(value: UserspaceMemoryRegion): Uint8Array<ArrayBuffer> {
  return encodeStruct(USERSPACE_MEMORY_REGION_LAYOUT, value);
}

/**
 * Reads a `struct kvm_userspace_memory_region`.
 *
 * @param bytes At least 32 bytes
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeUserspaceMemoryRegion(bytes: Uint8Array): UserspaceMemoryRegion {
  return decodeStruct(USERSPACE_MEMORY_REGION_LAYOUT, bytes);
}

/**
 * A backend's {@linkcode MemoryRegion} in the kernel's spelling.
 *
 * @param region The region
 * @returns The same, flags 0 where it has none
 */
export function toUserspaceMemoryRegion(region: MemoryRegion): UserspaceMemoryRegion {
  return {
    slot: region.slot,
    flags: region.flags ?? 0,
    guestPhysAddr: region.gpa,
    memorySize: region.size,
    userspaceAddr: region.hva,
  };
}

/**
 * The kernel's spelling as a backend's {@linkcode MemoryRegion}.
 *
 * @param region The struct's fields
 * @returns The same
 */
export function toMemoryRegion(region: UserspaceMemoryRegion): MemoryRegion {
  return {
    slot: region.slot,
    flags: region.flags,
    gpa: region.guestPhysAddr,
    size: region.memorySize,
    hva: region.userspaceAddr,
  };
}

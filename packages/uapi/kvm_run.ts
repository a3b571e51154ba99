/**
 * `struct kvm_run`, the page that a vCPU shares with userspace: its head and the exits of a doorbell. Every layout
 * counts from the start of the page, and every function takes the page.
 *
 * @module
 */
import { decodeStruct, encodeStructInto, type StructLayout } from "./struct_layout.ts";

// KERNEL 6.19 arch/x86/include/asm/kvm_host.h, include/uapi/linux/kvm.h
/** Page of the vCPU mapping that holds the data of a KVM_EXIT_IO. */
export const KVM_PIO_PAGE_OFFSET = 1;
/** Page of the vCPU mapping that holds the coalesced ring; x86's answer to `KVM_CAP_COALESCED_MMIO`. */
export const KVM_COALESCED_MMIO_PAGE_OFFSET = 2;
/** Bytes of the vCPU mapping on x86: three pages. */
export const KVM_VCPU_MMAP_SIZE = 12288;
/** Bytes of `struct kvm_run` in 6.19; in 3.16 it has 1328. */
export const KVM_RUN_SIZE = 2352;
/** Direction of a KVM_EXIT_IO: the guest reads. */
export const KVM_EXIT_IO_IN = 0;
/** Direction of a KVM_EXIT_IO: the guest writes. */
export const KVM_EXIT_IO_OUT = 1;

/** What stands before the union of `struct kvm_run`. */
export interface RunHead {
  /** In: leave as soon as an interrupt could be injected (u8). */
  readonly requestInterruptWindow: number;
  /** In: `KVM_RUN` returns EINTR at once; honoured from `KVM_CAP_IMMEDIATE_EXIT` on (u8). */
  readonly immediateExit: number;
  /** Out: `KVM_EXIT_*` (u32). */
  readonly exitReason: number;
  /** Out: an interrupt can be injected (u8). */
  readonly readyForInterruptInjection: number;
  /** Out: RFLAGS.IF (u8). */
  readonly ifFlag: number;
  /** Out: `KVM_RUN_X86_*`, 0 where the release has none (u16). */
  readonly flags: number;
  /** In and out, without an in-kernel LAPIC (u64). */
  readonly cr8: bigint;
  /** In and out, without an in-kernel LAPIC (u64). */
  readonly apicBase: bigint;
}

/** KVM_EXIT_UNKNOWN. */
export interface RunUnknown {
  /** The hardware's exit reason (u64). */
  readonly hardwareExitReason: bigint;
}

/** KVM_EXIT_FAIL_ENTRY. */
export interface RunFailEntry {
  /** The hardware's reason (u64). */
  readonly hardwareEntryFailureReason: bigint;
}

/** KVM_EXIT_IO: `size` × `count` bytes at `dataOffset` of the mapping. */
export interface RunIo {
  /** `KVM_EXIT_IO_IN` or `KVM_EXIT_IO_OUT` (u8). */
  readonly direction: number;
  /** Bytes of one element: 1, 2 or 4 (u8). */
  readonly size: number;
  /** Port (u16). */
  readonly port: number;
  /** Elements (u32). */
  readonly count: number;
  /** Bytes from the start of the mapping to the data; 4096 on x86 (u64). */
  readonly dataOffset: bigint;
}

/** KVM_EXIT_MMIO. */
export interface RunMmio {
  /** Guest physical address (u64). */
  readonly physAddr: bigint;
  /** What is written, or where the answer goes: 8 bytes, the first `len` in use. */
  readonly data: Uint8Array;
  /** Bytes accessed, 1 to 8 (u32). */
  readonly len: number;
  /** 1 for a write (u8). */
  readonly isWrite: number;
}

/** KVM_EXIT_INTERNAL_ERROR. */
export interface RunInternalError {
  /** `KVM_INTERNAL_ERROR_*` (u32). */
  readonly suberror: number;
  /** Elements of `data` in use (u32). */
  readonly ndata: number;
  /** 16 u64, the first `ndata` in use. */
  readonly data: readonly bigint[];
}

// KERNEL 6.19 include/uapi/linux/kvm.h struct kvm_run
/** Where the fields before the union are. */
export const RUN_HEAD_LAYOUT: StructLayout<RunHead> = {
  name: "kvm_run",
  size: 32,
  fields: {
    requestInterruptWindow: { offset: 0, type: "u8" },
    immediateExit: { offset: 1, type: "u8" },
    exitReason: { offset: 8, type: "u32" },
    readyForInterruptInjection: { offset: 12, type: "u8" },
    ifFlag: { offset: 13, type: "u8" },
    flags: { offset: 14, type: "u16" },
    cr8: { offset: 16, type: "u64" },
    apicBase: { offset: 24, type: "u64" },
  },
};

/** Where the fields of KVM_EXIT_UNKNOWN are. */
export const RUN_UNKNOWN_LAYOUT: StructLayout<RunUnknown> = {
  name: "kvm_run",
  member: "hw",
  size: 40,
  fields: { hardwareExitReason: { offset: 32, type: "u64" } },
};

/** Where the fields of KVM_EXIT_FAIL_ENTRY are. */
export const RUN_FAIL_ENTRY_LAYOUT: StructLayout<RunFailEntry> = {
  name: "kvm_run",
  member: "fail_entry",
  size: 40,
  fields: { hardwareEntryFailureReason: { offset: 32, type: "u64" } },
};

/** Where the fields of KVM_EXIT_IO are. */
export const RUN_IO_LAYOUT: StructLayout<RunIo> = {
  name: "kvm_run",
  member: "io",
  size: 48,
  fields: {
    direction: { offset: 32, type: "u8" },
    size: { offset: 33, type: "u8" },
    port: { offset: 34, type: "u16" },
    count: { offset: 36, type: "u32" },
    dataOffset: { offset: 40, type: "u64" },
  },
};

/** Where the fields of KVM_EXIT_MMIO are. */
export const RUN_MMIO_LAYOUT: StructLayout<RunMmio> = {
  name: "kvm_run",
  member: "mmio",
  size: 56,
  fields: {
    physAddr: { offset: 32, type: "u64" },
    data: { offset: 40, type: "u8", count: 8 },
    len: { offset: 48, type: "u32" },
    isWrite: { offset: 52, type: "u8" },
  },
};

/** Where the fields of KVM_EXIT_INTERNAL_ERROR are. */
export const RUN_INTERNAL_ERROR_LAYOUT: StructLayout<RunInternalError> = {
  name: "kvm_run",
  member: "internal",
  size: 168,
  fields: {
    suberror: { offset: 32, type: "u32" },
    ndata: { offset: 36, type: "u32" },
    data: { offset: 40, type: "u64", count: 16 },
  },
};

/**
 * Reads the head of `struct kvm_run`.
 *
 * @param run The vCPU mapping, at least 32 bytes of it
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeRunHead(run: Uint8Array): RunHead {
  return decodeStruct(RUN_HEAD_LAYOUT, run);
}

/**
 * Writes the head of `struct kvm_run`.
 *
 * @param head Its fields
 * @param run The vCPU mapping, at least 32 bytes of it
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range, or fewer bytes
 */
export function encodeRunHead(head: RunHead, run: Uint8Array): void {
  encodeStructInto(RUN_HEAD_LAYOUT, head, run);
}

/**
 * Reads a KVM_EXIT_IO.
 *
 * @param run The vCPU mapping, at least 48 bytes of it
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeRunIo(run: Uint8Array): RunIo {
  return decodeStruct(RUN_IO_LAYOUT, run);
}

/**
 * Writes a KVM_EXIT_IO, the exit reason left as it is.
 *
 * @param io Its fields
 * @param run The vCPU mapping, at least 48 bytes of it
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range, or fewer bytes
 */
export function encodeRunIo(io: RunIo, run: Uint8Array): void {
  encodeStructInto(RUN_IO_LAYOUT, io, run);
}

/**
 * Reads a KVM_EXIT_MMIO.
 *
 * @param run The vCPU mapping, at least 56 bytes of it
 * @returns Its fields, the data copied
 * @throws {RangeError} for fewer bytes
 *
 * @example
 * ```ts
 * import { decodeRunMmio, encodeRunMmio } from "@ioeventfd/uapi";
 *
 * const run = new Uint8Array(4096);
 * encodeRunMmio({ physAddr: 0xd0000050n, data: new Uint8Array(8), len: 4, isWrite: 1 }, run);
 * if (decodeRunMmio(run).len !== 4) throw new Error("len misread");
 * ```
 */
export function decodeRunMmio(run: Uint8Array): RunMmio {
  return decodeStruct(RUN_MMIO_LAYOUT, run);
}

/**
 * Writes a KVM_EXIT_MMIO, the exit reason left as it is.
 *
 * @param mmio Its fields
 * @param run The vCPU mapping, at least 56 bytes of it
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range, or fewer bytes
 */
export function encodeRunMmio(mmio: RunMmio, run: Uint8Array): void {
  encodeStructInto(RUN_MMIO_LAYOUT, mmio, run);
}

/**
 * Reads a KVM_EXIT_INTERNAL_ERROR.
 *
 * @param run The vCPU mapping, at least 168 bytes of it
 * @returns Its fields
 * @throws {RangeError} for fewer bytes
 */
export function decodeRunInternalError(run: Uint8Array): RunInternalError {
  return decodeStruct(RUN_INTERNAL_ERROR_LAYOUT, run);
}

/**
 * Writes a KVM_EXIT_INTERNAL_ERROR, the exit reason left as it is.
 *
 * @param error Its fields
 * @param run The vCPU mapping, at least 168 bytes of it
 * @throws {TypeError} for a field that is not an integer of its type
 * @throws {RangeError} for a field out of range, or fewer bytes
 */
export function encodeRunInternalError(error: RunInternalError, run: Uint8Array): void {
  encodeStructInto(RUN_INTERNAL_ERROR_LAYOUT, error, run);
}

/**
 * `struct kvm_regs` of x86-64.
 *
 * @module
 */
import type { Regs } from "./backend.ts";
import { decodeStruct, encodeStruct, type StructLayout } from "./struct_layout.ts";

// KERNEL 6.19 arch/x86/include/uapi/asm/kvm.h struct kvm_regs
/** Where the fields of `struct kvm_regs` are. */
export const REGS_LAYOUT: StructLayout<Regs> = {
  name: "kvm_regs",
  size: 144,
  fields: {
    rax: { offset: 0, type: "u64" },
    rbx: { offset: 8, type: "u64" },
    rcx: { offset: 16, type: "u64" },
    rdx: { offset: 24, type: "u64" },
    rsi: { offset: 32, type: "u64" },
    rdi: { offset: 40, type: "u64" },
    rsp: { offset: 48, type: "u64" },
    rbp: { offset: 56, type: "u64" },
    r8: { offset: 64, type: "u64" },
    r9: { offset: 72, type: "u64" },
    r10: { offset: 80, type: "u64" },
    r11: { offset: 88, type: "u64" },
    r12: { offset: 96, type: "u64" },
    r13: { offset: 104, type: "u64" },
    r14: { offset: 112, type: "u64" },
    r15: { offset: 120, type: "u64" },
    rip: { offset: 128, type: "u64" },
    rflags: { offset: 136, type: "u64" },
  },
};

/**
 * General registers of a CPU that has done nothing: all 0, but for bit 1 of RFLAGS, which is always set.
 *
 * @param fields What differs
 * @returns The registers
 *
 * @example
 * ```ts
 * import { zeroRegs } from "@ioeventfd/uapi";
 *
 * const { rip, rax, rflags } = zeroRegs({ rip: 0x1000n });
 * if (rip !== 0x1000n || rax !== 0n || rflags !== 2n) throw new Error("not as told");
 * ```
 */
export function zeroRegs(fields: Partial<Regs> = {}): Regs {
  return {
    rax: 0n,
    rbx: 0n,
    rcx: 0n,
    rdx: 0n,
    rsi: 0n,
    rdi: 0n,
    rsp: 0n,
    rbp: 0n,
    r8: 0n,
    r9: 0n,
    r10: 0n,
    r11: 0n,
    r12: 0n,
    r13: 0n,
    r14: 0n,
    r15: 0n,
    rip: 0n,
    rflags: 2n,
    ...fields,
  };
}

/**
 * Writes a `struct kvm_regs`.
 *
 * @param regs General registers, RIP and RFLAGS
 * @returns 144 bytes
 * @throws {TypeError} for a register that is not a bigint
 * @throws {RangeError} for one out of 64 bits
 */
export function encodeRegs(regs: Regs): Uint8Array<ArrayBuffer> {
  return encodeStruct(REGS_LAYOUT, regs);
}

/**
 * Reads a `struct kvm_regs`.
 *
 * @param bytes At least 144 bytes
 * @returns General registers, RIP and RFLAGS
 * @throws {RangeError} for fewer bytes
 */
export function decodeRegs(bytes: Uint8Array): Regs {
  return decodeStruct(REGS_LAYOUT, bytes);
}

import { KVM_GET_SUPPORTED_CPUID } from "@ioeventfd/uapi";
import type { Libc } from "./_libc.ts";

const ENTRIES = 256;
const ENTRY_SIZE = 40;
const HEAD_SIZE = 8;
const ADDRESS_SIZES = 0x80000008;
const DEFAULT_PHYSICAL_BITS = 36;

/** What the vCPUs of this host can be given. */
export interface Cpuid {
  /** `struct kvm_cpuid2` of every feature that KVM supports. */
  bytes(): Uint8Array;
  /** Bits of a guest physical address. */
  physicalBits(): number;
}

let supported: Uint8Array | undefined;

/** The host's answer, asked for when it is needed and then kept: it does not change. */
export function readCpuid(libc: Libc, kvmFd: number): Cpuid {
  function bytes(): Uint8Array {
    if (supported !== undefined) return supported;
    const all = new Uint8Array(HEAD_SIZE + ENTRIES * ENTRY_SIZE);
    new DataView(all.buffer).setUint32(0, ENTRIES, true);
    libc.check(
      libc.call.ioctlBytes(kvmFd, KVM_GET_SUPPORTED_CPUID, all),
      "KVM_GET_SUPPORTED_CPUID was refused",
    );
    return supported = all;
  }
  return { bytes, physicalBits: () => physicalBits(bytes()) };
}

/** Bits of a guest physical address by a `struct kvm_cpuid2`; 36 where it does not tell. */
export function physicalBits(cpuid: Uint8Array): number {
  const view = new DataView(cpuid.buffer, cpuid.byteOffset, cpuid.byteLength);
  for (let i = 0; i < view.getUint32(0, true); i++) {
    const entry = HEAD_SIZE + i * ENTRY_SIZE;
    if (view.getUint32(entry, true) === ADDRESS_SIZES) {
      return view.getUint32(entry + 12, true) & 0xff;
    }
  }
  return DEFAULT_PHYSICAL_BITS;
}

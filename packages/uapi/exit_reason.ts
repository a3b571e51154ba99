/**
 * Reasons for which `KVM_RUN` comes back to userspace.
 *
 * @module
 */

// KERNEL 6.19 include/uapi/linux/kvm.h KVM_EXIT_*
/** The hardware gave a reason that KVM does not know. */
export const KVM_EXIT_UNKNOWN = 0;
/** Exit reason 1 of `struct kvm_run`. */
export const KVM_EXIT_EXCEPTION = 1;
/** Port access for userspace. */
export const KVM_EXIT_IO = 2;
/** Exit reason 3 of `struct kvm_run`. */
export const KVM_EXIT_HYPERCALL = 3;
/** A breakpoint or single step of the debugger. */
export const KVM_EXIT_DEBUG = 4;
/** The guest halted. */
export const KVM_EXIT_HLT = 5;
/** Memory access for userspace. */
export const KVM_EXIT_MMIO = 6;
/** An interrupt can be injected. */
export const KVM_EXIT_IRQ_WINDOW_OPEN = 7;
/** Triple fault. */
export const KVM_EXIT_SHUTDOWN = 8;
/** The hardware refused to enter the guest. */
export const KVM_EXIT_FAIL_ENTRY = 9;
/** A signal interrupted `KVM_RUN`. */
export const KVM_EXIT_INTR = 10;
/** Exit reason 11 of `struct kvm_run`. */
export const KVM_EXIT_SET_TPR = 11;
/** Exit reason 12 of `struct kvm_run`. */
export const KVM_EXIT_TPR_ACCESS = 12;
/** Exit reason 13 of `struct kvm_run`. */
export const KVM_EXIT_S390_SIEIC = 13;
/** Exit reason 14 of `struct kvm_run`. */
export const KVM_EXIT_S390_RESET = 14;
/** Exit reason 15 of `struct kvm_run`. */
export const KVM_EXIT_DCR = 15;
/** Exit reason 16 of `struct kvm_run`. */
export const KVM_EXIT_NMI = 16;
/** KVM cannot go on. */
export const KVM_EXIT_INTERNAL_ERROR = 17;
/** Exit reason 18 of `struct kvm_run`. */
export const KVM_EXIT_OSI = 18;
/** Exit reason 19 of `struct kvm_run`. */
export const KVM_EXIT_PAPR_HCALL = 19;
/** Exit reason 20 of `struct kvm_run`. */
export const KVM_EXIT_S390_UCONTROL = 20;
/** Exit reason 21 of `struct kvm_run`. */
export const KVM_EXIT_WATCHDOG = 21;
/** Exit reason 22 of `struct kvm_run`. */
export const KVM_EXIT_S390_TSCH = 22;
/** Exit reason 23 of `struct kvm_run`. */
export const KVM_EXIT_EPR = 23;
/** Exit reason 24 of `struct kvm_run`. */
export const KVM_EXIT_SYSTEM_EVENT = 24;
/** Exit reason 25 of `struct kvm_run`. */
export const KVM_EXIT_S390_STSI = 25;
/** Exit reason 26 of `struct kvm_run`. */
export const KVM_EXIT_IOAPIC_EOI = 26;
/** Exit reason 27 of `struct kvm_run`. */
export const KVM_EXIT_HYPERV = 27;
/** Exit reason 28 of `struct kvm_run`. */
export const KVM_EXIT_ARM_NISV = 28;
/** Exit reason 29 of `struct kvm_run`. */
export const KVM_EXIT_X86_RDMSR = 29;
/** Exit reason 30 of `struct kvm_run`. */
export const KVM_EXIT_X86_WRMSR = 30;
/** Exit reason 31 of `struct kvm_run`. */
export const KVM_EXIT_DIRTY_RING_FULL = 31;
/** Exit reason 32 of `struct kvm_run`. */
export const KVM_EXIT_AP_RESET_HOLD = 32;
/** Exit reason 33 of `struct kvm_run`. */
export const KVM_EXIT_X86_BUS_LOCK = 33;
/** Exit reason 34 of `struct kvm_run`. */
export const KVM_EXIT_XEN = 34;
/** Exit reason 35 of `struct kvm_run`. */
export const KVM_EXIT_RISCV_SBI = 35;
/** Exit reason 36 of `struct kvm_run`. */
export const KVM_EXIT_RISCV_CSR = 36;
/** Exit reason 37 of `struct kvm_run`. */
export const KVM_EXIT_NOTIFY = 37;
/** Exit reason 38 of `struct kvm_run`. */
export const KVM_EXIT_LOONGARCH_IOCSR = 38;
/** Exit reason 39 of `struct kvm_run`. */
export const KVM_EXIT_MEMORY_FAULT = 39;
/** Exit reason 40 of `struct kvm_run`. */
export const KVM_EXIT_TDX = 40;
/** Exit reason 41 of `struct kvm_run`. */
export const KVM_EXIT_ARM_SEA = 41;

/** Names of the exit reasons; the index is the number. */
export const kvmExitNames: readonly string[] = [
  "KVM_EXIT_UNKNOWN",
  "KVM_EXIT_EXCEPTION",
  "KVM_EXIT_IO",
  "KVM_EXIT_HYPERCALL",
  "KVM_EXIT_DEBUG",
  "KVM_EXIT_HLT",
  "KVM_EXIT_MMIO",
  "KVM_EXIT_IRQ_WINDOW_OPEN",
  "KVM_EXIT_SHUTDOWN",
  "KVM_EXIT_FAIL_ENTRY",
  "KVM_EXIT_INTR",
  "KVM_EXIT_SET_TPR",
  "KVM_EXIT_TPR_ACCESS",
  "KVM_EXIT_S390_SIEIC",
  "KVM_EXIT_S390_RESET",
  "KVM_EXIT_DCR",
  "KVM_EXIT_NMI",
  "KVM_EXIT_INTERNAL_ERROR",
  "KVM_EXIT_OSI",
  "KVM_EXIT_PAPR_HCALL",
  "KVM_EXIT_S390_UCONTROL",
  "KVM_EXIT_WATCHDOG",
  "KVM_EXIT_S390_TSCH",
  "KVM_EXIT_EPR",
  "KVM_EXIT_SYSTEM_EVENT",
  "KVM_EXIT_S390_STSI",
  "KVM_EXIT_IOAPIC_EOI",
  "KVM_EXIT_HYPERV",
  "KVM_EXIT_ARM_NISV",
  "KVM_EXIT_X86_RDMSR",
  "KVM_EXIT_X86_WRMSR",
  "KVM_EXIT_DIRTY_RING_FULL",
  "KVM_EXIT_AP_RESET_HOLD",
  "KVM_EXIT_X86_BUS_LOCK",
  "KVM_EXIT_XEN",
  "KVM_EXIT_RISCV_SBI",
  "KVM_EXIT_RISCV_CSR",
  "KVM_EXIT_NOTIFY",
  "KVM_EXIT_LOONGARCH_IOCSR",
  "KVM_EXIT_MEMORY_FAULT",
  "KVM_EXIT_TDX",
  "KVM_EXIT_ARM_SEA",
];

/**
 * The name of an exit reason.
 *
 * @param exitReason `exit_reason` of `struct kvm_run`
 * @returns E.g. `KVM_EXIT_MMIO`, or undefined for a number not known
 */
export function kvmExitName(exitReason: number): string | undefined {
  return kvmExitNames[exitReason];
}

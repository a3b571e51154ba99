/**
 * Capabilities, the arguments of `KVM_CHECK_EXTENSION`, as far as a doorbell needs them.
 *
 * @module
 */

// KERNEL 6.19 include/uapi/linux/kvm.h
/** Interrupt controllers and timer in the kernel. */
export const KVM_CAP_IRQCHIP = 0;
/** `KVM_SET_USER_MEMORY_REGION`. */
export const KVM_CAP_USER_MEMORY = 3;
/** Recommended number of vCPUs. */
export const KVM_CAP_NR_VCPUS = 9;
/** Number of memory slots. */
export const KVM_CAP_NR_MEMSLOTS = 10;
/** Coalesced MMIO; the answer is the page of the ring in a vCPU mapping. */
export const KVM_CAP_COALESCED_MMIO = 15;
/** Interrupt routing; the answer is the number of routes. */
export const KVM_CAP_IRQ_ROUTING = 25;
/** `KVM_IRQFD`. */
export const KVM_CAP_IRQFD = 32;
/** `KVM_CREATE_PIT2`. */
export const KVM_CAP_PIT2 = 33;
/** `KVM_IOEVENTFD`. */
export const KVM_CAP_IOEVENTFD = 36;
/** Most vCPUs. */
export const KVM_CAP_MAX_VCPUS = 66;
/** `KVM_MEM_READONLY`. */
export const KVM_CAP_READONLY_MEM = 81;
/** `KVM_IRQFD_FLAG_RESAMPLE`. */
export const KVM_CAP_IRQFD_RESAMPLE = 82;
/** The seed commit's: an MMIO ioeventfd of zero length matches any length. */
export const KVM_CAP_IOEVENTFD_NO_LENGTH = 100;
/** `KVM_CHECK_EXTENSION` on a VM. */
export const KVM_CAP_CHECK_EXTENSION_VM = 105;
/** LAPICs in the kernel, PIC and IOAPIC in userspace. */
export const KVM_CAP_SPLIT_IRQCHIP = 121;
/** Zero length on every bus. */
export const KVM_CAP_IOEVENTFD_ANY_LENGTH = 122;
/** `immediate_exit` of `struct kvm_run`. */
export const KVM_CAP_IMMEDIATE_EXIT = 136;
/** Coalesced zones on the PIO bus. */
export const KVM_CAP_COALESCED_PIO = 162;

/** Capability numbers by name, in ascending order. */
export const capabilities: Readonly<Record<string, number>> = {
  KVM_CAP_IRQCHIP,
  KVM_CAP_USER_MEMORY,
  KVM_CAP_NR_VCPUS,
  KVM_CAP_NR_MEMSLOTS,
  KVM_CAP_COALESCED_MMIO,
  KVM_CAP_IRQ_ROUTING,
  KVM_CAP_IRQFD,
  KVM_CAP_PIT2,
  KVM_CAP_IOEVENTFD,
  KVM_CAP_MAX_VCPUS,
  KVM_CAP_READONLY_MEM,
  KVM_CAP_IRQFD_RESAMPLE,
  KVM_CAP_IOEVENTFD_NO_LENGTH,
  KVM_CAP_CHECK_EXTENSION_VM,
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_CAP_IOEVENTFD_ANY_LENGTH,
  KVM_CAP_IMMEDIATE_EXIT,
  KVM_CAP_COALESCED_PIO,
};

/**
 * The name of a capability number.
 *
 * @param number Capability
 * @returns E.g. `KVM_CAP_IOEVENTFD_NO_LENGTH`, or undefined for one the project does not meet
 */
export function capabilityName(number: number): string | undefined {
  return Object.keys(capabilities).find((name) => capabilities[name] === number);
}

/**
 * KVM's ioctl numbers, as far as a doorbell needs them.
 *
 * @module
 */
import { COALESCED_MMIO_ZONE_LAYOUT } from "./coalesced_mmio_zone.ts";
import { ioc, IOC_NONE, IOC_READ, IOC_WRITE } from "./ioc.ts";
import { ENABLE_CAP_LAYOUT } from "./enable_cap.ts";
import { IOEVENTFD_LAYOUT } from "./ioeventfd.ts";
import { IRQFD_LAYOUT } from "./irqfd.ts";
import { PIT_CONFIG_LAYOUT } from "./pit_config.ts";
import { REGS_LAYOUT } from "./regs.ts";
import { SREGS_LAYOUT } from "./sregs.ts";
import { USERSPACE_MEMORY_REGION_LAYOUT } from "./userspace_memory_region.ts";

// KERNEL 6.19 include/uapi/linux/kvm.h
/** Type byte of KVM's ioctls. */
export const KVMIO = 0xae;

/** The API version that `KVM_GET_API_VERSION` answers. */
export const KVM_API_VERSION = 12;

const none = (nr: number): number => ioc(IOC_NONE, KVMIO, nr, 0);
const toKernel = (nr: number, size: number): number => ioc(IOC_WRITE, KVMIO, nr, size);
const fromKernel = (nr: number, size: number): number => ioc(IOC_READ, KVMIO, nr, size);

/** System ioctl; its argument must be 0. */
export const KVM_GET_API_VERSION: number = none(0x00);
/** System ioctl; its argument is the machine type, 0 on x86. */
export const KVM_CREATE_VM: number = none(0x01);
/** System ioctl, and VM ioctl with `KVM_CAP_CHECK_EXTENSION_VM`; its argument is a capability. */
export const KVM_CHECK_EXTENSION: number = none(0x03);
/** System ioctl; answers the bytes of a vCPU mapping. */
export const KVM_GET_VCPU_MMAP_SIZE: number = none(0x04);
/** System ioctl with `struct kvm_cpuid2`. */
export const KVM_GET_SUPPORTED_CPUID: number = ioc(IOC_READ | IOC_WRITE, KVMIO, 0x05, 8);

/** VM ioctl; its argument is the vCPU's id. */
export const KVM_CREATE_VCPU: number = none(0x41);
/** VM ioctl with `struct kvm_dirty_log`. */
export const KVM_GET_DIRTY_LOG: number = toKernel(0x42, 16);
/** VM ioctl with `struct kvm_userspace_memory_region`. */
export const KVM_SET_USER_MEMORY_REGION: number = toKernel(
  0x46,
  USERSPACE_MEMORY_REGION_LAYOUT.size,
);
/** VM ioctl; its argument is the guest physical address of three pages for the TSS. */
export const KVM_SET_TSS_ADDR: number = none(0x47);
/** VM ioctl with a u64 guest physical address. */
export const KVM_SET_IDENTITY_MAP_ADDR: number = toKernel(0x48, 8);
/** VM ioctl with `struct kvm_userspace_memory_region2`. */
export const KVM_SET_USER_MEMORY_REGION2: number = toKernel(0x49, 160);
/** VM ioctl: PIC, IOAPIC and LAPICs in the kernel. */
export const KVM_CREATE_IRQCHIP: number = none(0x60);
/** VM ioctl: the timer in the kernel, the port of its speaker too. */
export const KVM_CREATE_PIT: number = none(0x64);
/** VM ioctl with `struct kvm_irq_level`. */
export const KVM_IRQ_LINE: number = toKernel(0x61, 8);
/** VM ioctl with `struct kvm_coalesced_mmio_zone`. */
export const KVM_REGISTER_COALESCED_MMIO: number = toKernel(0x67, COALESCED_MMIO_ZONE_LAYOUT.size);
/** VM ioctl with `struct kvm_coalesced_mmio_zone`. */
export const KVM_UNREGISTER_COALESCED_MMIO: number = toKernel(
  0x68,
  COALESCED_MMIO_ZONE_LAYOUT.size,
);
/** VM ioctl with `struct kvm_irq_routing`. */
export const KVM_SET_GSI_ROUTING: number = toKernel(0x6a, 8);
/** VM ioctl with `struct kvm_irqfd`. */
export const KVM_IRQFD: number = toKernel(0x76, IRQFD_LAYOUT.size);
/** VM ioctl with `struct kvm_pit_config`. */
export const KVM_CREATE_PIT2: number = toKernel(0x77, PIT_CONFIG_LAYOUT.size);
/** VM ioctl with `struct kvm_ioeventfd`. */
export const KVM_IOEVENTFD: number = toKernel(0x79, IOEVENTFD_LAYOUT.size);

/** vCPU ioctl; its argument must be 0. */
export const KVM_RUN: number = none(0x80);
/** vCPU ioctl with `struct kvm_regs`. */
export const KVM_GET_REGS: number = fromKernel(0x81, REGS_LAYOUT.size);
/** vCPU ioctl with `struct kvm_regs`. */
export const KVM_SET_REGS: number = toKernel(0x82, REGS_LAYOUT.size);
/** vCPU ioctl with `struct kvm_sregs`. */
export const KVM_GET_SREGS: number = fromKernel(0x83, SREGS_LAYOUT.size);
/** vCPU ioctl with `struct kvm_sregs`. */
export const KVM_SET_SREGS: number = toKernel(0x84, SREGS_LAYOUT.size);
/** vCPU ioctl with `struct kvm_interrupt`. */
export const KVM_INTERRUPT: number = toKernel(0x86, 4);
/** vCPU ioctl with `struct kvm_signal_mask`. */
export const KVM_SET_SIGNAL_MASK: number = toKernel(0x8b, 4);
/** vCPU ioctl with `struct kvm_cpuid2`. */
export const KVM_SET_CPUID2: number = toKernel(0x90, 8);
/** vCPU ioctl with `struct kvm_guest_debug`. */
export const KVM_SET_GUEST_DEBUG: number = toKernel(0x9b, 72);
/** VM and vCPU ioctl with `struct kvm_enable_cap`. */
export const KVM_ENABLE_CAP: number = toKernel(0xa3, ENABLE_CAP_LAYOUT.size);

const names: ReadonlyMap<number, string> = new Map(
  Object.entries({
    KVM_GET_API_VERSION,
    KVM_CREATE_VM,
    KVM_CHECK_EXTENSION,
    KVM_GET_VCPU_MMAP_SIZE,
    KVM_GET_SUPPORTED_CPUID,
    KVM_CREATE_VCPU,
    KVM_GET_DIRTY_LOG,
    KVM_SET_USER_MEMORY_REGION,
    KVM_SET_TSS_ADDR,
    KVM_SET_IDENTITY_MAP_ADDR,
    KVM_SET_USER_MEMORY_REGION2,
    KVM_CREATE_IRQCHIP,
    KVM_CREATE_PIT,
    KVM_IRQ_LINE,
    KVM_REGISTER_COALESCED_MMIO,
    KVM_UNREGISTER_COALESCED_MMIO,
    KVM_SET_GSI_ROUTING,
    KVM_IRQFD,
    KVM_CREATE_PIT2,
    KVM_IOEVENTFD,
    KVM_RUN,
    KVM_GET_REGS,
    KVM_SET_REGS,
    KVM_GET_SREGS,
    KVM_SET_SREGS,
    KVM_INTERRUPT,
    KVM_SET_SIGNAL_MASK,
    KVM_SET_CPUID2,
    KVM_SET_GUEST_DEBUG,
    KVM_ENABLE_CAP,
  }).map(([name, number]) => [number, name]),
);

/**
 * The name of an ioctl number.
 *
 * @param request The number, u32
 * @returns E.g. `KVM_IOEVENTFD`, or undefined for one the project does not meet
 */
export function ioctlName(request: number): string | undefined {
  return names.get(request);
}

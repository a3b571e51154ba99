import { ioc, IOC_READ, IOC_WRITE, KVMIO } from "@ioeventfd/uapi";

// KERNEL 6.19 include/uapi/linux/kvm.h
export const KVM_GET_LAPIC: number = ioc(IOC_READ, KVMIO, 0x8e, 0x400);
export const KVM_SET_MP_STATE: number = ioc(IOC_WRITE, KVMIO, 0x99, 4);
export const KVM_GET_STATS_FD: number = ioc(0, KVMIO, 0xce, 0);
export const KVM_CREATE_GUEST_MEMFD: number = ioc(IOC_READ | IOC_WRITE, KVMIO, 0xd4, 64);
export const KVM_CREATE_DEVICE: number = ioc(IOC_READ | IOC_WRITE, KVMIO, 0xe0, 12);
export const KVM_CREATE_DEVICE_TEST = 1;

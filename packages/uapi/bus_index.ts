/**
 * Numbers of KVM's I/O buses.
 *
 * @module
 */
import type { IoeventfdBus } from "./backend.ts";

// KERNEL 6.19 include/linux/kvm_host.h enum kvm_bus
/** Memory-mapped I/O. */
export const KVM_MMIO_BUS = 0;
/** Ports. */
export const KVM_PIO_BUS = 1;
/** Notifications of s390's virtio-ccw. */
export const KVM_VIRTIO_CCW_NOTIFY_BUS = 2;
/** Doorbells of zero length, asked by guest physical address alone. */
export const KVM_FAST_MMIO_BUS = 3;

const indices = { mmio: KVM_MMIO_BUS, pio: KVM_PIO_BUS, ccw: KVM_VIRTIO_CCW_NOTIFY_BUS } as const;

/**
 * The number of the bus that an ioeventfd is on.
 *
 * @param bus Its name
 * @returns `KVM_*_BUS`; the fast MMIO bus is that of a twin, and has no name of its own
 */
export function busIndex(bus: IoeventfdBus): number {
  return indices[bus];
}

/**
 * The name of a bus.
 *
 * @param index `KVM_*_BUS`
 * @returns Its name; `mmio` for the fast MMIO bus too
 */
export function busName(index: number): IoeventfdBus {
  if (index === KVM_PIO_BUS) return "pio";
  return index === KVM_VIRTIO_CCW_NOTIFY_BUS ? "ccw" : "mmio";
}

/**
 * Numbers of KVM's I/O buses.
 *
 * @module
 */

// KERNEL 6.19 include/linux/kvm_host.h enum kvm_bus
/** Memory-mapped I/O. */
export const KVM_MMIO_BUS = 0;
/** Ports. */
export const KVM_PIO_BUS = 1;
/** Notifications of s390's virtio-ccw. */
export const KVM_VIRTIO_CCW_NOTIFY_BUS = 2;
/** Doorbells of zero length, asked by guest physical address alone. */
export const KVM_FAST_MMIO_BUS = 3;

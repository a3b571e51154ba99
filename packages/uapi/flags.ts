/**
 * Flags of the calls that a doorbell meets.
 *
 * @module
 */

// KERNEL 6.19 include/uapi/linux/kvm.h
/** `struct kvm_ioeventfd` flags: compare the value written. */
export const KVM_IOEVENTFD_FLAG_DATAMATCH = 0x1;
/** `struct kvm_ioeventfd` flags: `addr` is a port. Wins over CCW. */
export const KVM_IOEVENTFD_FLAG_PIO = 0x2;
/** `struct kvm_ioeventfd` flags: take the registration away. */
export const KVM_IOEVENTFD_FLAG_DEASSIGN = 0x4;
/** `struct kvm_ioeventfd` flags: `addr` is a subchannel id of s390. */
export const KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY = 0x8;
/**
 * Bit 4 of `struct kvm_ioeventfd` flags. The header has its number as `kvm_ioeventfd_flag_nr_fast_mmio` and no name for
 * the bit; it is accepted since 3.16, and nothing reads it.
 */
export const KVM_IOEVENTFD_FLAG_FAST_MMIO = 0x10;
/** Accepted flags since 3.16; before, 0xf. */
export const KVM_IOEVENTFD_VALID_FLAG_MASK = 0x1f;

/** `struct kvm_irqfd` flags: take the irqfd away. */
export const KVM_IRQFD_FLAG_DEASSIGN = 0x1;
/** `struct kvm_irqfd` flags: signal `resamplefd` at end of interrupt. */
export const KVM_IRQFD_FLAG_RESAMPLE = 0x2;

/** Memory slot flags: keep a dirty log. */
export const KVM_MEM_LOG_DIRTY_PAGES = 0x1;
/** Memory slot flags: guest writes exit as MMIO. */
export const KVM_MEM_READONLY = 0x2;
/** Memory slot flags: private memory behind a guest_memfd. */
export const KVM_MEM_GUEST_MEMFD = 0x4;

// KERNEL 6.19 include/uapi/linux/eventfd.h, include/uapi/asm-generic/fcntl.h
/** eventfd2(2): a read takes 1 instead of all. */
export const EFD_SEMAPHORE = 0x1;
/** eventfd2(2): reads and writes do not block. */
export const EFD_NONBLOCK = 0x800;
/** eventfd2(2): closed on exec. */
export const EFD_CLOEXEC = 0x80000;

// KERNEL 6.19 include/uapi/asm-generic/poll.h
/** poll(2): there is something to read. */
export const POLLIN = 0x1;
/** poll(2): a write would not block. */
export const POLLOUT = 0x4;
/** poll(2): an eventfd whose counter is at its maximum. */
export const POLLERR = 0x8;
/** poll(2): the last descriptor was closed. */
export const POLLHUP = 0x10;
/** poll(2): not an open descriptor. */
export const POLLNVAL = 0x20;

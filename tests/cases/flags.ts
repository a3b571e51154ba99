/**
 * Flags in short, for cases.
 *
 * @module
 */
import {
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
} from "@ioeventfd/uapi";

/** DATAMATCH. */
export const DM = KVM_IOEVENTFD_FLAG_DATAMATCH;
/** PIO. */
export const PIO = KVM_IOEVENTFD_FLAG_PIO;
/** DEASSIGN. */
export const DEASSIGN = KVM_IOEVENTFD_FLAG_DEASSIGN;
/** VIRTIO_CCW_NOTIFY. */
export const CCW = KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;
/** 2^64. */
export const TOP = 1n << 64n;

/** Who takes a write, in the model. */
export const claim = {
  /** Nobody: it exits to userspace. */
  none: 0,
  /** An ioeventfd. */
  ioeventfd: 1,
  /** A coalesced zone. */
  coalesced: 2,
  /** A device in the kernel. */
  device: 3,
} as const;

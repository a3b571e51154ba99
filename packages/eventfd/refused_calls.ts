/**
 * System calls that an eventfd refuses, with the errno of each.
 *
 * @module
 */

/**
 * Errno of each call. `open` is an open(2) of `/proc/self/fd/N`; `splice` is refused in both directions since 5.10,
 * before which it copied.
 */
export const refusedCalls = {
  fallocate: "ENODEV",
  fsync: "EINVAL",
  ftruncate: "EINVAL",
  mmap: "ENODEV",
  open: "ENXIO",
  pread: "ESPIPE",
  pwrite: "ESPIPE",
  splice: "EINVAL",
} as const;

/** A system call that an eventfd refuses. */
export type RefusedCall = keyof typeof refusedCalls;

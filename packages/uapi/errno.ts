/**
 * Errno names and numbers of Linux on x86.
 *
 * @module
 */

// KERNEL 6.19 include/uapi/asm-generic/errno-base.h, errno.h
/** Errno numbers by name. */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  ESPIPE: 29,
  ENOSYS: 38,
  EOPNOTSUPP: 95,
} as const;

/** Name of an errno the project meets. */
export type ErrnoName = keyof typeof errno;

/**
 * The number of an errno name.
 *
 * @param name E.g. `EEXIST`
 * @returns E.g. 17
 */
export function errnoNumber(name: ErrnoName): number {
  return errno[name];
}

/**
 * The name of an errno number.
 *
 * @param number Positive errno
 * @returns Its name, or undefined for one the project does not meet
 */
export function errnoName(number: number): ErrnoName | undefined {
  return (Object.keys(errno) as ErrnoName[]).find((name) => errno[name] === number);
}

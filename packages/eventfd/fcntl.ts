/**
 * Commands of fcntl(2), requests of ioctl(2) and status flags of open files, on x86.
 *
 * @module
 */

// KERNEL 6.19 include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h

/** Duplicates to the lowest free number that is the argument or more. */
export const F_DUPFD = 0;
/** Asks for the descriptor's flags. */
export const F_GETFD = 1;
/** Sets the descriptor's flags. */
export const F_SETFD = 2;
/** Asks for the file's status flags. */
export const F_GETFL = 3;
/** Sets the file's status flags. */
export const F_SETFL = 4;
/** Names who gets SIGIO; an eventfd sends none. */
export const F_SETOWN = 8;
/** As F_DUPFD, with close-on-exec. */
export const F_DUPFD_CLOEXEC = 1030;
/** The one descriptor flag: closed by exec. */
export const FD_CLOEXEC = 1;

// KERNEL 6.19 include/uapi/asm-generic/ioctls.h

/** Asks how many bytes there are to read: an eventfd refuses it. */
export const FIONREAD = 0x541b;
/** Sets or clears O_NONBLOCK. */
export const FIONBIO = 0x5421;
/** Clears close-on-exec. */
export const FIONCLEX = 0x5450;
/** Sets close-on-exec. */
export const FIOCLEX = 0x5451;
/** Sets or clears O_ASYNC: an eventfd refuses to set it. */
export const FIOASYNC = 0x5452;

/** Opened for writing alone. */
export const O_WRONLY = 0x1;
/** Opened for reading and writing, as every eventfd. */
export const O_RDWR = 0x2;
/** Writes go to the end; kept and without effect on an eventfd. */
export const O_APPEND = 0x400;
/** Reads and writes never wait. */
export const O_NONBLOCK = 0x800;
/** SIGIO on readiness: an eventfd drops it without a word. */
export const O_ASYNC = 0x2000;
/** Bypasses the page cache: an eventfd refuses it. */
export const O_DIRECT = 0x4000;
/** Leaves the access time alone; kept and without effect on an eventfd. */
export const O_NOATIME = 0x4_0000;
/** Names the file without opening it. */
export const O_PATH = 0x20_0000;

/**
 * Where a C library may be.
 *
 * @module
 */

/** Of glibc by distribution, then of musl: what `--allow-ffi` is given for, and nothing besides. */
export const libcPaths: readonly string[] = [
  "/lib/x86_64-linux-gnu/libc.so.6",
  "/lib64/libc.so.6",
  "/usr/lib/libc.so.6",
  "/lib/ld-musl-x86_64.so.1",
];

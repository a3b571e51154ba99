/**
 * Memory a caller hands to a system call.
 *
 * @module
 */

/** A buffer at an address that is not mapped: the kernel answers EFAULT when it comes to copying. */
export class UnmappedBuffer {
  /** Size the caller claims, in bytes. */
  readonly byteLength: number;

  /**
   * Stands for a bad address.
   *
   * @param byteLength Size the caller claims, in bytes
   */
  constructor(byteLength: number) {
    this.byteLength = byteLength;
  }
}

/** Memory a caller hands to a system call. */
export type UserBuffer = Uint8Array | UnmappedBuffer;

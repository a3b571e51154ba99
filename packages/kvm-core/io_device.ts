/**
 * What sits on an I/O bus.
 *
 * @module
 */

/** "Not mine, ask the next": what a device answers to an access that it does not claim. */
export const EOPNOTSUPP: number = -95;

/**
 * A device on an I/O bus. A u64 is two words, low first; words may be signed or unsigned.
 *
 * @example A device that claims one port
 * ```ts
 * import { EOPNOTSUPP, type IoDevice } from "@ioeventfd/kvm-core";
 *
 * const debugPort: IoDevice = { write: (lo) => (lo === 0xe9 ? 0 : EOPNOTSUPP) };
 * if (debugPort.write(0xe9, 0, 1, 0x41, 0) !== 0) throw new Error("claimed");
 * ```
 */
export interface IoDevice {
  /**
   * A write by the guest.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes, 0 to 8
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @returns 0 when claimed, else {@linkcode EOPNOTSUPP}
   */
  write(lo: number, hi: number, len: number, vlo: number, vhi: number): number;
  /**
   * A read by the guest; a device without it passes every read on.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes, 1 to 8
   * @param out Where the answer goes, `len` bytes from 0; what the device leaves out stays as it was
   * @returns 0 when claimed, else {@linkcode EOPNOTSUPP}
   */
  read?(lo: number, hi: number, len: number, out: Uint8Array): number;
  /**
   * Whether a write would be claimed, without doing it. A device without it is taken to claim what its range contains.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len Bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @returns Whether `write` would answer 0
   */
  wouldWrite?(lo: number, hi: number, len: number, vlo: number, vhi: number): boolean;
  /** Its destructor, called once by whoever takes it off the bus for good. */
  destroy?(): void;
  /** What it is, for people. */
  readonly label?: string;
}

/** One element of a bus array. */
export interface BusEntry {
  /** First address, low word (u32). */
  readonly lo: number;
  /** First address, high word (u32). */
  readonly hi: number;
  /** Bytes: the kernel's `int`, so a zone of 2 GiB or more is negative. */
  readonly len: number;
  /** Who answers. */
  readonly device: IoDevice;
}

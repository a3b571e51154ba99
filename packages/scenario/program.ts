/**
 * Programs of a guest.
 *
 * @module
 */
import type { GuestMode } from "./guest_mode.ts";

/** Machine code. */
export type Program = Uint8Array | readonly number[];

/**
 * The bytes of a program.
 *
 * @param program Bytes
 * @param _mode Mode of the vCPU
 * @param _at Address of the first byte
 */
export function machineCode(program: Program, _mode: GuestMode, _at: number): Uint8Array {
  return program instanceof Uint8Array ? program : Uint8Array.from(program);
}

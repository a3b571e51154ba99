/**
 * Programs of a guest.
 *
 * @module
 */
import { assemble, type Assembler } from "@ioeventfd/vmx-sim";
import type { GuestMode } from "./guest_mode.ts";

/** Machine code: bytes, or what the assembler makes of calls in the mode of the vCPU. */
export type Program = Uint8Array | readonly number[] | ((a: Assembler) => void);

/**
 * The bytes of a program.
 *
 * @param program Bytes or assembler calls
 * @param mode Mode of the vCPU
 * @param at Address of the first byte
 * @throws {TypeError} for what the assembler cannot encode, and for a label that is never bound
 *
 * @example
 * ```ts
 * import { machineCode } from "@ioeventfd/scenario";
 *
 * const code = machineCode((a) => {
 *   a.mov(a.dx, 0xc010);
 *   a.out(a.dx, a.ax);
 *   a.hlt();
 * }, "prot64", 0x1000);
 * if (code.at(-1) !== 0xf4) throw new Error("it ends with HLT");
 * ```
 */
export function machineCode(program: Program, mode: GuestMode, at: number): Uint8Array {
  if (program instanceof Uint8Array) return program;
  if (typeof program !== "function") return Uint8Array.from(program);
  return assemble({ mode: mode === "real16" ? "real" : mode, origin: at }, program);
}

/**
 * Programs of one access each, in the mode of the vCPU.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { Assembler, Register } from "@ioeventfd/vmx-sim";
import type { GuestMode } from "./guest_mode.ts";

/** One access of a guest. */
export interface GuestAccess {
  /** Guest physical address or port; in `real16` memory is reached from DS on. */
  readonly addr: bigint;
  /** Bytes: 1, 2, 4, and for memory in `prot64` 8. */
  readonly len: number;
  /** What is written; undefined for a read, which leaves its answer in RAX. */
  readonly value?: bigint;
}

/**
 * A load or store.
 *
 * @param access What to do
 * @param mode Mode of the vCPU
 * @param dsBase Where DS lies, in `real16`
 * @throws {RangeError} for a length or an address that the mode does not reach
 */
export function memoryProgram(
  { addr, len, value }: GuestAccess,
  mode: GuestMode,
  dsBase: bigint,
): (a: Assembler) => void {
  const offset = addr - dsBase;
  const reach = mode === "real16" ? 0x1_0000n : 0x1_0000_0000n;
  if (offset < 0n || offset + BigInt(len) > reach) {
    throw new RangeError(`A ${mode} guest does not reach ${hex(addr)}`);
  }
  if (len > 4 && mode !== "prot64") throw new RangeError(`A ${mode} guest has no ${len} bytes`);
  return (a) => {
    const at = mode === "real16" ? a.bx : a.edi;
    const data = accumulator(a, len);
    a.mov(at, offset);
    if (value === undefined) a.mov(data, a.ptr(at));
    else {
      a.mov(data, value);
      a.mov(a.ptr(at), data);
    }
    a.hlt();
  };
}

/**
 * An IN or OUT.
 *
 * @param access What to do
 * @throws {RangeError} for a length or a port that there is not
 */
export function portProgram({ addr, len, value }: GuestAccess): (a: Assembler) => void {
  if (len > 4) throw new RangeError(`No port access has ${len} bytes`);
  if (addr < 0n || addr > 0xffffn) throw new RangeError(`No guest reaches port ${hex(addr)}`);
  return (a) => {
    const data = accumulator(a, len);
    a.mov(a.dx, addr);
    if (value === undefined) a.in(data, a.dx);
    else {
      a.mov(data, value);
      a.out(a.dx, data);
    }
    a.hlt();
  };
}

function accumulator(a: Assembler, len: number): Register {
  if (len === 1) return a.al;
  if (len === 2) return a.ax;
  if (len === 4) return a.eax;
  if (len === 8) return a.rax;
  throw new RangeError(`An access has 1, 2, 4 or 8 bytes, not ${len}`);
}

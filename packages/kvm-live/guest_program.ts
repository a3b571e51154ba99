/**
 * A program for the guest that is kept for stores: the door for guests that measure themselves.
 *
 * @module
 */
import type { Regs, VcpuExit } from "@ioeventfd/uapi";

/** 64-bit code at privilege level 0, every guest physical address mapped at itself, interrupts off. */
export interface GuestProgram {
  /** Machine code, at most 0xf80 bytes, position independent; it ends where the bytes end. */
  readonly code: Uint8Array;
  /** Registers at its start; RIP and RFLAGS are set, RSP is at the top of a page of its own, the others are 0. */
  readonly regs?: Partial<Omit<Regs, "rip" | "rflags">>;
  /** Guest physical addresses that it touches; each maps the 1 GiB around it. */
  readonly touches?: readonly bigint[];
  /** Called for every access that came to userspace; a read gets the `data` as it is left. */
  readonly onExit?: (exit: VcpuExit) => void;
  /** Limit of each `KVM_RUN` in milliseconds, 2000 when not given. */
  readonly timeoutMs?: number;
}

/** What a program left behind. */
export interface GuestResult {
  /** Registers at its end. */
  readonly regs: Regs;
  /** Accesses that came to userspace. */
  readonly exits: number;
}

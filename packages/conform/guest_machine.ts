/**
 * The machine that guest vectors run on, as the vectors' README describes it: a scenario's, with operands in MMIO space.
 *
 * @module
 */
import {
  fillTables,
  guestLayout as scenarioLayout,
  startRegs,
  startSregs,
} from "@ioeventfd/scenario";
import type { GuestMode } from "@ioeventfd/scenario";
import type { Regs, Sregs } from "@ioeventfd/uapi";
import type { GuestSetup } from "./vector.ts";

/** Guest physical addresses of what a vector's guest is made of. */
export interface GuestLayout {
  /** The first instruction. */
  readonly code: number;
  /** A HLT for each exception vector. */
  readonly handlers: number;
  /** Task state segment. */
  readonly tss: number;
  /** Global descriptor table. */
  readonly gdt: number;
  /** Interrupt descriptor table. */
  readonly idt: number;
  /** First address above the stack. */
  readonly stackTop: number;
  /** Page tables, of the root first. */
  readonly pageTables: number;
  /** Bytes of RAM from 0. */
  readonly ramSize: number;
  /** What the vector gives as data. */
  readonly scratch: number;
  /** First address that no memory backs, where operands are. */
  readonly mmio: number;
}

/** Where things are in guest memory. */
export const guestLayout: GuestLayout = {
  ...scenarioLayout,
  ramSize: 0x20_0000,
  scratch: 0xa000,
  mmio: 0xd000_0000,
};

const modes: Readonly<Record<GuestSetup["mode"], GuestMode>> = {
  real16: "real16",
  long0: "prot64",
};

/**
 * Fills guest memory for a vector: code, scratch, halting handlers, and tables where the mode has them.
 *
 * @param vector Code, scratch and mode
 * @param ram 2 MiB of zeroes from GPA 0
 */
export function fillGuestMemory(vector: GuestSetup, ram: Uint8Array): void {
  fillTables(modes[vector.mode], ram);
  ram.set(vector.code, guestLayout.code);
  ram.set(vector.scratch, guestLayout.scratch);
}

/** General registers at the start. */
export function initialRegs(): Regs {
  return startRegs();
}

/**
 * Special registers at the start.
 *
 * @param vector Mode, and where ES lies
 * @param sregs Those of a new vCPU, whose other fields stay
 * @returns What to set
 */
export function initialSregs(vector: GuestSetup, sregs: Sregs): Sregs {
  const mode = modes[vector.mode];
  if (mode !== "real16") return startSregs(mode, sregs);
  const mmio = BigInt(guestLayout.mmio);
  return startSregs(mode, sregs, { ds: mmio, es: vector.esIsMmio ? mmio : 0n });
}

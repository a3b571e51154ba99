/**
 * What a kernel does, one case each: written once, with the backend as its argument, and played on the model and on a
 * live kernel.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type GuestExit, type GuestSetup, playGuest } from "@ioeventfd/conform";
import type { KvmBackend, Registration, Regs } from "@ioeventfd/uapi";
import { assemble, type Assembler, type Register } from "@ioeventfd/vmx-sim";
import { Rig } from "./rig.ts";

/** One case. */
export interface Case {
  /** Unique, and what is claimed. */
  readonly name: string;
  /** A guest's own code runs, so the backend needs a CPU. */
  readonly cpu: boolean;
  /** Plays it and asserts. */
  play(backend: KvmBackend): void;
}

/** A case of calls and single guest writes. */
export function callCase(name: string, play: (rig: Rig) => void): Case {
  return { name, cpu: false, play: (backend) => onRig(backend, play) };
}

/** A case with a vCPU of its own beside single writes, such as one that reads a port. */
export function cpuCase(name: string, play: (rig: Rig) => void): Case {
  return { name, cpu: true, play: (backend) => onRig(backend, play) };
}

function onRig(backend: KvmBackend, play: (rig: Rig) => void): void {
  using system = backend.open();
  play(new Rig(system));
}

/** A guest and what becomes of it. */
export interface GuestExpectation {
  /** CPU mode; both, one after the other, where absent. */
  readonly mode?: GuestSetup["mode"];
  /** What it does, without the HLT at the end. */
  program(a: Assembler, to: Addresses): void;
  /** Bytes at 0xa000. */
  readonly scratch?: readonly number[];
  /** Made in order, each with an eventfd of its own. */
  readonly registrations?: readonly Registration[];
  /** Where the answers to reads count from, minus 0xd0000000; 0x40 where absent. */
  readonly operand?: number;
  /** Counter of each eventfd at the end. */
  readonly counters: readonly bigint[];
  /** Exits to userspace in order; none where absent. */
  readonly exits?: readonly GuestExit[];
  /** How it ends: `hlt` where absent. */
  readonly end?: string;
  /** Exception taken. */
  readonly fault?: number;
  /** Registers at the end, as far as they matter. */
  readonly regs?: Partial<Regs>;
}

/** How a program of either mode names what it uses: DS and ES begin at `MMIO` in real mode, at 0 in 64-bit mode. */
export interface Addresses {
  /** 64-bit mode. */
  readonly long: boolean;
  /** A register of the mode's own width: `bx` is BX or RBX. */
  r(name: "ax" | "bx" | "cx" | "dx" | "si" | "di" | "bp" | "sp"): Register;
  /** Points BX or RBX at `offset` from `MMIO`. */
  base(offset: number): Register;
  /** `offset` from `MMIO` as the mode addresses it. */
  at(offset: number): bigint;
}

/** First address that no memory backs. */
export const MMIO = 0xd000_0000;
/** Where `scratch` is put. */
export const SCRATCH = 0xa000;

/** A case of machine code, in real mode and in 64-bit mode unless it says which. */
export function guestCase(name: string, expected: GuestExpectation): Case {
  const modes = expected.mode === undefined ? ["real16", "long0"] as const : [expected.mode];
  return {
    name,
    cpu: true,
    play: (backend) => {
      for (const mode of modes) playOne(backend, mode, expected);
    },
  };
}

function playOne(backend: KvmBackend, mode: GuestSetup["mode"], expected: GuestExpectation): void {
  const long = mode === "long0";
  const code = assemble({ mode: long ? "prot64" : "real", origin: 0x1000 }, (a) => {
    expected.program(a, addresses(a, long));
    a.hlt();
  });
  const played = playGuest(backend, {
    mode,
    insn: "",
    tag: "",
    code,
    esIsMmio: true,
    scratch: Uint8Array.from(expected.scratch ?? []),
    mmioOffset: expected.operand ?? 0x40,
    registrations: expected.registrations ?? [],
  });
  if (played === null) throw new TypeError("This backend has no CPU");
  const { registrations, exits, end, fault, counters, regs } = played;
  assertEquals(registrations.filter(({ errno }) => errno !== null), [], `${mode} registrations`);
  assertEquals({ end, fault, exits, counters }, {
    end: expected.end ?? "hlt",
    fault: expected.fault ?? null,
    exits: expected.exits ?? [],
    counters: expected.counters,
  }, mode);
  for (const [key, value] of Object.entries(expected.regs ?? {})) {
    assertEquals(regs[key as keyof Regs], value, `${mode} ${key}`);
  }
}

function addresses(a: Assembler, long: boolean): Addresses {
  const r: Addresses["r"] = (name) => long ? a[`r${name}`] : a[name];
  const at = (offset: number): bigint => BigInt(long ? MMIO + offset : offset);
  const base = (offset: number): Register => {
    a.mov(r("bx"), at(offset));
    return r("bx");
  };
  return { long, r, base, at };
}

const PIO = 2, DATAMATCH = 1;

/** A doorbell in memory at `offset` from `MMIO`. */
export function mmio(offset: number, len: number, datamatch?: bigint): Registration {
  return doorbell(BigInt(MMIO + offset), len, 0, datamatch);
}

/** A doorbell at a port. */
export function pio(port: number, len: number, datamatch?: bigint): Registration {
  return doorbell(BigInt(port), len, PIO, datamatch);
}

function doorbell(addr: bigint, len: number, bus: number, datamatch?: bigint): Registration {
  const flags = bus | (datamatch === undefined ? 0 : DATAMATCH);
  return { addr, len, flags, datamatch: datamatch ?? 0n };
}

/** An exit with a store: its bytes in the order of addresses, in hex. */
export function stored(offset: number, data: string): GuestExit {
  const addr = BigInt(MMIO + offset);
  return { reason: "mmio", addr, len: data.length / 2, write: true, data };
}

/** An exit for a load, answered with the bytes of 0x1122334455667788. */
export function loaded(offset: number, len: number): GuestExit {
  return { reason: "mmio", addr: BigInt(MMIO + offset), len, write: false, data: null };
}

/** An exit with an OUT. */
export function wrote(port: number, data: string): GuestExit {
  return { reason: "io", port, size: data.length / 2, count: 1, write: true, data };
}

/** An exit for an IN. */
export function asked(port: number, size: number, count = 1): GuestExit {
  return { reason: "io", port, size, count, write: false, data: null };
}

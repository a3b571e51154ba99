/**
 * The modes a scenario's guest starts in, and the memory and registers each needs.
 *
 * @module
 */
import { flatSegment, longModeSregs, type Regs, type Sregs, zeroRegs } from "@ioeventfd/uapi";

/**
 * `real16`: real mode, DS at 0; `prot32`: flat protected mode without paging; `prot64`: 64-bit CPL 0, the first 4 GiB
 * mapped one to one with 2 MiB pages.
 */
export type GuestMode = "real16" | "prot32" | "prot64";

/** Where things are in the guest's RAM; 0x2000…0x4fff, 0x9000…0xafff and 0xc000…0x1ffff are free. */
export const guestLayout = {
  code: 0x1000,
  handlers: 0x5000,
  tss: 0x6000,
  gdt: 0x7000,
  idt: 0x8000,
  stackTop: 0xbf00,
  pageTables: 0x2_0000,
  /** Smallest RAM at GPA 0 that holds all of it. */
  ramSize: 0x3_0000,
} as const;

const HLT = 0xf4;
const codeSelector = 0x08, dataSelector = 0x10, taskSelector = 0x18;
const vectors = 256;

/**
 * Puts the tables of a mode into RAM: interrupt vectors that halt, descriptors and page tables.
 *
 * @param mode Mode the guest starts in
 * @param ram RAM at GPA 0, at least `guestLayout.ramSize` bytes
 */
export function fillTables(mode: GuestMode, ram: Uint8Array): void {
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  ram.fill(HLT, guestLayout.handlers, guestLayout.handlers + vectors);
  if (mode === "real16") fillRealVectors(view);
  else fillDescriptors(view, mode);
  if (mode === "prot64") fillPageTables(view);
}

/**
 * General registers at the start: RIP on the code, RSP on the stack, all else 0.
 *
 * @param stackTop First address above the stack
 * @param code Address of the first instruction
 */
export function startRegs(
  stackTop: number = guestLayout.stackTop,
  code: number = guestLayout.code,
): Regs {
  return zeroRegs({ rsp: BigInt(stackTop), rip: BigInt(code) });
}

/** Where data segments of a real-mode guest lie, beyond the first megabyte if need be; 0 where absent. */
export interface SegmentBases {
  /** Linear address of DS:0. */
  readonly ds?: bigint;
  /** Linear address of ES:0. */
  readonly es?: bigint;
}

/**
 * Special registers at the start.
 *
 * @param mode Mode the guest starts in
 * @param sregs Those of a new vCPU; fields that no mode touches stay
 * @param bases Of DS and ES in `real16`; the other modes are flat
 * @throws {TypeError} for bases in another mode
 */
export function startSregs(mode: GuestMode, sregs: Sregs, bases: SegmentBases = {}): Sregs {
  if (mode === "real16") return realSregs(sregs, bases);
  if ((bases.ds ?? bases.es) !== undefined) throw new TypeError(`Segments of ${mode} are flat`);
  return protectedSregs(mode, sregs);
}

function realSregs(sregs: Sregs, bases: SegmentBases): Sregs {
  const data = flatSegment({ limit: 0xffff, selector: 0, db: 0, g: 0 });
  return {
    ...sregs,
    cs: { ...data, type: 11 },
    ss: data,
    ds: { ...data, base: bases.ds ?? 0n },
    es: { ...data, base: bases.es ?? 0n },
    fs: data,
    gs: data,
    idt: { base: 0n, limit: 0x3ff },
    cr0: 0x6000_0010n,
    cr4: 0x600n,
    efer: 0n,
  };
}

function protectedSregs(mode: GuestMode, sregs: Sregs): Sregs {
  const long = mode === "prot64";
  const task = { base: BigInt(guestLayout.tss), limit: 0x67, selector: taskSelector };
  return {
    ...(long ? longModeSregs(sregs, BigInt(guestLayout.pageTables)) : flatSregs(sregs)),
    tr: flatSegment({ ...task, type: 11, s: 0, db: 0, g: 0 }),
    gdt: { base: BigInt(guestLayout.gdt), limit: 5 * 8 - 1 },
    idt: { base: BigInt(guestLayout.idt), limit: vectors * (long ? 16 : 8) - 1 },
  };
}

function flatSregs(sregs: Sregs): Sregs {
  const data = flatSegment();
  return {
    ...sregs,
    cs: flatSegment({ selector: codeSelector, type: 11 }),
    ss: data,
    ds: data,
    es: data,
    fs: data,
    gs: data,
    cr0: 0x0005_0033n,
    cr3: 0n,
    cr4: 0x600n,
    efer: 0n,
  };
}

function fillRealVectors(view: DataView): void {
  for (let i = 0; i < vectors; i++) view.setUint32(i * 4, guestLayout.handlers + i, true);
}

function fillDescriptors(view: DataView, mode: "prot32" | "prot64"): void {
  const { gdt, tss, idt, handlers } = guestLayout;
  const long = mode === "prot64";
  const codeDescriptor = long ? 0x00af_9b00_0000_ffffn : 0x00cf_9b00_0000_ffffn;
  view.setBigUint64(gdt + codeSelector, codeDescriptor, true);
  view.setBigUint64(gdt + dataSelector, 0x00cf_9300_0000_ffffn, true);
  view.setBigUint64(gdt + taskSelector, 0x0000_8b00_0000_0067n | (BigInt(tss) << 16n), true);
  for (let i = 0; i < vectors; i++) {
    const gate = BigInt(handlers + i) | (BigInt(codeSelector) << 16n) | (0x8e00n << 32n);
    view.setBigUint64(idt + i * (long ? 16 : 8), gate, true);
  }
}

function fillPageTables(view: DataView): void {
  const top = guestLayout.pageTables, pointers = top + 0x1000, directories = top + 0x2000;
  const table = 0x3n, largePage = 0x83n;
  view.setBigUint64(top, BigInt(pointers) | table, true);
  for (let i = 0; i < 4; i++) {
    view.setBigUint64(pointers + i * 8, BigInt(directories + i * 0x1000) | table, true);
  }
  for (let i = 0; i < 4 * 512; i++) {
    view.setBigUint64(directories + i * 8, (BigInt(i) << 21n) | largePage, true);
  }
}

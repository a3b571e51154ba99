/**
 * The machine that guest vectors run on, as the vectors' README describes it.
 *
 * @module
 */
import type { Regs, Segment, Sregs } from "@ioeventfd/uapi";
import type { GuestVector } from "./vector.ts";

/** Where things are in guest memory. */
export const guestLayout = {
  /** RAM from 0. */
  ramSize: 0x20_0000,
  code: 0x1000,
  handlers: 0x5000,
  tss: 0x6000,
  gdt: 0x7000,
  idt: 0x8000,
  scratch: 0xa000,
  stackTop: 0xbf00,
  pml4: 0x2_0000,
  /** First address that no memory backs, where operands are. */
  mmio: 0xd000_0000,
} as const;

const HLT = 0xf4;
const codeSelector = 0x08, dataSelector = 0x10, taskSelector = 0x18;
const vectors = 256;

/**
 * Fills guest memory for a vector: code, scratch, halting handlers, and tables where the mode has them.
 *
 * @param vector Code, scratch and mode
 * @param ram 2 MiB of zeroes from GPA 0
 */
export function fillGuestMemory(vector: GuestVector, ram: Uint8Array): void {
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  if (vector.mode === "real16") fillRealVectors(view);
  else fillLongTables(view);
  ram.fill(HLT, guestLayout.handlers, guestLayout.handlers + vectors);
  ram.set(vector.code, guestLayout.code);
  ram.set(vector.scratch, guestLayout.scratch);
}

/** General registers at the start. */
export function initialRegs(regs: Regs): Regs {
  const zeroes = Object.fromEntries(Object.keys(regs).map((name) => [name, 0n]));
  return {
    ...(zeroes as unknown as Regs),
    rip: BigInt(guestLayout.code),
    rsp: BigInt(guestLayout.stackTop),
    rflags: 2n,
  };
}

/**
 * Special registers at the start.
 *
 * @param vector Mode, and where ES lies
 * @param sregs Those of a new vCPU, whose other fields stay
 * @returns What to set
 */
export function initialSregs(vector: GuestVector, sregs: Sregs): Sregs {
  return vector.mode === "real16" ? realSregs(vector, sregs) : longSregs(sregs);
}

function realSregs(vector: GuestVector, sregs: Sregs): Sregs {
  const mmio = BigInt(guestLayout.mmio);
  const flat = segment({ limit: 0xffff, type: 3 });
  return {
    ...sregs,
    cs: { ...flat, type: 11 },
    ss: flat,
    ds: { ...flat, base: mmio },
    es: { ...flat, base: vector.esIsMmio ? mmio : 0n },
    fs: flat,
    gs: flat,
    idt: { base: 0n, limit: 0x3ff },
    cr0: 0x6000_0010n,
    cr4: 0x600n,
    efer: 0n,
  };
}

function longSregs(sregs: Sregs): Sregs {
  const data = segment({ limit: 0xffff_ffff, selector: dataSelector, type: 3, db: 1, g: 1 });
  return {
    ...sregs,
    cs: { ...data, selector: codeSelector, type: 11, db: 0, l: 1 },
    ss: data,
    ds: data,
    es: data,
    fs: data,
    gs: data,
    tr: segment({
      base: BigInt(guestLayout.tss),
      limit: 0x67,
      selector: taskSelector,
      type: 11,
      s: 0,
    }),
    gdt: { base: BigInt(guestLayout.gdt), limit: 5 * 8 - 1 },
    idt: { base: BigInt(guestLayout.idt), limit: vectors * 16 - 1 },
    cr0: 0x8005_0033n,
    cr3: BigInt(guestLayout.pml4),
    cr4: 0x620n,
    efer: 0x500n,
  };
}

function segment(fields: Partial<Segment>): Segment {
  return {
    base: 0n,
    limit: 0,
    selector: 0,
    type: 0,
    present: 1,
    dpl: 0,
    db: 0,
    s: 1,
    l: 0,
    g: 0,
    avl: 0,
    unusable: 0,
    ...fields,
  };
}

/** The interrupt vector table: vector i at 0000:5000+i. */
function fillRealVectors(view: DataView): void {
  for (let i = 0; i < vectors; i++) view.setUint32(i * 4, guestLayout.handlers + i, true);
}

/** Page tables of 2 MiB pages for the first 4 GiB, GDT, TSS and IDT. */
function fillLongTables(view: DataView): void {
  const { pml4, gdt, tss, idt, handlers } = guestLayout;
  const pdpt = pml4 + 0x1000, directories = pml4 + 0x2000;
  const table = 0x3n, largePage = 0x83n;
  view.setBigUint64(pml4, BigInt(pdpt) | table, true);
  for (let i = 0; i < 4; i++) {
    view.setBigUint64(pdpt + i * 8, BigInt(directories + i * 0x1000) | table, true);
  }
  for (let i = 0; i < 4 * 512; i++) {
    view.setBigUint64(directories + i * 8, (BigInt(i) << 21n) | largePage, true);
  }
  view.setBigUint64(gdt + codeSelector, 0x00af_9b00_0000_ffffn, true);
  view.setBigUint64(gdt + dataSelector, 0x00cf_9300_0000_ffffn, true);
  view.setBigUint64(gdt + taskSelector, 0x0000_8b00_0000_0067n | (BigInt(tss) << 16n), true);
  for (let i = 0; i < vectors; i++) {
    const present = 0x8e00n << 32n;
    const gate = BigInt(handlers + i) | (BigInt(codeSelector) << 16n) | present;
    view.setBigUint64(idt + i * 16, gate, true);
  }
}

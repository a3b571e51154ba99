import { assertEquals } from "@std/assert";
import { createCpuState } from "../isa/cpu_state.ts";
import type { CpuState } from "../isa/contract.ts";
import type { EntryPort, WalkResult } from "./guest_page_walker.ts";
import {
  ACCESS_FETCH,
  ACCESS_USER,
  ACCESS_WRITE,
  GuestPageWalker,
  WALK_FAULT,
  WALKED,
} from "./guest_page_walker.ts";

/** Page tables in a map from address to entry. */
class Tables implements EntryPort {
  entryLo = 0;
  entryHi = 0;
  reads = 0;
  readonly entries = new Map<number, bigint>();

  readEntry(lo: number, hi: number, size: number): WalkResult {
    this.reads++;
    const entry = this.entries.get((hi >>> 0) * 2 ** 32 + (lo >>> 0)) ?? 0n;
    this.entryLo = Number(BigInt.asIntN(32, entry));
    this.entryHi = size === 8 ? Number(BigInt.asIntN(32, entry >> 32n)) : 0;
    return WALKED;
  }

  markEntry(lo: number, hi: number, bits: number): WalkResult {
    const at = (hi >>> 0) * 2 ** 32 + (lo >>> 0);
    this.entries.set(at, (this.entries.get(at) ?? 0n) | BigInt(bits));
    return WALKED;
  }
}

function cpuWith(mode: "long4" | "long5" | "pae" | "32" | "off"): CpuState {
  const cpu = createCpuState();
  cpu.cr0 = mode === "off" ? 0x11 : 0x8001_0011 | 0;
  cpu.cr3 = 0x1000;
  cpu.cr4 = { long4: 0x20, long5: 0x1020, pae: 0x20, "32": 0x10, off: 0 }[mode];
  cpu.efer = mode.startsWith("long") ? 0xd00 : 0;
  return cpu;
}

function gpa(walker: GuestPageWalker): number {
  return (walker.gpaHi >>> 0) * 2 ** 32 + (walker.gpaLo >>> 0);
}

Deno.test("GuestPageWalker.walk() reads four levels of 4 KiB pages and sets accessed and dirty", () => {
  const tables = new Tables();
  // Linear 0xffff_8080_c060_5123: indexes 257, 3, 3, 5
  tables.entries.set(0x1000 + 257 * 8, 0x2003n);
  tables.entries.set(0x2000 + 3 * 8, 0x3003n);
  tables.entries.set(0x3000 + 3 * 8, 0x4003n);
  tables.entries.set(0x4000 + 5 * 8, 0x12_3456_7003n);
  const walker = new GuestPageWalker();
  const cpu = cpuWith("long4");
  const lo = 0xc060_5123 | 0;
  const hi = 0xffff_8080 | 0;
  assertEquals(walker.walk(cpu, tables, lo, hi, 0), WALKED);
  assertEquals(gpa(walker), 0x12_3456_7123);
  assertEquals(tables.reads, 4);
  assertEquals(walker.dirty, false);
  assertEquals([...tables.entries.values()].map((e) => e & 0x60n), [0x20n, 0x20n, 0x20n, 0x20n]);
  assertEquals(walker.walk(cpu, tables, lo, hi, ACCESS_WRITE), WALKED);
  assertEquals(walker.dirty, true);
  assertEquals(tables.entries.get(0x4028), 0x12_3456_7063n);
  assertEquals(tables.entries.get(0x3018), 0x4023n);
});

Deno.test("GuestPageWalker.walk() reads five levels when CR4.LA57 is set", () => {
  const tables = new Tables();
  tables.entries.set(0x1000 + 1 * 8, 0x2003n);
  tables.entries.set(0x2000, 0x3003n);
  tables.entries.set(0x3000, 0x4003n);
  tables.entries.set(0x4000, 0x5003n);
  tables.entries.set(0x5000, 0x6003n);
  const walker = new GuestPageWalker();
  assertEquals(walker.walk(cpuWith("long5"), tables, 0x10, 0x1_0000, 0), WALKED);
  assertEquals([gpa(walker), tables.reads], [0x6010, 5]);
});

const large = [
  ["2 MiB", 3, { 0x1000: 0x2003n, 0x2000: 0x3003n, 0x3008: 0x4000_00e3n }, 21, 0x4000_5123],
  ["1 GiB", 2, { 0x1000: 0x2003n, 0x2000: 0x8000_00e3n }, 30, 0x8020_5123],
] as const;
for (const [name, reads, entries, shift, expected] of large) {
  Deno.test(`GuestPageWalker.walk() stops at a ${name} page`, () => {
    const tables = new Tables();
    for (const [at, entry] of Object.entries(entries)) tables.entries.set(Number(at), entry);
    const walker = new GuestPageWalker();
    assertEquals(walker.walk(cpuWith("long4"), tables, 0x20_5123, 0, ACCESS_WRITE), WALKED);
    assertEquals([tables.reads, walker.pageShift, gpa(walker)], [reads, shift, expected]);
  });
}

Deno.test("GuestPageWalker.walk() takes the PDPTEs that loadPdptes() read", () => {
  const tables = new Tables();
  const cpu = cpuWith("pae");
  cpu.cr3 = 0x1020;
  tables.entries.set(0x1020 + 3 * 8, 0x2001n);
  tables.entries.set(0x2000 + 8, 0x3003n);
  tables.entries.set(0x3000 + 16, 0xf_0000_5003n);
  const walker = new GuestPageWalker();
  assertEquals(walker.loadPdptes(cpu.cr3, tables), WALKED);
  tables.entries.delete(0x1020 + 3 * 8);
  tables.reads = 0;
  assertEquals(walker.walk(cpu, tables, 0xc020_2044 | 0, 0, 0), WALKED);
  assertEquals([gpa(walker), tables.reads], [0xf_0000_5044, 2]);
  assertEquals(walker.walk(cpu, tables, 0x44, 0, 0), WALK_FAULT);
});

Deno.test("GuestPageWalker.loadPdptes() refuses reserved bits", () => {
  const tables = new Tables();
  tables.entries.set(0x1000, 0x2003n);
  assertEquals(new GuestPageWalker().loadPdptes(0x1000, tables), WALK_FAULT);
});

Deno.test("GuestPageWalker.walk() reads 32-bit tables, and 4 MiB pages with CR4.PSE alone", () => {
  const tables = new Tables();
  const cpu = cpuWith("32");
  tables.entries.set(0x1000 + 0x340 * 4, 0xd040_20e7n);
  tables.entries.set(0x1000 + 1 * 4, 0x2003n);
  tables.entries.set(0x2000 + 2 * 4, 0x7003n);
  const walker = new GuestPageWalker();
  assertEquals(walker.walk(cpu, tables, 0xd012_3456 | 0, 0, 0), WALKED);
  assertEquals([walker.pageShift, gpa(walker)], [22, 0x1_d052_3456]);
  assertEquals(walker.walk(cpu, tables, 0x40_2111, 0, 0), WALKED);
  assertEquals(gpa(walker), 0x7111);
  cpu.cr4 = 0;
  tables.entries.set(0xd040_2000 + 0x123 * 4, 0x9003n);
  assertEquals(walker.walk(cpu, tables, 0xd012_3456 | 0, 0, 0), WALKED);
  assertEquals(gpa(walker), 0x9456);
});

Deno.test("GuestPageWalker.walk() without paging leaves the address as it is", () => {
  const walker = new GuestPageWalker();
  const tables = new Tables();
  assertEquals(walker.walk(cpuWith("off"), tables, 0xd000_0040 | 0, 0, ACCESS_WRITE), WALKED);
  assertEquals([gpa(walker), tables.reads], [0xd000_0040, 0]);
});

type Case = [
  name: string,
  leaf: bigint,
  access: number,
  setup: (cpu: CpuState) => void,
  code: number,
];
const none = () => {};
const refusals: Case[] = [
  ["absent, read", 0n, 0, none, 0],
  ["absent, user write", 0n, ACCESS_WRITE | ACCESS_USER, none, 6],
  ["supervisor page, user read", 0x5003n, ACCESS_USER, none, 5],
  ["read-only page, supervisor write, CR0.WP", 0x5001n, ACCESS_WRITE, none, 3],
  ["no-execute page, fetch", 0x8000_0000_0000_5003n, ACCESS_FETCH, none, 17],
  ["no-execute bit without EFER.NXE", 0x8000_0000_0000_5003n, 0, (cpu) => cpu.efer = 0x500, 9],
  ["user page, supervisor fetch, SMEP", 0x5007n, ACCESS_FETCH, (cpu) => cpu.cr4 |= 0x10_0000, 17],
  ["user page, supervisor read, SMAP", 0x5007n, 0, (cpu) => cpu.cr4 |= 0x20_0000, 1],
  ["address above MAXPHYADDR", 0x8_0000_0000_5003n, ACCESS_WRITE, none, 11],
];
for (const [name, leaf, access, setup, code] of refusals) {
  Deno.test(`GuestPageWalker.walk() faults with error code ${code}: ${name}`, () => {
    const tables = new Tables();
    tables.entries.set(0x1000, 0x2007n).set(0x2000, 0x3007n).set(0x3000, 0x4007n);
    tables.entries.set(0x4000, leaf);
    const cpu = cpuWith("long4");
    setup(cpu);
    const walker = new GuestPageWalker();
    assertEquals(walker.walk(cpu, tables, 0x123, 0, access), WALK_FAULT);
    assertEquals(walker.errorCode, code);
    assertEquals(tables.entries.get(0x1000), 0x2007n);
  });
}

Deno.test("GuestPageWalker.walk() lets a supervisor write to a read-only page without CR0.WP", () => {
  const tables = new Tables();
  tables.entries.set(0x1000, 0x2003n).set(0x2000, 0x3003n).set(0x3000, 0x4003n);
  tables.entries.set(0x4000, 0x5001n);
  const cpu = cpuWith("long4");
  cpu.cr0 = 0x8000_0011 | 0;
  assertEquals(new GuestPageWalker().walk(cpu, tables, 0, 0, ACCESS_WRITE), WALKED);
});

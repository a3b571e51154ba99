import { assertEquals } from "@std/assert";
import { LocalApic } from "./local_apic.ts";

const BASE = 0xfee0_0000 | 0;

/** What a read leaves in a buffer of 0xaa; `null` when it leaves the buffer alone. */
function read(lapic: LocalApic, offset: number, len = 4): number | null {
  const out = new Uint8Array(8).fill(0xaa);
  lapic.read(BASE + offset, len, out, 0);
  const view = new DataView(out.buffer);
  if (len === 8) return out.every((byte) => byte === 0xaa) ? null : view.getUint32(0, true);
  const value = len === 4 ? view.getUint32(0, true) : len === 2 ? view.getUint16(0, true) : out[0]!;
  return value === [0, 0xaa, 0xaaaa, 0, 0xaaaa_aaaa][len] ? null : value;
}

Deno.test("LocalApic.read() gives what reset leaves, and leaves the buffer alone where there is no register", () => {
  const lapic = new LocalApic(0, true);
  const absent = [0, 0x10, 0x40, 0x50, 0x60, 0x70, 0xb0, 0xc0, 0x290, 0x2f0, 0x3a0, 0x3f0, 0x400];
  for (const offset of absent) assertEquals(read(lapic, offset), null, offset.toString(16));
  const reset = [
    [0x20, 0],
    [0x30, 0x5_0014],
    [0x80, 0],
    [0xe0, 0xffff_ffff],
    [0xf0, 0xff],
    [0x100, 0],
    [0x280, 0],
    [0x300, 0],
    [0x320, 0x1_0000],
    [0x350, 0x700],
    [0x360, 0x1_0000],
    [0x390, 0],
    [0x3e0, 0],
  ] as const;
  for (const [offset, value] of reset) {
    assertEquals(read(lapic, offset), value, offset.toString(16));
  }
  assertEquals(read(new LocalApic(3, true), 0x20), 0x300_0000);
  assertEquals(read(new LocalApic(3, true), 0x350), 0x1_0000);
});

Deno.test("LocalApic.read() of a part of a register, and of what crosses its end", () => {
  const lapic = new LocalApic(0, true);
  assertEquals([0, 1, 2, 3].map((i) => read(lapic, 0x30 + i, 1)), [0x14, 0, 5, 0]);
  assertEquals([0, 2].map((i) => read(lapic, 0x30 + i, 2)), [0x14, 5]);
  for (const [i, len] of [[3, 2], [1, 4], [4, 1], [0xc, 4], [0, 8]] as const) {
    assertEquals(read(lapic, 0x30 + i, len), null, `${i} ${len}`);
  }
});

Deno.test("LocalApic.write() keeps of each register what it has", () => {
  const lapic = new LocalApic(0, true);
  // Seen so on Linux 6.18, LAPIC disabled by software: the local vectors stay masked.
  const kept = [
    [0x20, 0xff00_0000],
    [0x30, 0x5_0014],
    [0x80, 0xff],
    [0x90, 0],
    [0xd0, 0xff00_0000],
    [0xe0, 0xffff_ffff],
    [0x100, 0],
    [0x280, 0],
    [0x310, 0xff00_0000],
    [0x320, 0x7_10ff],
    [0x330, 0x1_17ff],
    [0x350, 0x1_f7ff],
    [0x370, 0x1_10ff],
    [0x3e0, 0xb],
  ] as const;
  for (const [offset, value] of kept) {
    lapic.write(BASE + offset, 4, -1);
    assertEquals(read(lapic, offset), value, offset.toString(16));
  }
  assertEquals(read(lapic, 0xa0), 0xff, "the processor's priority follows the task's");
  lapic.write(BASE + 0xf0, 4, 0x1ff);
  lapic.write(BASE + 0x350, 4, 0x30);
  assertEquals(read(lapic, 0x350), 0x30);
  lapic.write(BASE + 0xf0, 4, 0xff);
  assertEquals(read(lapic, 0x350), 0x1_0030);
  for (const [offset, len] of [[0x80, 1], [0x81, 4], [0x80, 8]] as const) {
    lapic.write(BASE + offset, len, 0);
    assertEquals(read(lapic, 0x80), 0xff);
  }
});

Deno.test("LocalApic.setBase() moves the page; without its enable bit, or in x2APIC mode, it is all ones", () => {
  const lapic = new LocalApic(0, true);
  lapic.setBase(0xd000_0800 | 0, 1);
  assertEquals([lapic.covers(0xd000_0fff | 0, 1), lapic.covers(0xd000_0000 | 0, 0)], [true, false]);
  for (const base of [0xfee0_0000 | 0, 0xfee0_0c00 | 0]) {
    lapic.setBase(base, 0);
    lapic.write(BASE + 0x80, 4, 0x55);
    assertEquals([read(lapic, 0x31), read(lapic, 0x80)], [0xffff_ffff, 0xffff_ffff]);
    assertEquals(lapic.passesExternal, true);
  }
});

Deno.test("LocalApic.covers() nothing when it is off up to 4.4, where x2APIC mode leaves the page as it is", () => {
  const lapic = new LocalApic(1, false);
  lapic.setBase(0xfee0_0000 | 0, 0);
  assertEquals([lapic.covers(BASE, 0), lapic.passesExternal], [false, true]);
  lapic.setBase(0xfee0_0c00 | 0, 0);
  assertEquals([lapic.covers(BASE, 0), read(lapic, 0x30)], [true, 0x5_0014]);
  const later = new LocalApic(1, true);
  later.setBase(0xfee0_0c00 | 0, 0);
  assertEquals([lapic.passesExternal, later.passesExternal], [false, false]);
});

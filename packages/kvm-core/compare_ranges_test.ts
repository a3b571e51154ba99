import { assertEquals } from "@std/assert";
import { kernelReleases, release } from "@ioeventfd/uapi";
import { compareRanges } from "./compare_ranges.ts";

const range = (lo: number, len: number, hi = 0) => ({ lo, hi, len });
const old = release("3.16").bus, now = release("6.19").bus;

Deno.test("compareRanges() is -1 for what starts below, 1 for what ends above, 0 for what is contained", () => {
  for (const { bus } of kernelReleases) {
    assertEquals(compareRanges(bus, range(0xfff, 1), range(0x1000, 4)), -1);
    assertEquals(compareRanges(bus, range(0xfff, 8), range(0x1000, 4)), -1);
    assertEquals(compareRanges(bus, range(0x1000, 8), range(0x1000, 4)), 1);
    assertEquals(compareRanges(bus, range(0x1003, 2), range(0x1000, 4)), 1);
    assertEquals(compareRanges(bus, range(0x1000, 4), range(0x1000, 4)), 0);
    assertEquals(compareRanges(bus, range(0x1002, 2), range(0x1000, 4)), 0);
    assertEquals(compareRanges(bus, range(0x1000, 0), range(0x1000, 0)), 0);
  }
});

Deno.test("compareRanges() finds a zero-length entry with a key of any length since 4.4 alone", () => {
  for (const len of [1, 2, 4, 8]) {
    assertEquals(compareRanges(old, range(0x1000, len), range(0x1000, 0)), 1);
    assertEquals(compareRanges(now, range(0x1000, len), range(0x1000, 0)), 0);
    assertEquals(compareRanges(now, range(0x1001, len), range(0x1000, 0)), 1);
  }
});

Deno.test("compareRanges() is not antisymmetric: a zone is below what lies in it, which is equal to it", () => {
  const zone = range(0xf00, 0x1000), inside = range(0x1000, 4);
  for (const { bus } of kernelReleases) {
    assertEquals(compareRanges(bus, zone, inside), -1);
    assertEquals(compareRanges(bus, inside, zone), 0);
  }
});

Deno.test("compareRanges() adds modulo 2^64, and takes a length above 2^31 as negative", () => {
  const top = range(0xfffffff8, 8, 0xffffffff);
  assertEquals(compareRanges(now, top, range(0, 4)), 0, "its end is 0, which is not above 4");
  assertEquals(compareRanges(now, range(0x1000, 4), range(0x1000, -1)), 1);
  assertEquals(compareRanges(now, range(0xfffffffe, 4), range(0xfffffffe, 2)), 1, "carry");
  assertEquals(compareRanges(now, range(0, 4, 1), range(0xfffffffc, 8, 0)), 0);
});

Deno.test("compareRanges() looks at all 64 bits, unsigned, of address and end", () => {
  assertEquals(compareRanges(now, range(0x1000, 4, 1), range(0x1000, 0, 0)), 1);
  assertEquals(compareRanges(now, range(0, 4, 0x8000_0000), range(0, 4, 1)), 1);
  assertEquals(compareRanges(now, range(0, 4, 1), range(0, 4, 0x8000_0000)), -1);
  const acrossHalf = range(0xffff_fffe, 8, 0x7fff_ffff);
  assertEquals(compareRanges(now, range(0xffff_fffe, 1, 0x7fff_ffff), acrossHalf), 0);
});

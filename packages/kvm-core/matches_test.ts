import { assertEquals } from "@std/assert";
import { matches } from "./matches.ts";

/** A registration with DATAMATCH. */
const rule = (len: number, datamatchLo: number, datamatchHi = 0) => ({
  len,
  wildcard: false,
  datamatchLo,
  datamatchHi,
});

Deno.test("matches() compares as many bytes as are written, and the value's other bytes do not count", () => {
  assertEquals(matches(rule(1, 0x78), 1, 0x1234_5678, -1), true);
  assertEquals(matches(rule(2, 0x5678), 2, 0x1234_5678, -1), true);
  assertEquals(matches(rule(4, 0x1234_5678), 4, 0x1234_5678, -1), true);
  assertEquals(matches(rule(8, 0x1234_5678, 9), 8, 0x1234_5678, 9), true);
  assertEquals(matches(rule(1, 0x79), 1, 0x1234_5678, 0), false);
  assertEquals(matches(rule(2, 0x5679), 2, 0x1234_5678, 0), false);
  assertEquals(matches(rule(4, 0x1234_5679), 4, 0x1234_5678, 0), false);
  assertEquals(matches(rule(8, 0x1234_5678, 8), 8, 0x1234_5678, 9), false);
  assertEquals(matches(rule(8, 0x1234_5679, 9), 8, 0x1234_5678, 9), false);
});

Deno.test("matches() never finds a value that is wider than its length", () => {
  assertEquals(matches(rule(1, 0x178), 1, 0x178, 0), false);
  assertEquals(matches(rule(2, 0x1_5678), 2, 0x1_5678, 0), false);
  for (const len of [1, 2, 4]) assertEquals(matches(rule(len, 0x78, 1), len, 0x78, 1), false);
});

Deno.test("matches() takes words signed or unsigned", () => {
  assertEquals(matches(rule(4, 0xffff_fff0), 4, -16, 0), true);
  assertEquals(matches(rule(4, -16), 4, 0xffff_fff0, 0), true);
  assertEquals(matches(rule(8, -16, 0xffff_ffff), 8, 0xffff_fff0, -1), true);
});

Deno.test("matches() asks a wildcard for the length alone, and zero length for nothing", () => {
  const wildcard = { ...rule(4, 0), wildcard: true };
  assertEquals([1, 2, 4, 8].filter((len) => matches(wildcard, len, 7, 0)), [4]);
  const any = { ...wildcard, len: 0 };
  assertEquals([1, 2, 3, 4, 8].filter((len) => matches(any, len, 7, 0)), [1, 2, 3, 4, 8]);
});

Deno.test("matches() never finds a value of a length that no registration has", () => {
  assertEquals(matches(rule(3, 7), 3, 7, 0), false);
});

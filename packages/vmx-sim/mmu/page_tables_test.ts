import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PageTables } from "./page_tables.ts";

const pageNumber = fc.integer({ min: 0, max: 2 ** 36 - 1 });

function wordsOf(page: number): [lo: number, hi: number] {
  return [(page % 0x10_0000) * 4096 | 0, Math.floor(page / 0x10_0000)];
}

Deno.test("PageTables.find() gives what set() put, and -1 or an empty leaf elsewhere", () => {
  fc.assert(fc.property(
    fc.uniqueArray(pageNumber, { minLength: 1, maxLength: 40 }),
    fc.constantFrom(4 as const, 5 as const),
    (pages, levels) => {
      const tables = new PageTables(levels, 7);
      pages.forEach((page, i) => tables.set(...wordsOf(page), i + 1, -i));
      pages.forEach((page, i) => {
        const at = tables.find(...wordsOf(page));
        assertEquals([tables.words[at], tables.words[at + 1]], [i + 1, -i | 0]);
        assertEquals(tables.entriesRead, levels);
      });
      const absent = [...Array(64).keys()].map((i) => i * 977).filter((p) => !pages.includes(p));
      for (const page of absent) {
        const at = tables.find(...wordsOf(page));
        assert(at === -1 || tables.words[at] === 0);
      }
    },
  ));
});

Deno.test("PageTables.zapRange() takes away exactly the range", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }),
    fc.integer({ min: 0, max: 3000 }),
    fc.integer({ min: 1, max: 1500 }),
    (pages, first, count) => {
      const tables = new PageTables(4, 7);
      for (const page of pages) tables.set(...wordsOf(page), page + 1, 0);
      tables.zapRange(first, count);
      const left: number[] = [];
      tables.forEachLeaf((_lo, _hi, entryLo) => left.push(entryLo - 1));
      assertEquals(
        left,
        pages.filter((p) => p < first || p >= first + count).sort((a, b) => a - b),
      );
    },
  ));
});

Deno.test("PageTables.zapRange() frees whole tables, which are used again", () => {
  const tables = new PageTables(4, 7);
  for (let page = 0; page < 1024; page++) tables.set(...wordsOf(page), 1, 0);
  assertEquals(tables.tableCount, 5);
  tables.zapRange(0, 1024);
  assertEquals(tables.tableCount, 3);
  tables.set(...wordsOf(5), 7, 0);
  assertEquals(tables.tableCount, 4);
  let leaves = 0;
  tables.forEachLeaf(() => leaves++);
  assertEquals(leaves, 1);
});

Deno.test("PageTables.forEachLeaf() tells the address", () => {
  const tables = new PageTables(5, 7);
  tables.set(0xfebf_b000 | 0, 0x0001_7fff, 0x11, 0x22);
  tables.forEachLeaf((lo, hi, entryLo, entryHi) => {
    assertEquals([lo >>> 0, hi, entryLo, entryHi], [0xfebf_b000, 0x0001_7fff, 0x11, 0x22]);
  });
});

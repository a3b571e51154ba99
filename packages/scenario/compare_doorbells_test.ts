import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { release } from "@ioeventfd/uapi";
import { publishedFigures } from "@ioeventfd/vmx-sim";
import { compareDoorbells, type ComparisonRow } from "./compare_doorbells.ts";

function row(rows: readonly ComparisonRow[], name: string): ComparisonRow {
  return rows.find((one) => one.name === name)!;
}

Deno.test("compareDoorbells() has the rows of kvm-unit-tests, then zero length and its rivals", () => {
  const { rows, firstTouch } = compareDoorbells({ iterations: 10 });
  const names = [
    "mmio-no-eventfd",
    "mmio-wildcard-eventfd",
    "mmio-datamatch-eventfd",
    "portio-no-eventfd",
    "portio-wildcard-eventfd",
    "portio-datamatch-eventfd",
    "mmio-zero-length-eventfd",
    "mmio-zero-length-slow",
    "mmio-four-lengths",
  ];
  assertEquals(rows.map(({ name }) => name), names);
  assertEquals(firstTouch.map(({ name }) => name), names);
  assertEquals(rows.map(({ signals }) => signals), [0, 1, 1, 0, 1, 1, 1, 1, 1]);
  assertEquals(rows.map(({ userspaceExits }) => userspaceExits), [1, 0, 0, 1, 0, 0, 0, 0, 0]);
  assertEquals(rows.map(({ hostNs }) => hostNs), names.map(() => null));
});

Deno.test("compareDoorbells() shows that the fast path walks, fetches and decodes nothing", () => {
  for (const kernel of ["3.16", "4.4", "5.15", "6.19"]) {
    const { rows } = compareDoorbells({ release: release(kernel), iterations: 7 });
    const fast = row(rows, "mmio-zero-length-eventfd");
    assertEquals(fast.paths, ["fast-mmio"]);
    const { fetchPageTableReads, dataPageTableReads, eptReads, bytesFetched, decoded } = fast.work;
    assertEquals([fetchPageTableReads, dataPageTableReads, eptReads, bytesFetched, decoded], [
      0,
      0,
      0,
      0,
      0,
    ]);
    for (const name of ["mmio-wildcard-eventfd", "mmio-four-lengths"]) {
      const { work, paths } = row(rows, name);
      assertEquals(paths, ["mmio-kernel"]);
      assertEquals([work.fetchPageTableReads, work.decoded], [3, 1]);
      assertNotEquals(work.bytesFetched, 0);
    }
  }
});

Deno.test("compareDoorbells() counts the same for any number of kicks", () => {
  const few = compareDoorbells({ iterations: 1 }).rows;
  const many = compareDoorbells({ iterations: 1000 }).rows;
  assertEquals(many, few);
});

Deno.test("compareDoorbells() says what a release refuses, and what zero length costs there", () => {
  const { rows, notes } = compareDoorbells({ release: release("3.14"), iterations: 5 });
  assertEquals(notes.map((note) => note.row), [
    "mmio-zero-length-eventfd",
    "mmio-zero-length-slow",
  ]);
  const refused = row(rows, "mmio-zero-length-eventfd");
  assertEquals([refused.signals, refused.userspaceExits], [0, 1]);
  // The seed takes zero length, but no search finds it.
  const seed = row(
    compareDoorbells({ release: release("seed"), iterations: 5 }).rows,
    "mmio-zero-length-eventfd",
  );
  assertEquals([seed.signals, seed.userspaceExits], [0, 1]);
});

Deno.test("compareDoorbells() comes within a tenth of what pci-testdev's author published", () => {
  for (const kernel of ["3.14", "3.16", "6.19"]) {
    const { rows } = compareDoorbells({ release: release(kernel), iterations: 5 });
    for (const { name, cycles } of publishedFigures) {
      const modelled = row(rows, name.split(":")[0]!).cycles;
      const off = Math.abs(modelled - cycles) / cycles;
      assertEquals(off <= 0.1, true, `${name} on ${kernel}: ${modelled} for ${cycles}`);
    }
  }
});

Deno.test("compareDoorbells() measures with the clock it is given", () => {
  let now = 0;
  const { rows } = compareDoorbells({ iterations: 10, now: () => now++ });
  assertEquals(new Set(rows.map(({ hostNs }) => hostNs)), new Set([1e6 / 10]));
  assertThrows(() => compareDoorbells({ iterations: 0 }), RangeError, "0 iterations");
  assertThrows(() => compareDoorbells({ iterations: 1.5 }), RangeError);
});

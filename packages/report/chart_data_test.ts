import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { addUp, packCounts, timelineRows, unpackCounts } from "./_client/chart_data.ts";
import { cycles, duration, share, significant } from "./_format.ts";

const counts = fc.array(fc.oneof(fc.constant(0), fc.nat(1_000_000)), { maxLength: 200 });

Deno.test("unpackCounts() gives back what packCounts() was given", () => {
  fc.assert(fc.property(counts, (list) => assertEquals(unpackCounts(packCounts(list)), list)));
  assertEquals(packCounts([0, 0, 0, 5, 0]), [-3, 5, -1]);
});

Deno.test("addUp() loses no count and takes no other", () => {
  fc.assert(
    fc.property(
      counts,
      fc.nat(50),
      fc.nat(200),
      fc.integer({ min: 1, max: 40 }),
      (list, from, length, width) => {
        const sums = addUp(list, from, from + length, width);
        const total = (some: readonly number[]): number => some.reduce((all, one) => all + one, 0);
        assertEquals(total(sums), total(list.slice(from, from + length)));
        assertEquals(sums.length, Math.ceil(length / width));
      },
    ),
  );
});

Deno.test("timelineRows() has a row for each vCPU and span in which something happened", () => {
  const lane = (name: string, port: number[]) => ({
    name,
    counts: [packCounts(port), [], [], packCounts(port.map((count) => 2 * count))],
  });
  const data = {
    kind: "timeline",
    stepNs: 10,
    steps: 24,
    lanes: [lane("a", [1, 2, ...Array(22).fill(0)]), lane("b", Array(24).fill(1))],
  } as const;
  const rows = timelineRows(data, 0, 24);
  assertEquals(rows.length, 13);
  assertEquals(rows.slice(0, 3), [
    [0, 20, "a", [3, 0, 0, 6]],
    [0, 20, "b", [2, 0, 0, 4]],
    [20, 40, "b", [2, 0, 0, 4]],
  ]);
  assertEquals(timelineRows(data, 3, 5), [
    [30, 40, "b", [1, 0, 0, 2]],
    [40, 50, "b", [1, 0, 0, 2]],
  ]);
});

Deno.test("numbers are as long as they need to be", () => {
  assertEquals([0, 12, 1234, 12_345_678, 2.5e9].map(duration), [
    "0 s",
    "12 ns",
    "1.23 µs",
    "12.3 ms",
    "2.5 s",
  ]);
  assertEquals([0, 0.01234, 3.14159, 99.96, 12_345].map(significant), [
    "0",
    "0.0123",
    "3.14",
    "100",
    "12,345",
  ]);
  assertEquals([999, 1_250_000, 3.2e9].map(cycles), ["999", "1.25 M", "3.2 G"]);
  assertEquals([
    share(0, 0),
    share(1, 1),
    share(1, 3),
    share(1, 30),
    share(1, 1e6),
    share(999_999, 1e6),
  ], [
    "0 %",
    "100 %",
    "33 %",
    "3.3 %",
    "< 0.1 %",
    "> 99.9 %",
  ]);
});

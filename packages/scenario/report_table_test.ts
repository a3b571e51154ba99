import { assertEquals } from "@std/assert";
import { tablesOf } from "./report_table.ts";

Deno.test("tablesOf() keeps rows of the same columns together", () => {
  const tables = tablesOf([
    { path: "fast", cycles: 1 },
    { path: "slow", cycles: null },
    { queue: 0n },
    { path: "again", cycles: 2 },
  ]);
  assertEquals(tables, [
    { columns: ["path", "cycles"], rows: [["fast", 1], ["slow", null]] },
    { columns: ["queue"], rows: [[0n]] },
    { columns: ["path", "cycles"], rows: [["again", 2]] },
  ]);
  assertEquals(tablesOf([]), []);
});

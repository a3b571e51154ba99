// What docs/dead-doorbells.md claims: its table is counted again, its picture drawn again.
import { assert, assertEquals } from "@std/assert";
import { deadTable } from "../tools/count_dead_doorbells.ts";
import { drawDeadDoorbells } from "../tools/draw_dead_doorbells.ts";
import { readText } from "../tools/workspace.ts";

const page = readText("docs/dead-doorbells.md");

Deno.test("docs/dead-doorbells.md: the table of safe sets is what the model counts", () => {
  const rows = [...page.matchAll(/^\| (.+?) +\| (any|ascending) order +\| +(\d+) \|$/gm)]
    .map(([, ...cells]) => cells.map((cell) => cell.trim()));
  assertEquals(rows, deadTable());
});

Deno.test("docs/dead-doorbells.svg is what tools/draw_dead_doorbells.ts draws", () => {
  const picture = readText("docs/dead-doorbells.svg");
  assert(picture === drawDeadDoorbells(), "deno run -A tools/draw_dead_doorbells.ts");
});

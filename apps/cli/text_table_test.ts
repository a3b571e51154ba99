import { assertEquals } from "@std/assert";
import { ansiStyle } from "./style.ts";
import { textTable } from "./text_table.ts";

Deno.test("textTable() aligns columns and leaves no blanks at the end", () => {
  const columns = [{ title: "name" }, { title: "writes", align: "right" }, { title: "" }] as const;
  assertEquals(textTable(columns, [["rx", "1,000"], ["control", "7", "!"]]), [
    "name     writes",
    "rx        1,000",
    "control       7  !",
  ]);
});

Deno.test("textTable() does not count colours as width", () => {
  const rows = [[ansiStyle.red("dead"), "x"], ["ok", "y"]];
  assertEquals(textTable([{ title: "" }, { title: "" }], rows).slice(1), [
    "\x1b[31mdead\x1b[39m  x",
    "ok    y",
  ]);
});

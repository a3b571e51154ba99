import { assertEquals } from "@std/assert";
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
  const rows = [["\x1b[31mdead\x1b[39m", "x"], ["ok", "y"]];
  assertEquals(textTable([{ title: "" }, { title: "" }], rows).slice(1), [
    "\x1b[31mdead\x1b[39m  x",
    "ok    y",
  ]);
});

Deno.test("textTable() leaves spare columns out where they do not fit", () => {
  const columns = [{ title: "name" }, { title: "less", spare: 2 }, { title: "least", spare: 1 }];
  const rows = [["a", "b", "c"]];
  assertEquals(textTable(columns, rows)[0], "name  less  least");
  assertEquals(textTable(columns, rows, { room: 16 })[0], "name  less");
  assertEquals(textTable(columns, rows, { room: 3 }), ["name", "a"]);
  assertEquals(textTable(columns, [["a", "", "c"]], { room: 12 })[0], "name  least");
});

Deno.test("textTable() shows columns without a cell, unless told otherwise", () => {
  const columns = [{ title: "name" }, { title: "empty" }];
  assertEquals(textTable(columns, [["a", ""]]), ["name  empty", "a"]);
  assertEquals(textTable(columns, [["a", ""]], { withoutEmpty: true }), ["name", "a"]);
});

import { assertEquals } from "@std/assert";
import { showValue } from "./show_value.ts";

Deno.test("showValue() tells the types apart, with whole numbers in hex", () => {
  const cases: [value: unknown, text: string][] = [
    [4096, "0x1000"],
    [-1, "-0x1"],
    [4096n, "0x1000n"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    ["4", '"4"'],
    ['a"b', '"a\\"b"'],
    [undefined, "undefined"],
    [null, "null"],
    [true, "true"],
  ];
  for (const [value, text] of cases) assertEquals(showValue(value), text);
});

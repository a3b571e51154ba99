import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fitText, refill } from "./fit_text.ts";

const narrow = { isTerminal: true, columns: 30 };

Deno.test("fitText() breaks prose between words, under its own indent", () => {
  assertEquals(
    fitText("  a sentence that is longer than thirty letters", narrow),
    "  a sentence that is longer\n  than thirty letters",
  );
  assertEquals(fitText("Usage: one two three four five six", narrow, 4).split("\n"), [
    "Usage: one two three four five",
    "    six",
  ]);
});

Deno.test("fitText() breaks the last cell of a row under its beginning", () => {
  assertEquals(
    fitText("  --all  Every row, and not only the busiest", narrow).split("\n"),
    ["  --all  Every row, and not", "         only the busiest"],
  );
});

Deno.test("fitText() leaves rows of numbers, and what is no terminal", () => {
  const row = "name       12,345     1,234    1,234    0.75";
  assertEquals(fitText(row, narrow), row);
  const prose = "a sentence that is longer than thirty letters";
  assertEquals(fitText(prose, { ...narrow, isTerminal: false }), prose);
  assertEquals(fitText("x".repeat(50), narrow), "x".repeat(50));
});

Deno.test("fitText() fills a sentence of two lines, and leaves lines of their own", () => {
  assertEquals(
    fitText("a sentence that is longer than\nthirty letters.\nAnother", { ...narrow, columns: 29 }),
    "a sentence that is longer\nthan thirty letters.\nAnother",
  );
  assertEquals(fitText("one\ntwo", narrow), "one\ntwo");
});

Deno.test("fitText() counts no colours", () => {
  const text = "\x1b[1mthirty letters are\x1b[0m just not it.";
  assertEquals(fitText(text, narrow), text.replace(" it.", "\nit."));
});

Deno.test("fitText() loses no word, and no line of prose is too long", () => {
  const word = fc.stringMatching(/^[a-z]{1,12}$/);
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), fc.nat(8), (words, indent) => {
    const text = " ".repeat(indent) + words.join(" ");
    const lines = fitText(text, narrow).split("\n");
    assert(lines.every((line) => line.length <= narrow.columns), lines.join("|"));
    assertEquals(lines.join(" ").trim().split(/ +/), words);
  }));
});

Deno.test("refill() fills paragraphs and items anew, where they are too wide", () => {
  const text = `These are two lines of one
paragraph, in all.

  first   an item, which has a
          second line
  second  another`;
  assertEquals(refill(text, { isTerminal: true, columns: 40 }), text);
  assertEquals(
    refill(text, { isTerminal: true, columns: 26 }),
    `These are two lines of one
paragraph, in all.

  first   an item, which
          has a second
          line
  second  another`,
  );
});

// The mistakes that deno task mutants makes.
import { assert, assertEquals } from "@std/assert";
import { mutated, mutationsOf, showMutation } from "../tools/mutations.ts";

/** What each mistake makes of the text, one line each. */
function mistakes(source: string): string[] {
  return mutationsOf(source).map((mutation) => mutated(source, mutation).trim());
}

Deno.test("mutationsOf() turns comparisons and moves them by one", () => {
  assertEquals(mistakes("const a = b < c;\n"), ["const a = b <= c;", "const a = b >= c;"]);
  assertEquals(mistakes("const a = b === c;\n"), ["const a = b !== c;"]);
});

Deno.test("mutationsOf() turns conditions, and drops either side", () => {
  assertEquals(mistakes("const a = b && c(d, e);\n").toSorted(), [
    "const a = b || c(d, e);",
    "const a = b;",
    "const a = c(d, e);",
  ]);
  const always = mistakes("if (a) b = c;\n");
  assertEquals(always, ["if (true) b = c;", "if (false) b = c;"]);
});

Deno.test("mutationsOf() counts one too far, and forgets statements", () => {
  assertEquals(mistakes("const a = 0x10;\n"), ["const a = 17;"]);
  assertEquals(mistakes("const a = 2n ** 64n;\n"), [
    "const a = 3n ** 64n;",
    "const a = 2n ** 65n;",
  ]);
  assertEquals(mistakes("function f() {\n  g(h);\n}\n"), ["function f() {\n  ;\n}"]);
});

Deno.test("mutationsOf() leaves types, comments and texts alone", () => {
  const source = `
/** a < b && c */
type Pair = First & Second | null;
export function f(a: 1 | 2, b: Map<string, number>): string {
  return \`\${a} < 3\` as string;
}
`;
  assertEquals(mutationsOf(source), []);
});

Deno.test("showMutation() shows the lines before and after", () => {
  const source = "function f() {\n  return a && b;\n}\n";
  const shown = mutationsOf(source).map((mutation) => showMutation(source, mutation));
  assert(shown.includes("- return a && b;\n+ return a;"), shown.join("\n"));
});

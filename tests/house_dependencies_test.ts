// What is taken from others stands in docs/dependencies.md with its reason, at one exact version.
import { assert, assertEquals } from "@std/assert";
import { readText } from "../tools/workspace.ts";

const { specifiers }: { specifiers: Record<string, string> } = JSON.parse(readText("deno.lock"));

/** `npm:@scope/name@1.2.3` to its parts. */
function partsOf(specifier: string): { name: string; wanted: string } {
  const [, name, wanted] = /^npm:(@?[^@]+)@([^/]+)/.exec(specifier)!;
  return { name: name!, wanted: wanted! };
}

Deno.test("every library of deno.lock is in docs/dependencies.md, and nothing else", () => {
  const listed = [...readText("docs/dependencies.md").matchAll(/^\| `([^`]+)` /gm)].map((
    [, name],
  ) => name!);
  const locked = Object.keys(specifiers).map((specifier) => partsOf(specifier).name);
  assert(locked.length > 5, locked.join(" "));
  assertEquals(listed, [...new Set(locked)].toSorted());
});

Deno.test("every library is taken at one exact version", () => {
  const wrong = Object.entries(specifiers).filter(([specifier, version]) =>
    partsOf(specifier).wanted !== version
  );
  assertEquals(wrong, []);
});

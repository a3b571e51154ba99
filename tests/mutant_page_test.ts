// How docs/mutation.md lists mistakes that are none.
import { assert, assertEquals } from "@std/assert";
import { listedMistakes } from "../tools/mutant_page.ts";

const page = `
## No mistakes

### \`a.ts\`

A reason.

\`\`\`diff
- one
+ two
+ three
- one
+ two
- over
- lines
+ over
\`\`\`

Another.

\`\`\`diff
- four
+ ;
\`\`\`

### Not a file

\`\`\`diff
- one
+ two
\`\`\`

### \`b.ts\`

No block.
`;

Deno.test("listedMistakes() reads each line after a line as a mistake of its own, and counts", () => {
  const listed = listedMistakes(page);
  assertEquals([...listed.keys()], ["a.ts", "b.ts"]);
  assertEquals([...listed.get("a.ts")!], [
    ["- one\n+ two", 2],
    ["- one\n+ three", 1],
    ["- over\n- lines\n+ over", 1],
    ["- four\n+ ;", 1],
  ]);
  assertEquals(listed.get("b.ts")!.size, 0);
});

Deno.test("docs/mutation.md has a reason before each block, and each file that it argues in its table", () => {
  const text = Deno.readTextFileSync(new URL("../docs/mutation.md", import.meta.url));
  const rows = new Map(
    [...text.matchAll(/^\| `([^`]+)`.*\| +(\d+) \|$/gm)].map(([, file, left]) => [file!, left!]),
  );
  const listed = listedMistakes(text);
  assert(listed.size > 0);
  for (const [file, mistakes] of listed) {
    const count = [...mistakes.values()].reduce((sum, times) => sum + times, 0);
    assertEquals(rows.get(file), `${count}`, file);
  }
  for (const [file, left] of rows) assertEquals(listed.has(file), left !== "0", file);
  for (const [, before] of text.matchAll(/([^\n]*)\n\n```diff\n/g)) {
    assert(/[.:]$/.test(before!) && !before!.startsWith("#"), before);
  }
});

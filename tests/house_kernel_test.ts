// Citations of the kernel have one grammar, and name places of tests/testdata/kernel_places.json. That table was made from
// the citations themselves and only partly looked up in the kernel: it finds a slip of the pen in a new citation, not a
// place that was wrong from the start. Whoever cites another place looks it up in the kernel's source, and adds it.
import { assert, assertEquals } from "@std/assert";
import { kernelReleases } from "@ioeventfd/uapi";
import { parseKernelPlaces } from "../tools/kernel_citations.ts";
import { listFiles, root } from "../tools/workspace.ts";
import known from "./testdata/kernel_places.json" with { type: "json" };

/** Trees that are no release: what the zero length and the fast bus came with. */
const commits = ["f848a5a8dcb6", "68c3b4d1676d"];

const citations = ["packages", "apps", "tests", "tools", "scenarios"]
  .flatMap((folder) => listFiles(folder, ".ts"))
  .flatMap((path) =>
    Deno.readTextFileSync(new URL(path, root)).split("\n").flatMap((line, i) => {
      const text = /(?:\/\/|^ *\*) KERNEL (.*)$/.exec(line)?.[1];
      return text === undefined ? [] : [{ at: `${path}:${i + 1}`, text }];
    })
  )
  .map(({ at, text }) => ({ at, text, places: parseKernelPlaces(text) }));

Deno.test("every KERNEL line names trees, files and functions", () => {
  assert(citations.length > 200, `${citations.length} found`);
  const wrong = citations.filter(({ places }) => places === null);
  assertEquals(wrong.map(({ at, text }) => `${at} ${text}`), []);
});

Deno.test("every KERNEL line is of a release that is modelled, or of a commit between them", () => {
  const trees = [...kernelReleases.map(({ name }) => name), ...commits];
  const wrong = citations.filter(({ places }) =>
    places?.some(({ tree }) => !trees.includes(tree)) ?? false
  );
  assertEquals(wrong.map(({ at }) => at), []);
});

Deno.test("every place that a KERNEL line names is in the table, and no other", () => {
  const table = new Set(
    Object.entries(known).flatMap(([file, symbols]) =>
      Object.entries(symbols).flatMap(([symbol, trees]) =>
        trees.split(" ").map((tree) => `${tree} ${file} ${symbol}`.trimEnd())
      )
    ),
  );
  const named = new Map<string, string>();
  for (const { at, places } of citations) {
    for (const { tree, file, symbol } of places ?? []) {
      if (file !== "") named.set(`${tree} ${file} ${symbol}`.trimEnd(), at);
    }
  }
  const unknown = [...named].filter(([place]) => !table.has(place));
  assertEquals(unknown.map(([place, at]) => `${at} ${place}`), []);
  assertEquals([...table].filter((place) => !named.has(place)), []);
});

Deno.test("parseKernelPlaces() reads several trees, files and functions, and no remark", () => {
  assertEquals(
    parseKernelPlaces("3.16, 4.4 a/b.c one, struct two: and so on; 6.19 nothing"),
    [
      { tree: "3.16", file: "a/b.c", symbol: "one" },
      { tree: "4.4", file: "a/b.c", symbol: "one" },
      { tree: "3.16", file: "a/b.c", symbol: "two" },
      { tree: "4.4", file: "a/b.c", symbol: "two" },
    ],
  );
  assertEquals(parseKernelPlaces("4.4 a/b.c one; 6.19 c.h two"), [
    { tree: "4.4", file: "a/b.c", symbol: "one" },
    { tree: "6.19", file: "a/c.h", symbol: "two" },
  ]);
  assertEquals(parseKernelPlaces("6.19"), [{ tree: "6.19", file: "", symbol: "" }]);
  for (
    const wrong of ["a/b.c one", "6.19 one", "6.19 a/b.c a remark", "6.19 a/b.c one; a remark"]
  ) {
    assertEquals(parseKernelPlaces(wrong), null, wrong);
  }
});

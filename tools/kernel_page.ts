/**
 * The page that leads from a function of the kernel to ours.
 *
 * @module
 */
import type { Citation } from "./kernel_citations.ts";
import { byAge, type Evidence, type KernelTable, kindOf } from "./kernel_table.ts";
import { root } from "./workspace.ts";

/** Where the page is. */
export const pagePath: URL = new URL("docs/kernel.md", root);

function table(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows;
  const widths = head!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head!), rule, ...body.map(line)].join("\n");
}

function whereIn(tree: string, symbol: string, evidence: Evidence): string {
  if (kindOf(evidence) !== "line") return `${tree} ${kindOf(evidence)}`;
  return symbol === "" ? tree : `${tree}:${evidence}`;
}

/** What a file is called for its tests: `_foo.ts` and `foo.ts` are tested in `foo_test.ts`. */
function stemOf(path: string): string {
  return path.replace(/(_test)?\.ts$/, "").replace(/\/_([^/]*)$/, "/$1");
}

function linksTo(paths: Iterable<string>): string {
  return [...paths].map((path) => `[${path.replace("packages/", "")}](../${path})`).join(", ");
}

/**
 * The page: a heading a file of the kernel, a row a name in it.
 *
 * @param citations Every `KERNEL` line of the sources, tests too
 * @param known The table
 * @param files Every TypeScript file, of which those that test are found by their names
 * @returns Markdown as `deno fmt` leaves it
 */
export function kernelPage(
  citations: readonly Citation[],
  known: KernelTable,
  files: readonly string[],
): string {
  const beside = new Map(
    files.filter((path) => path.endsWith("_test.ts")).map((path) => [stemOf(path), path]),
  );
  const ours = new Map<string, Set<string>>(), tests = new Map<string, Set<string>>();
  for (const { path, places } of citations) {
    const isTest = path.startsWith("tests/") || path.endsWith("_test.ts");
    for (const { file, symbol } of places ?? []) {
      const key = `${file} ${symbol}`;
      const by = isTest ? tests : ours;
      by.set(key, (by.get(key) ?? new Set()).add(path));
    }
  }
  const contents: string[] = [];
  const sections = Object.keys(known.files).sort().map((file) => {
    const rows = Object.entries(known.files[file]!)
      .sort(([a], [b]) => a < b ? -1 : 1)
      .flatMap(([symbol, { facts, trees }]) => {
        const key = `${file} ${symbol}`;
        const paths = ours.get(key);
        if (paths === undefined) return [];
        const named = [...paths].flatMap((path) => beside.get(stemOf(path)) ?? []);
        return [[
          symbol === "" ? "the file" : `\`${symbol}\``.replace("*`", "…`"),
          Object.entries(byAge(trees)).map(([tree, evidence]) => whereIn(tree, symbol, evidence))
            .join(
              ", ",
            ),
          facts ?? "",
          linksTo(paths),
          linksTo(new Set([...named, ...tests.get(key) ?? []])),
        ]];
      });
    if (rows.length === 0) return [];
    contents.push(`- [${file}](#${file.replace(/[/.]/g, "")})`);
    return [
      `## ${file}\n\n${table([["name", "release:line", "facts", "ours", "tests"], ...rows])}\n`,
    ];
  }).flat();
  const trees = Object.entries(byAge(known.trees)).map(([tree, name]) => [tree, name]);
  return `# The kernel, and who mirrors it

<!-- Written by \`deno task citations --write\` from the KERNEL lines of the sources. -->

Code that mirrors the kernel has a line above it that names release, file and function. This page
turns those lines around. A number is the line that defines the name in the tree below; "read" is a
place of another commit, and "unseen" one of which no copy was found: the table behind this page,
tests/testdata/kernel_places.json, tells which and why. "facts" is the section on it in the
description of the kernel that this project was begun with. "tests" are the files of tests beside
ours, and those that name the place themselves; what crosses packages is in [tests/](../tests).

${table([["release or commit", "tree"], ...trees])}

${contents.join("\n")}

${sections.join("\n")}`;
}

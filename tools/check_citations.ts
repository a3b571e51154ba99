/**
 * Looks the places that `KERNEL` lines cite up in a kernel's source: `deno task citations --kernel DIR --tree 6.19`.
 *
 * A place that the tree does not define, or defines on another line than the table says, is printed with our file and
 * line, and the status is 1. `--write` puts the lines found into `tests/testdata/kernel_places.json` and writes
 * `docs/kernel.md`; without `--kernel` it writes the page alone. What the tree is called is read in its Makefile.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { findDefinition } from "./find_definition.ts";
import { type Citation, listCitations } from "./kernel_citations.ts";
import { kernelPage, pagePath } from "./kernel_page.ts";
import {
  type Evidence,
  kindOf,
  readKernelTable,
  tablePath,
  type TablePlace,
  writeKernelTable,
} from "./kernel_table.ts";
import { listFiles } from "./workspace.ts";

/** One cited place of one tree, and who cites it. */
interface Cited {
  readonly file: string;
  readonly symbol: string;
  readonly tree: string;
  readonly by: string[];
}

function citedPlaces(citations: readonly Citation[]): Cited[] {
  const cited = new Map<string, Cited>();
  for (const { path, line, places } of citations) {
    for (const { tree, file, symbol } of places ?? []) {
      if (file === "") continue;
      const key = `${tree} ${file} ${symbol}`;
      const place = cited.get(key) ?? { file, symbol, tree, by: [] };
      cited.set(key, place);
      place.by.push(`${path}:${line}`);
    }
  }
  return [...cited.values()];
}

function nameOfTree(makefile: string): string {
  const parts = ["VERSION", "PATCHLEVEL", "SUBLEVEL"].map((name) =>
    new RegExp(`^${name} = (\\d+)$`, "m").exec(makefile)?.[1]
  );
  if (parts.includes(undefined)) throw new TypeError("The Makefile names no version");
  return `linux ${parts.join(".")}`;
}

function readOrNull(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

const { kernel, tree: wanted, write } = parseArgs(Deno.args, {
  string: ["kernel", "tree"],
  boolean: ["write"],
});
if ((kernel === undefined) !== (wanted === undefined) || kernel === undefined && !write) {
  console.error("citations: --kernel DIR --tree RELEASE, with --write to keep what is found");
  Deno.exit(2);
}

const citations = listCitations();
const cited = citedPlaces(citations);
const table = readKernelTable();
const found = new Map<Cited, Evidence>();
let troubles = 0;

if (typeof kernel === "string" && typeof wanted === "string") {
  const name = nameOfTree(Deno.readTextFileSync(`${kernel}/Makefile`));
  if (!`${name}.`.startsWith(`linux ${wanted}.`)) {
    console.error(`citations: ${kernel} is ${name}, and no ${wanted}`);
    Deno.exit(2);
  }
  let resolved = 0;
  for (const place of cited.filter(({ tree }) => tree === wanted)) {
    const source = readOrNull(`${kernel}/${place.file}`);
    const line = source === null ? null : findDefinition(source, place.symbol);
    const known = table.files[place.file]?.[place.symbol]?.trees[wanted];
    if (line !== null) {
      resolved++;
      found.set(place, line);
    }
    if (line !== null && (write || line === known)) continue;
    troubles++;
    const trouble = source === null
      ? "there is no such file"
      : line === null
      ? "not defined there"
      : `on line ${line}, and the table says ${known ?? "nothing"}`;
    for (const at of place.by) {
      console.error(`${at} ${wanted} ${place.file} ${place.symbol}: ${trouble}`);
    }
  }
  console.log(`${name}: ${resolved} places defined`);
  if (write) Object.assign(table.trees, { [wanted]: name });
}

const files: Record<string, Record<string, TablePlace>> = {};
const kinds = { line: 0, read: 0, unseen: 0 };
for (const place of cited) {
  const known = table.files[place.file]?.[place.symbol];
  const evidence = found.get(place) ?? known?.trees[place.tree];
  if (evidence === undefined) continue;
  kinds[kindOf(evidence)]++;
  const symbols = files[place.file] ??= {};
  symbols[place.symbol] = {
    ...known?.facts === undefined ? {} : { facts: known.facts },
    trees: { ...symbols[place.symbol]?.trees, [place.tree]: evidence },
  };
}
const unknown = cited.length - kinds.line - kinds.read - kinds.unseen;
console.log(
  `The table: ${kinds.line} places by their line, ${kinds.read} read elsewhere, ${kinds.unseen} in no copy seen, ` +
    `${unknown} not in it`,
);
if (write) {
  const next = { trees: table.trees, files };
  Deno.writeTextFileSync(tablePath, writeKernelTable(next));
  Deno.writeTextFileSync(pagePath, kernelPage(citations, next, listFiles("packages", ".ts")));
}
Deno.exit(troubles === 0 ? 0 : 1);

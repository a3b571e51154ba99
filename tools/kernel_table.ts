/**
 * What `tests/testdata/kernel_places.json` knows of the places that the sources cite.
 *
 * @module
 */
import { root } from "./workspace.ts";

/** A place of one release: the line that defines it, or how else it is known: `read: …`, `unseen: …`. */
export type Evidence = number | string;

/** One name of one file of the kernel. */
export interface TablePlace {
  /** Section of the facts on the kernel that this project was begun with, in their own words. */
  readonly facts?: string;
  /** By release or commit. */
  readonly trees: Readonly<Record<string, Evidence>>;
}

/** The table. */
export interface KernelTable {
  /** Which tree each release's lines were found in, by its Makefile. */
  readonly trees: Readonly<Record<string, string>>;
  /** Places by file and name; the empty name is the file itself. */
  readonly files: Readonly<Record<string, Readonly<Record<string, TablePlace>>>>;
}

/** Where the table is. */
export const tablePath: URL = new URL("tests/testdata/kernel_places.json", root);

/**
 * Reads the table.
 *
 * @returns As it stands in the repository
 */
export function readKernelTable(): KernelTable {
  return JSON.parse(Deno.readTextFileSync(tablePath));
}

/**
 * How a place is known.
 *
 * @param evidence What the table says of it
 * @returns `line`, where the tool found its definition in that tree; `read`, where a person read it in the place it says;
 * `unseen`, where no copy was found
 */
export function kindOf(evidence: Evidence): "line" | "read" | "unseen" {
  if (typeof evidence === "number") return "line";
  return evidence.startsWith("read: ") ? "read" : "unseen";
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1);
}

/** Releases in their order, commits between 3.14 and 3.16, where they are. */
function ageOf(tree: string): number {
  const found = /^(\d+)\.(\d+)$/.exec(tree);
  return found === null ? 3 * 1000 + 15 : Number(found[1]) * 1000 + Number(found[2]);
}

/**
 * A record by release or commit, the oldest first.
 *
 * @param record In any order
 * @returns The same, in order
 */
export function byAge<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(sorted(record).sort(([a], [b]) => ageOf(a) - ageOf(b)));
}

/** JSON as `deno fmt` leaves it: on one line where it fits, behind `used` characters and before a comma. */
function show(value: unknown, indent: string, used: number): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => [JSON.stringify(key), item] as const);
  const short = `{ ${entries.map(([key, item]) => `${key}: ${show(item, "", -1e6)}`).join(", ")} }`;
  if (used + short.length < 100) return short;
  const inner = `${indent}  `;
  const lines = entries.map(([key, item]) =>
    `${inner}${key}: ${show(item, inner, inner.length + key.length + 2)}`
  );
  return `{\n${lines.join(",\n")}\n${indent}}`;
}

/**
 * The table as text: sorted, and a place a line where it fits, so that a change of it can be read.
 *
 * @param table The table
 * @returns JSON
 */
export function writeKernelTable(table: KernelTable): string {
  const files = sorted(table.files).map(([file, places]) =>
    [
      file,
      Object.fromEntries(
        sorted(places).map(([symbol, { facts, trees }]) =>
          [
            symbol,
            { ...facts === undefined ? {} : { facts }, trees: byAge(trees) },
          ] as const
        ),
      ),
    ] as const
  );
  return `${show({ trees: byAge(table.trees), files: Object.fromEntries(files) }, "", 100)}\n`;
}

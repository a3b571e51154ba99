/**
 * Where the sources say which place of the kernel they mirror.
 *
 * @module
 */
import { listFiles, root } from "./workspace.ts";

/** A place in the kernel's tree. */
export interface KernelPlace {
  /** Release or commit, e.g. `6.19`. */
  readonly tree: string;
  /** File of that tree; empty where the whole tree is meant. */
  readonly file: string;
  /** Function, struct or constant; empty where the whole file is meant. */
  readonly symbol: string;
}

/** One `KERNEL` line of the sources. */
export interface Citation {
  /** Our file, from the root. */
  readonly path: string;
  readonly line: number;
  /** What stands behind `KERNEL `. */
  readonly text: string;
  /** What it names, or null where it does not read so. */
  readonly places: readonly KernelPlace[] | null;
}

const tree = String.raw`(?:\d+\.\d+|[0-9a-f]{12})`;
const file = String.raw`[\w./-]+\.[chS]`;
const symbol = String.raw`(?:(?:struct|enum) )?(\w[\w.]*\*?)`;
const parts = {
  trees: new RegExp(`^(${tree}(?:, ${tree})*)(?: |$)`),
  file: new RegExp(`^(${file})(?: |$)`),
  symbol: new RegExp(`^${symbol}$`),
};

/**
 * Reads what stands behind `KERNEL `, such as `4.4, 6.19 virt/kvm/eventfd.c ioeventfd_write, ioeventfd_release: a remark`.
 * After `; ` other trees may follow, with files and symbols of theirs; a file without a folder is beside the one before.
 *
 * @param text The line
 * @returns The places it names, or null where it does not read so
 */
export function parseKernelPlaces(text: string): KernelPlace[] | null {
  const places: KernelPlace[] = [];
  let trees: string[] = [], path = "";
  for (const part of text.replace(/(:| ").*$/, "").split("; ")) {
    const found = parts.trees.exec(part);
    if (found !== null) trees = found[1]!.split(", ");
    if (trees.length === 0) return null;
    for (const item of part.slice(found?.[0].length ?? 0).split(", ")) {
      const named = parts.file.exec(item)?.[1];
      if (named !== undefined) path = named.includes("/") ? named : path.replace(/[^/]*$/, named);
      const rest = named === undefined ? item : item.slice(named.length + 1);
      const name = rest === "" ? "" : parts.symbol.exec(rest)?.[1];
      if (name === undefined || name !== "" && path === "") return null;
      for (const tree of trees) places.push({ tree, file: path, symbol: name });
    }
  }
  return places;
}

/**
 * Every `KERNEL` line of the sources.
 *
 * @returns In the order of our files
 */
export function listCitations(): Citation[] {
  return ["packages", "apps", "tests", "tools", "scenarios"]
    .flatMap((folder) => listFiles(folder, ".ts"))
    .flatMap((path) =>
      Deno.readTextFileSync(new URL(path, root)).split("\n").flatMap((line, i) => {
        const text = /(?:\/\/|^ *\*) KERNEL (.*)$/.exec(line)?.[1];
        return text === undefined
          ? []
          : [{ path, line: i + 1, text, places: parseKernelPlaces(text) }];
      })
    );
}

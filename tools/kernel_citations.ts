/**
 * Where the sources say which place of the kernel they mirror.
 *
 * @module
 */

/** A place in the kernel's tree. */
export interface KernelPlace {
  /** Release or commit, e.g. `6.19`. */
  readonly tree: string;
  /** File of that tree; empty where the whole tree is meant. */
  readonly file: string;
  /** Function, struct or constant; empty where the whole file is meant. */
  readonly symbol: string;
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

/**
 * Entry points of the packages: what `exports` of each has to say.
 *
 * @module
 */
import { isPublished, listFiles } from "./workspace.ts";

/**
 * The entry points of a package: `mod.ts` under ".", every other public file under its own name, and the `mod.ts` of a
 * folder under the folder's. A file is public unless its name, or that of its folder, begins with an underscore.
 *
 * @param folder From the root, e.g. `packages/uapi`
 * @returns Entry to file, as `exports` has it: `./kvm-error` to `./kvm_error.ts`; "." first, then sorted
 */
export function entryPoints(folder: string): Record<string, string> {
  const found = listFiles(folder, ".ts")
    .filter((path) => isPublished(path) && !/\/_|\.d\.ts$/.test(path))
    .map((path) => path.slice(folder.length + 1))
    .map((path): [string, string] => {
      const name = path.replace(/(^|\/)mod\.ts$|\.ts$/, "").replaceAll("_", "-");
      return [name === "" ? "." : `./${name}`, `./${path}`];
    });
  return Object.fromEntries(found.sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * The packages of this repository and the files they are made of, for the gate and the house's tests.
 *
 * @module
 */

/** One member of the workspace. */
export interface Member {
  /** Folder from the root, e.g. `packages/uapi`. */
  readonly folder: string;
  /** Name it is imported by, e.g. `@ioeventfd/uapi`. */
  readonly name: string;
  /** Specifier to file from the root, e.g. `@ioeventfd/uapi` to `packages/uapi/mod.ts`. */
  readonly exports: Readonly<Record<string, string>>;
}

/** Root of the repository, with a slash at its end. */
export const root: URL = new URL("../", import.meta.url);

/** Packages that run in any JavaScript runtime, and so never name Deno. */
export const purePackages: readonly string[] = [
  "uapi",
  "eventfd",
  "kvm-core",
  "vmx-sim",
  "scenario",
  "capture",
  "conform",
  "advisor",
  "export",
  "report",
];

/**
 * Text of a file of the repository.
 *
 * @param path From the root
 */
export function readText(path: string): string {
  return Deno.readTextFileSync(new URL(path, root));
}

/**
 * The root's configuration.
 *
 * @returns The fields the house's tools read
 */
export function readRootConfig(): { workspace: string[]; imports: Record<string, string> } {
  return JSON.parse(readText("deno.json"));
}

/**
 * Every member of the workspace.
 *
 * @returns The members, in the order of the root's configuration
 */
export function readMembers(): Member[] {
  return readRootConfig().workspace.map((entry) => {
    const folder = entry.replace(/^\.\//, "");
    const config = JSON.parse(readText(`${folder}/deno.json`));
    const exported: Record<string, string> = typeof config.exports === "string"
      ? { ".": config.exports }
      : config.exports;
    return {
      folder,
      name: config.name,
      exports: Object.fromEntries(
        Object.entries(exported).map(([key, path]) => [
          config.name + key.slice(1),
          `${folder}/${path.replace(/^\.\//, "")}`,
        ]),
      ),
    };
  });
}

/**
 * Files under a folder, `node_modules` and dotted names left out.
 *
 * @param folder From the root, without a slash at its end
 * @param ending What their names end in, e.g. `.ts`
 * @returns Paths from the root, sorted; none where there is no such folder
 */
export function listFiles(folder: string, ending: string): string[] {
  const found: string[] = [];
  let entries: Deno.DirEntry[];
  try {
    entries = [...Deno.readDirSync(new URL(folder, root))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  for (const { name, isDirectory } of entries) {
    if (name.startsWith(".") || name === "node_modules") continue;
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...listFiles(path, ending));
    else if (name.endsWith(ending)) found.push(path);
  }
  return found.sort();
}

/**
 * Whether a file goes to whoever uses the package: not a test, not a bench, not test data.
 *
 * @param path From the root
 * @returns Whether it is published
 */
export function isPublished(path: string): boolean {
  return !/_(test|bench)\.ts$|\/testdata\//.test(path);
}

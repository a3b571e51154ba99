/**
 * What consumers without Deno take: `deno task bundle` makes in `dist/` one npm tarball a package, for Node and bundlers,
 * and `browser/` with one ES module a package, for a page without a build.
 *
 * @module
 */
import { readImportGraph } from "./import_graph.ts";
import {
  isPublished,
  listFiles,
  type Member,
  purePackages,
  readMembers,
  readRootConfig,
  readText,
  root,
} from "./workspace.ts";

/** The packages that run without Deno. */
const bundled: readonly Member[] = readMembers()
  .filter(({ folder }) => purePackages.some((name) => folder === `packages/${name}`));

async function run(command: string, args: readonly string[], cwd: URL): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`${command} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
}

async function scripts(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) found.push(...await scripts(path));
    else if (name.endsWith(".js")) found.push(path);
  }
  return found;
}

/** Rewrites what is newer than ES2022: `using` is not in Node 20, nor in every browser. */
async function lower(folder: string): Promise<void> {
  const permissions = ["--allow-read", "--allow-env", `--allow-write=${folder}`, "--allow-run"];
  const options = ["--target=es2022", "--sourcemap=inline", "--allow-overwrite"];
  await run("deno", [
    ...["run", "--quiet", ...permissions, readRootConfig().imports["esbuild"]!],
    ...await scripts(folder),
    ...[...options, `--outbase=${folder}`, `--outdir=${folder}`],
  ], root);
}

/** What a member imports: of this house, what its `mod.ts` does not load without, and what other entry points need. */
interface Requirements {
  readonly ours: readonly string[];
  readonly needed: readonly string[];
  readonly optional: readonly string[];
}

async function requirements(folder: string): Promise<Requirements> {
  const files = listFiles(folder, ".ts").filter(isPublished);
  const graph = await readImportGraph(files);
  const imports = graph.imports.filter(({ runs }) => runs);
  const loaded = new Set([`${folder}/mod.ts`]);
  for (const file of loaded) {
    for (const { from, to } of imports) if (from === file) loaded.add(to);
  }
  const outside = imports.filter(({ to }) => !to.startsWith(`${folder}/`));
  const specifiers = new Set(outside.map(({ specifier }) => specifier));
  const ours = bundled.filter(({ name }) =>
    [...specifiers].some((specifier) => specifier === name || specifier.startsWith(`${name}/`))
  );
  const others = [...specifiers].filter((specifier) => !specifier.startsWith("@ioeventfd/"));
  const needed = others.filter((name) =>
    outside.some(({ from, specifier }) => specifier === name && loaded.has(from))
  );
  // A library named at run time is in no graph.
  const named = Object.keys(importsOf(folder)).filter((name) =>
    !specifiers.has(name) && files.some((path) => readText(path).includes(`"${name}"`))
  );
  return {
    ours: ours.map(({ name }) => name),
    needed,
    optional: [...others.filter((name) => !needed.includes(name)), ...named],
  };
}

/** The version of a library that a member's configuration names. */
function versionOf(name: string, { folder }: Member): string {
  return importsOf(folder)[name]!.slice(`npm:${name}@`.length);
}

/** The libraries of a member's own configuration. */
function importsOf(folder: string): Readonly<Record<string, string>> {
  return JSON.parse(readText(`${folder}/deno.json`)).imports ?? {};
}

/** `deno pack` knows nothing of the workspace's other members; their names and versions are added here. */
async function packMember(member: Member, out: URL): Promise<string> {
  const work = await Deno.makeTempDir({ prefix: "ioeventfd-pack-" });
  const packed = `${work}/packed.tgz`;
  try {
    await run("deno", ["pack", "--allow-dirty", "--output", packed], folderOf(member));
    await run("tar", ["-xzf", packed], new URL(`file://${work}/`));
    await lower(`${work}/package`);
    const path = `${work}/package/package.json`;
    const manifest = JSON.parse(await Deno.readTextFile(path));
    const { ours, needed, optional } = await requirements(member.folder);
    manifest.dependencies = Object.fromEntries([
      ...ours.map((name) => [name, `^${manifest.version}`]),
      ...needed.map((name) => [name, versionOf(name, member)]),
    ]);
    manifest.peerDependencies = Object.fromEntries(optional.map((name) => [name, "*"]));
    manifest.peerDependenciesMeta = Object.fromEntries(
      optional.map((name) => [name, { optional: true }]),
    );
    await Deno.writeTextFile(path, JSON.stringify(manifest, null, 2) + "\n");
    const file = `${member.name.replace("@", "").replace("/", "-")}-${manifest.version}.tgz`;
    const tarball = decodeURIComponent(new URL(file, out).pathname);
    await run("tar", ["-czf", tarball, "package"], new URL(`file://${work}/`));
    return tarball;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

function folderOf({ folder }: Member): URL {
  return new URL(`${folder}/`, root);
}

/**
 * Makes npm tarballs.
 *
 * @param out Folder they go to, which exists
 * @param names Packages by short name, e.g. `uapi`; all that run without Deno when absent
 * @returns Paths of the tarballs
 */
export async function makeTarballs(
  out: URL,
  names: readonly string[] = purePackages,
): Promise<string[]> {
  const chosen = bundled.filter(({ name }) => names.includes(name.slice("@ioeventfd/".length)));
  const made: string[] = [];
  for (const member of chosen) made.push(await packMember(member, out));
  return made;
}

/**
 * Bundles modules for browsers, with the code they share in files of its own.
 *
 * @param out Folder they go to
 * @param entries Paths from the root
 */
export async function bundleForBrowsers(out: URL, entries: readonly string[]): Promise<void> {
  const outdir = decodeURIComponent(out.pathname);
  await run(
    "deno",
    ["bundle", "--platform=browser", "--code-splitting", "--outdir", outdir, ...entries],
    root,
  );
  await lower(outdir.replace(/\/$/, ""));
  // Node reads them as modules too.
  await Deno.writeTextFile(new URL("package.json", out), '{ "type": "module" }\n');
}

if (import.meta.main) {
  const dist = new URL("dist/", root);
  await Deno.remove(dist, { recursive: true }).catch(() => {});
  const npm = new URL("npm/", dist);
  await Deno.mkdir(npm, { recursive: true });
  const tarballs = await makeTarballs(npm);
  await bundleForBrowsers(
    new URL("browser/", dist),
    bundled.map(({ folder }) => `${folder}/mod.ts`),
  );
  for (const path of tarballs) console.log(path.slice(decodeURIComponent(root.pathname).length));
  for (const { folder } of bundled) {
    console.log(`dist/browser/${folder.slice("packages/".length)}/mod.js`);
  }
}

// Imports point one way. The parse is Deno's own: the graph of every module in the house.
import { assert, assertEquals } from "@std/assert";
import { type Import, readImportGraph } from "../tools/import_graph.ts";
import { isPublished, listFiles, purePackages, readMembers, readText } from "../tools/workspace.ts";

/** What a package may import besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  "uapi": [],
  "eventfd": ["uapi"],
  "kvm-core": ["uapi", "eventfd"],
  "vmx-sim": ["uapi", "eventfd", "kvm-core"],
  "kvm-live": ["uapi"],
  "scenario": ["uapi", "eventfd", "kvm-core", "vmx-sim"],
  "capture": ["uapi", "eventfd", "kvm-core", "vmx-sim", "scenario"],
  "conform": ["uapi", "eventfd", "kvm-core", "vmx-sim", "scenario", "capture"],
  "advisor": ["uapi", "eventfd", "kvm-core", "vmx-sim", "scenario", "capture", "conform"],
  "export": ["uapi", "eventfd", "kvm-core", "vmx-sim", "scenario", "capture"],
  "report": [
    ...["uapi", "eventfd", "kvm-core", "vmx-sim", "scenario"],
    ...["capture", "conform", "advisor"],
  ],
};

/** Of the standard library, what published code may import. */
const publishedStd = /^@std\/(bytes|cli\/parse-args)$/;

const files = ["packages", "apps", "tests", "tools", "scenarios", "bench"]
  .flatMap((folder) => listFiles(folder, ".ts"))
  .filter((path) => !path.endsWith(".d.ts"));

const { imports, errors } = await readImportGraph(files);
const members = readMembers();
const shown = ({ from, specifier }: Import): string => `${from} imports ${specifier}`;

function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

function memberOf(path: string): string | undefined {
  return members.find(({ folder }) => path.startsWith(`${folder}/`))?.folder;
}

Deno.test("every file of the house is in the graph, and every import leads somewhere", () => {
  assert(files.length > 50, `${files.length} files found`);
  assert(imports.length > files.length);
  assertEquals(errors, []);
});

Deno.test("every package of the workspace has its place in the order of imports", () => {
  const packages = members.map(({ folder }) => packageOf(`${folder}/`)).filter((p) => p);
  assertEquals(packages.toSorted(), Object.keys(mayImport).toSorted());
});

Deno.test("the order of imports has no cycle", () => {
  const placed: string[] = [];
  for (const [name, others] of Object.entries(mayImport)) {
    assertEquals(others.filter((other) => !placed.includes(other)), [], name);
    placed.push(name);
  }
});

Deno.test("packages import only what stands before them", () => {
  const wrong = imports.filter(({ from, to }) => {
    const [here, there] = [packageOf(from), packageOf(to)];
    if (here === undefined) return false;
    if (there !== undefined) return here !== there && !mayImport[here]!.includes(there);
    return /^(apps|tests|scenarios|bench)\//.test(to);
  });
  assertEquals(wrong.map(shown), []);
});

Deno.test("members import each other by name, and their own files by path", () => {
  const names = members.flatMap(({ exports }) => Object.keys(exports));
  const wrong = imports.filter(({ from, specifier, to }) => {
    const [here, there] = [memberOf(from), memberOf(to)];
    if (there === undefined) return false;
    // The command is no library: what tests want of it has no name.
    if (from.startsWith("tests/") && there === "apps/cli") return false;
    if (here !== there) return !names.includes(specifier);
    return isPublished(from) && !specifier.startsWith(".");
  });
  assertEquals(wrong.map(shown), []);
});

Deno.test("published code imports no test library, and no more of the standard library than it may", () => {
  const wrong = imports.filter(({ from, specifier, to }) => {
    if (memberOf(from) === undefined || !isPublished(from) || memberOf(to)) return false;
    const pure = purePackages.includes(packageOf(from) ?? "");
    // Random cases are a product of that package.
    if (from.startsWith("packages/conform/random/") && specifier === "fast-check") return false;
    if (from === "packages/export/export_parquet.ts" && specifier === "hyparquet-writer") {
      return false;
    }
    return !publishedStd.test(specifier) && (pure || !specifier.startsWith("node:"));
  });
  assertEquals(wrong.map(shown), []);
});

Deno.test("published code imports no test, bench or test data", () => {
  const wrong = imports.filter(({ from, to }) =>
    isPublished(from) && memberOf(to) && !isPublished(to)
  );
  assertEquals(wrong.filter(({ from }) => memberOf(from)).map(shown), []);
});

Deno.test("no module imports itself by way of others", () => {
  const next = Map.groupBy(imports.filter(({ runs }) => runs), ({ from }) => from);
  const done = new Set<string>();
  const cycles: string[] = [];
  function visit(path: string, trail: string[]): void {
    if (trail.includes(path)) {
      cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      return;
    }
    if (done.has(path)) return;
    for (const { to } of next.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  }
  for (const path of files) visit(path, []);
  assertEquals(cycles, []);
});

Deno.test("pure packages never name Deno", () => {
  const wrong: string[] = [];
  for (const name of purePackages) {
    for (const path of listFiles(`packages/${name}`, ".ts").filter(isPublished)) {
      const lines = readText(path).split("\n");
      lines.forEach((line, i) => {
        const code = line.replace(/^\s*\*.*|\/\/.*|\/\*.*?\*\//g, "");
        if (/\bDeno\b\s*[.?[]|\[\s*["']Deno["']/.test(code)) wrong.push(`${path}:${i + 1}`);
      });
    }
  }
  assertEquals(wrong, []);
});

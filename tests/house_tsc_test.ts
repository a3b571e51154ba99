// The pure packages as a consumer's TypeScript sees them: sources, under plain tsc, with a worker's library, which has no
// document and no window, and no Deno. A page of its own has the report alone.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { purePackages, readMembers, readRootConfig, root } from "../tools/workspace.ts";

const entries = readMembers()
  .filter(({ folder }) => purePackages.some((name) => folder === `packages/${name}`))
  .flatMap(({ exports }) => Object.entries(exports))
  .map(([name, path]) => ({ name, path: decodeURIComponent(new URL(path, root).pathname) }));

/** Where Deno keeps the declarations of a library, which a consumer has in node_modules. */
async function typesOf(name: string, version: string, file: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
    cwd: root,
    stdin: "null",
  }).output();
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  for (const { name: host } of Deno.readDirSync(npmCache)) {
    const path = `${npmCache}/${host}/${name}/${version}/${file}`;
    if (await Deno.stat(path).then(() => true, () => false)) return path;
  }
  throw new Error(`${name} ${version} is not in ${npmCache}`);
}

/** What every runtime has, as far as tsc has a name for it, and what a page has. */
const libraries = {
  worker: ["esnext", "webworker", "webworker.iterable", "webworker.asynciterable"],
  page: ["esnext", "dom", "dom.iterable"],
};

/** Compiles a consumer's file and all it imports; answers what tsc prints. */
async function compile(
  source: string,
  library: keyof typeof libraries = "worker",
): Promise<{ code: number; output: string }> {
  const folder = await Deno.makeTempDir({ prefix: "ioeventfd-consumer-" });
  try {
    await Deno.writeTextFile(`${folder}/consumer.ts`, source);
    const config = {
      compilerOptions: {
        target: "es2024",
        lib: libraries[library],
        module: "esnext",
        moduleResolution: "bundler",
        types: [],
        strict: true,
        declaration: true,
        isolatedDeclarations: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
        allowImportingTsExtensions: true,
        noEmit: true,
        skipLibCheck: true,
        paths: {
          ...Object.fromEntries(entries.map(({ name, path }) => [name, [path]])),
          "fast-check": [
            await typesOf(
              "fast-check",
              readRootConfig().imports["fast-check"]!.replace("npm:fast-check@", ""),
              "lib/fast-check.d.ts",
            ),
          ],
          "hyparquet-writer": [await typesOf("hyparquet-writer", "0.17.0", "types/index.d.ts")],
        },
      },
      files: ["consumer.ts", decodeURIComponent(new URL("types/deno_std.d.ts", root).pathname)],
    };
    await Deno.writeTextFile(`${folder}/tsconfig.json`, JSON.stringify(config));
    const compiler = `${readRootConfig().imports.typescript}/tsc`;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-read",
        "--allow-env",
        "--allow-run",
        compiler,
        "--project",
        folder,
      ],
      cwd: root,
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, output: text.decode(stdout) + text.decode(stderr) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function exportAll(chosen: readonly { readonly name: string }[]): string {
  return chosen.map(({ name }, i) => `export * as p${i} from ${JSON.stringify(name)};`).join("\n");
}

const isReport = ({ path }: { path: string }): boolean => path.includes("/packages/report/");

Deno.test("tsc accepts every pure package, with isolated declarations and erasable syntax alone", async () => {
  assertEquals(
    new Set(entries.map(({ path }) => /\/packages\/([^/]+)\//.exec(path)![1])).size,
    purePackages.length,
  );
  for (const [library, isOf] of [["page", true], ["worker", false]] as const) {
    const chosen = entries.filter((entry) => isReport(entry) === isOf);
    const { code, output } = await compile(exportAll(chosen), library);
    assertEquals([code, output], [0, ""], library);
  }
});

Deno.test("tsc gives a consumer the packages' types", async () => {
  const { code, output } = await compile(`
    import { encodeIoeventfd, KvmError } from "@ioeventfd/uapi";
    export const bytes: Uint8Array = encodeIoeventfd({ datamatch: 0n, addr: 0x1000n, len: 0, fd: 3, flags: 0 });
    export const errno: string = new KvmError("EEXIST", { check: "collision", detail: "taken" }).errno;
  `);
  assert(code !== 0);
  assertStringIncludes(output, "Type 'number' is not assignable to type 'string'");
  assertEquals(output.match(/error TS/g)?.length, 1, output);
});

Deno.test("tsc as run here refuses an enum, an untyped export, Deno and a document", async () => {
  const { output } = await compile(`
    export enum Bus { Mmio }
    export const masks = [1, 2].map((bit) => 1 << bit);
    export const args: string[] = Deno.args;
    export const title: string = document.title;
  `);
  assertStringIncludes(output, "TS1294");
  assertStringIncludes(output, "TS9010");
  assertStringIncludes(output, "Cannot find name 'Deno'");
  assertStringIncludes(output, "Cannot find name 'document'");
});

// How files are named and what stands in them: the habits of CONTRIBUTING.md that a machine can hold.
import { assert, assertEquals } from "@std/assert";
import { isPublished, listFiles, readMembers, readText } from "../tools/workspace.ts";

const members = readMembers();
const files = members.flatMap(({ folder }) => listFiles(folder, ".ts"));
const published = files.filter(isPublished);

Deno.test("file names are in snake case, and none is index.ts", () => {
  assert(files.length > 50, `${files.length} files found`);
  const wrong = files.filter((path) => !/\/_?[a-z0-9]+(_[a-z0-9]+)*\.ts$/.test(path));
  assertEquals(wrong, []);
  assertEquals(files.filter((path) => path.endsWith("/index.ts")), []);
});

Deno.test("a published file has at most 350 lines", () => {
  const long = published.filter((path) => readText(path).split("\n").length > 351);
  assertEquals(long, []);
});

Deno.test("nothing is exported by default", () => {
  assertEquals(files.filter((path) => /^export default\b/m.test(readText(path))), []);
});

/** What the published code says, without comments. */
function codeOf(path: string): string {
  return readText(path).replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*/g, "");
}

Deno.test("published code has no Proxy, no TypeScript privacy, and nothing to be done", () => {
  const wrong = published.filter((path) =>
    /\bnew Proxy\b|^\s+private (?!constructor)/m.test(codeOf(path)) ||
    /\b(TODO|FIXME|XXX)\b/.test(readText(path))
  );
  assertEquals(wrong, []);
});

Deno.test("messages of errors end without a period", () => {
  const wrong = published.flatMap((path) =>
    [...codeOf(path).matchAll(/\b(?:new \w*Error\(|detail:)\s*(["`])((?:\\.|(?!\1).)*)\1/gs)]
      .filter(([, , message]) => message!.endsWith("."))
      .map(([, , message]) => `${path}: ${message}`)
  );
  assertEquals(wrong, []);
});

Deno.test("functions stand as functions: no arrow at the top without a type of its own", () => {
  const arrow = /^export const \w+ = (async )?(\([^)]*\)|\w+)(: [^=]+)? =>/m;
  assertEquals(published.filter((path) => arrow.test(codeOf(path))), []);
});

Deno.test("mod.ts re-exports and does nothing else", () => {
  const wrong = published.filter((path) => path.endsWith("/mod.ts")).filter((path) => {
    const code = readText(path).replace(/\/\*\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
    return !/^(\s*export\s+(type\s+)?(\*|\{[^}]*\})(\s+from\s+"[^"]+")?;)*\s*$/.test(code);
  });
  assertEquals(wrong, []);
});

Deno.test("every member has what publishing needs: name, version, license, README", () => {
  for (const { folder, name } of members) {
    const config = JSON.parse(readText(`${folder}/deno.json`));
    assertEquals(config.name, name);
    assert(/^\d+\.\d+\.\d+$/.test(config.version), `${folder} has version ${config.version}`);
    assertEquals(config.license, "MIT", folder);
    if (folder.startsWith("packages/")) assert(readText(`${folder}/README.md`).length > 0);
  }
});

Deno.test("deno.lock names packages and hashes, and no host", () => {
  assertEquals(readText("deno.lock").match(/https?:\/\/[^"]*/g), null);
});

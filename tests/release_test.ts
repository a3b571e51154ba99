// What a release does, as far as it can be tried without publishing.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { otherVersions } from "../tools/check_version.ts";
import { useJsr } from "../tools/use_jsr.ts";
import { listFiles, readText, root } from "../tools/workspace.ts";

const config = readText("deno.json");
const workflows = ["ci", "release"].map((name) => readText(`.github/workflows/${name}.yml`));

Deno.test("useJsr() changes the lines of the standard library and no other", () => {
  const before = config.split("\n"), after = useJsr(config).split("\n");
  assertEquals(after.length, before.length);
  const changed = after.filter((line, i) => line !== before[i]).map((line) => line.trim());
  assertEquals(changed, [
    '"@std/assert": "jsr:@std/assert@^1.0.0",',
    '"@std/bytes": "jsr:@std/bytes@^1.0.0",',
    '"@std/cli/parse-args": "jsr:@std/cli@^1.0.0/parse-args",',
  ]);
});

Deno.test("useJsr() refuses an import it has no place for, and a text without them", () => {
  assertThrows(
    () => useJsr('  "@std/json": "npm:deno-std@1.4.0/json/mod.js"'),
    Error,
    "No place on JSR is known for @std/json",
  );
  assertThrows(() => useJsr(useJsr(config)), Error, "No import of @std/assert");
});

Deno.test("use_jsr.ts --dry-run prints the lines and writes nothing", async () => {
  const { code, stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read=deno.json",
      "tools/use_jsr.ts",
      "--dry-run",
    ],
    cwd: root,
    stdin: "null",
  }).output();
  assertEquals(code, 0);
  assertEquals(new TextDecoder().decode(stdout).match(/^[+-]/gm)?.length, 6);
});

Deno.test("otherVersions() finds the packages that are not at the tag's version", () => {
  const { version } = JSON.parse(readText("packages/uapi/deno.json"));
  assertEquals(otherVersions(version), []);
  assert(otherVersions("99.0.0").includes(`packages/uapi has ${version}`));
});

Deno.test("the release publishes with provenance: an OpenID token, and no secret", () => {
  const [, release] = workflows;
  assert(/^permissions:\n {2}contents: read\n {2}id-token: write$/m.test(release!));
  assert(!/secrets\.|--no-provenance|--token/.test(release!));
});

Deno.test("workflows run tasks and files that exist, with the Deno of .ci/run", () => {
  const [, version] = /deno@(\d+\.\d+\.\d+)/.exec(readText(".ci/run"))!;
  const { tasks } = JSON.parse(config);
  for (const workflow of workflows) {
    for (const [, named] of workflow.matchAll(/deno-version: v(\S+)/g)) {
      assertEquals(named, version);
    }
    for (const [, task] of workflow.matchAll(/deno task (\w+)/g)) assert(task! in tasks, task);
    for (const [, path] of workflow.matchAll(/ (tools\/\S+\.ts)/g)) {
      assert(listFiles("tools", ".ts").includes(path!), path);
    }
  }
});

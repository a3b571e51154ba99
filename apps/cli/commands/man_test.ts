import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { commands } from "../commands.ts";
import { runFake } from "../_fake_host.ts";

Deno.test("man has a section for each command, its options and examples", async () => {
  const { code, stdout } = await runFake(["man"]);
  assertEquals(code, 0);
  assertMatch(stdout, /^\.TH IOEVENTFD 1 /);
  for (const { name, options, examples } of commands) {
    assertMatch(stdout, new RegExp(`^\\.SS ioeventfd ${name}\\b`, "m"));
    for (const option of options) {
      assertStringIncludes(
        stdout,
        `\\-\\-${option.negatable ? "[no\\-]" : ""}${option.name.replaceAll("-", "\\-")}`,
      );
    }
    for (const { line } of examples) {
      assertStringIncludes(stdout, `ioeventfd ${line.replaceAll("-", "\\-")}`);
    }
  }
});

Deno.test("man leaves no line that roff would take for a request", async () => {
  const { stdout } = await runFake(["man"]);
  const known = /^\.(TH|SH|SS|TP|PP|B|I|nf|fi)\b/;
  for (const line of stdout.split("\n")) {
    if (/^[.']/.test(line)) assert(known.test(line), line);
  }
});

Deno.test("man is plain ASCII, as every roff reads it", async () => {
  const { stdout } = await runFake(["man"]);
  // deno-lint-ignore no-control-regex -- all that is not ASCII
  assertEquals(stdout.match(/[^\x00-\x7f]/g), null);
  assertStringIncludes(stdout, "\\[u2026]");
});

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { summaries } from "./command_summaries.ts";
import { commands } from "./commands.ts";
import { runFake } from "./_fake_host.ts";

Deno.test("runCommandLine() lists every command in --help", async () => {
  const { code, stdout, stderr } = await runFake(["--help"]);
  assertEquals([code, stderr], [0, ""]);
  for (const { name, summary } of commands) {
    assertMatch(stdout, new RegExp(`^  ${name} +${summary.slice(0, 9)}`, "m"));
  }
  assertEquals((await runFake(["help"])).stdout, stdout);
});

Deno.test("summaries are the table of commands in short", () => {
  assertEquals(summaries, commands.map(({ name, summary }) => ({ name, summary })));
});

Deno.test("runCommandLine() gives every command a help with an example and its options", async () => {
  for (const { name, options, examples } of commands) {
    const { code, stdout } = await runFake([name, "--help"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, `deno task ioeventfd ${examples[0].line}\n`);
    for (const option of options) {
      assertMatch(stdout, new RegExp(`--(\\[no-\\])?${option.name}\\b`));
    }
    assertEquals((await runFake(["help", name])).stdout, stdout);
  }
});

Deno.test("runCommandLine() without a command shows the usage on stderr and ends with 2", async () => {
  const { code, stdout, stderr } = await runFake([]);
  assertEquals([code, stdout], [2, ""]);
  assertStringIncludes(stderr, "Usage: ioeventfd <command>");
});

Deno.test("runCommandLine() answers a wrong command line with one line and 2", async () => {
  const cases: [string[], string][] = [
    [["cpas"], 'unknown command "cpas", did you mean caps?'],
    [["frobnicate"], 'unknown command "frobnicate"; see ioeventfd --help'],
    [["help", "cap"], 'unknown command "cap", did you mean caps?'],
    [["caps", "--kernal", "4.4"], "unknown option --kernal, did you mean --kernel?"],
    [["caps", "--zzzzzz"], "unknown option --zzzzzz"],
    [["caps", "-x"], "unknown option -x"],
    [["caps", "-_"], "unknown option -_"],
    [["caps", "--_=3"], "unknown option --_"],
    [["caps", "--kernel"], "--kernel needs a value: --kernel RELEASE"],
    [["caps", "--kernel="], "--kernel needs a value: --kernel RELEASE"],
    [
      ["caps", "one"],
      'caps: unexpected argument "one"; usage: ioeventfd caps [--kernel RELEASE|all] [--json]',
    ],
    [
      ["completions"],
      "completions: an argument is missing; usage: ioeventfd completions bash|zsh|fish",
    ],
    [["man", "7"], 'man: unexpected argument "7"; usage: ioeventfd man'],
    [
      ["completions", "bsh"],
      'completions: no script for "bsh", only bash, zsh and fish, did you mean bash?',
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runFake(args);
    assertEquals([code, stdout, stderr], [2, "", `ioeventfd: ${message}\n`]);
  }
});

Deno.test("runCommandLine() prints its version", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("./deno.json", import.meta.url)));
  for (const args of [["--version"], ["-V"], ["caps", "--version"]]) {
    assertEquals((await runFake(args)).stdout, `ioeventfd ${version}\n`);
  }
});

Deno.test("runCommandLine() is quiet about a reader that has gone", async () => {
  const { code, stderr } = await runFake(["caps"], { pipeBreaksAfter: 0 });
  assertEquals([code, stderr], [0, ""]);
});

Deno.test("runCommandLine() colours for terminals alone, unless told otherwise", async () => {
  const coloured = async (args: string[], world = {}): Promise<boolean> =>
    (await runFake(["caps", ...args], world)).stdout.includes("\x1b[");
  assertEquals(await coloured([]), false);
  assertEquals(await coloured([], { terminal: true }), true);
  assertEquals(await coloured([], { terminal: true, env: { NO_COLOR: "1" } }), false);
  assertEquals(await coloured([], { terminal: true, env: { TERM: "dumb" } }), false);
  assertEquals(await coloured([], { env: { FORCE_COLOR: "1" } }), true);
  assertEquals(await coloured(["--color"], { env: { NO_COLOR: "1" } }), true);
  assertEquals(await coloured(["--no-color"], { terminal: true }), false);
});

Deno.test("runCommandLine() takes global options before the command too", async () => {
  const { code, stdout } = await runFake(["--no-color", "caps", "--kernel", "4.4"]);
  assertEquals(code, 0);
  assert(stdout.split("\n")[0]!.trim() === "4.4");
});

Deno.test("runCommandLine() says in one line what is wrong with an input, whatever it quotes", async () => {
  const input = '{"axes":\n\x1b[31m\n"a';
  const { code, stderr } = await runFake(["report", "input"], { files: { input } });
  assertEquals(code, 3);
  // deno-lint-ignore no-control-regex -- what a terminal would obey
  assertMatch(stderr, /^ioeventfd: [^\x00-\x1f]+\n$/);
});

// What README.md and the pages of docs/ show of commands is what these print. CONTRIBUTING.md says how a block is written.
import { assert, assertEquals } from "@std/assert";
import { consoleBlocks } from "../tools/console_blocks.ts";
import { drawDoorbellCosts } from "../tools/draw_doorbell_costs.ts";
import { readText, root } from "../tools/workspace.ts";
import { runPage } from "./_page_session.ts";

/** Pages that tests of their own run: they need a VMM, or a library that is fetched. */
const elsewhere = ["docs/recording.md", "docs/large-recordings.md"];
const docs = [...Deno.readDirSync(new URL("docs/", root))].map(({ name }) => name)
  .filter((name) => name.endsWith(".md")).sort();
const packages = [...Deno.readDirSync(new URL("packages/", root))]
  .map(({ name }) => `packages/${name}/README.md`).sort();
const pages = [
  "README.md",
  ...docs.map((name) => `docs/${name}`),
  ...packages,
  "apps/cli/README.md",
];

for (const page of pages.filter((name) => !elsewhere.includes(name))) {
  if (consoleBlocks(readText(page)).length === 0) continue;
  Deno.test(`${page} shows what its commands print`, (t) => runPage(t, readText(page)));
}
/** Pages that answer a user's question, which is by a command. */
const answers = [
  "README.md",
  "docs/dead-doorbells.md",
  "docs/eexist.md",
  "docs/large-recordings.md",
  "docs/planning-queues.md",
  "docs/recording.md",
  "docs/reimplementers.md",
  "docs/slow-kicks.md",
  "docs/testing-without-kvm.md",
  "docs/what-one-doorbell-costs.md",
];

for (const page of answers) {
  Deno.test(`${page} begins with a command and what it prints`, () => {
    const first = consoleBlocks(readText(page)).find(({ shown }) => shown.length > 10);
    assert(first !== undefined, "no command");
    assert(first.line < 30, `the first is in line ${first.line}`);
  });
}

Deno.test("docs/README.md names every page", () => {
  const index = readText("docs/README.md");
  assertEquals(docs.filter((page) => page !== "README.md" && !index.includes(`(${page})`)), []);
});

Deno.test("docs/what-one-doorbell-costs.svg is what tools/draw_doorbell_costs.ts draws", () => {
  const picture = readText("docs/what-one-doorbell-costs.svg");
  assert(picture === drawDoorbellCosts(), "deno run -A tools/draw_doorbell_costs.ts");
});

Deno.test("examples in TypeScript of docs/ run", async () => {
  const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--doc", "--quiet", "--no-check", ...docs.map((page) => `docs/${page}`)],
    cwd: root,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stdout) + text.decode(stderr));
  assert(text.decode(stdout).includes("passed"));
});

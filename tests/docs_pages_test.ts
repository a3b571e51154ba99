// What the pages of docs/ show of commands is what these print. CONTRIBUTING.md says how a block is written.
import { assert, assertEquals } from "@std/assert";
import { root } from "../tools/workspace.ts";
import { type ConsoleBlock, consoleBlocks, shownMatches } from "../tools/console_blocks.ts";

/** Pages that tests/console_blocks_test.ts and tests/record_test.ts run. */
const elsewhere = ["dead-doorbells.md", "reimplementers.md", "recording.md"];
const docs = new URL("docs/", root);
const pages = [...Deno.readDirSync(docs)].map(({ name }) => name)
  .filter((name) => name.endsWith(".md")).sort();
const rootPath = decodeURIComponent(root.pathname).replace(/\/$/, "");

/** The command as its pages call it, wherever the shell stands. */
const prelude = `deno() {
  if [ "$1 $2" = "task ioeventfd" ]; then
    shift 2
    command "$DENO" run --quiet --no-check --allow-all "$ROOT/apps/cli/main.ts" "$@"
  else
    command "$DENO" "$@"
  fi
}
`;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A shell in a folder of its own, which looks like the repository but can be written to. */
class Session {
  readonly #folder: string;
  /** Functions that the page defines. */
  #defined = prelude;

  constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "ioeventfd-docs-" });
    const names = [...Deno.readDirSync(root)].map(({ name }) => name)
      .filter((name) => !name.startsWith("."));
    // Deno.symlinkSync() wants to read and write everywhere.
    const { success } = new Deno.Command("ln", {
      args: ["-s", ...names.map((name) => `${rootPath}/${name}`), this.#folder],
    }).outputSync();
    assert(success, `links in ${this.#folder}`);
  }

  async run(command: string): Promise<Ran> {
    if (/^\w+\(\)/.test(command)) {
      this.#defined += command + "\n";
      return { code: 0, stdout: "", stderr: "" };
    }
    const { code, stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", this.#defined + command],
      cwd: this.#folder,
      env: { NO_COLOR: "1", DENO: Deno.execPath(), ROOT: rootPath },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** Why a command cannot do its work here, or null. */
function lacking({ code, stderr }: Ran): string | null {
  const [first] = stderr.trim().split("\n");
  if (code === 4) return first!;
  return /Failed loading|error sending request|Could not find npm package|dlopen/.test(stderr)
    ? first!
    : null;
}

async function check(session: Session, { command, shown, volatile, line }: ConsoleBlock) {
  const ran = await session.run(command);
  const missing = lacking(ran);
  if (missing !== null) return missing;
  if (shownMatches(shown, ran.stdout, volatile)) return null;
  assertEquals(ran.stdout.trimEnd() || ran.stderr, shown, `line ${line}: ${command}`);
  return null;
}

for (const page of pages.filter((name) => !elsewhere.includes(name))) {
  const blocks = consoleBlocks(Deno.readTextFileSync(new URL(page, docs)));
  if (blocks.length === 0) continue;
  Deno.test(`docs/${page} shows what its commands print`, async () => {
    using session = new Session();
    for (const block of blocks) {
      const missing = await check(session, block);
      if (missing === null) continue;
      console.log(`skipped from line ${block.line} on: ${missing}`);
      return;
    }
  });
}

Deno.test("the pages for users begin with a command and what it prints", () => {
  const begins = pages.filter((page) => {
    const text = Deno.readTextFileSync(new URL(page, docs));
    const [first] = consoleBlocks(text);
    return first !== undefined && text.split("\n").indexOf("```console") < 16;
  });
  const expected = [
    "eexist.md",
    "large-recordings.md",
    "planning-queues.md",
    "slow-kicks.md",
    "testing-without-kvm.md",
    "what-one-doorbell-costs.md",
  ];
  assertEquals(expected.filter((page) => !begins.includes(page)), []);
});

Deno.test("docs/README.md names every page", () => {
  const index = Deno.readTextFileSync(new URL("README.md", docs));
  assertEquals(pages.filter((page) => page !== "README.md" && !index.includes(`(${page})`)), []);
});

Deno.test("examples in TypeScript of docs/ run", async () => {
  const { code, stderr, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--doc", "--quiet", "--no-check", ...pages.map((page) => `docs/${page}`)],
    cwd: root,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assertEquals(code, 0, text.decode(stdout) + text.decode(stderr));
  assert(text.decode(stdout).includes("passed"));
});

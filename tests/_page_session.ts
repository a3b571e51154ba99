/**
 * Runs what a page shows of commands, and holds what they print against it.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { available, LiveBackend } from "@ioeventfd/kvm-live";
import { type ConsoleBlock, consoleBlocks, shownMatches } from "../tools/console_blocks.ts";
import { root } from "../tools/workspace.ts";
import { HostModels } from "./cases/host_models.ts";

const rootPath = decodeURIComponent(root.pathname).replace(/\/$/, "");

/** The command as its pages call it, wherever the shell stands. */
const prelude = `deno() {
  if [ "$1 $2" = "task ioeventfd" ]; then
    shift 2
    command "$DENO" run --quiet --no-check --allow-all "$ROOT/apps/cli/main.ts" "$@"
  elif [ "$1 $2" = "task demo" ]; then
    (cd "$ROOT" && command "$DENO" task --quiet demo)
  else
    command "$DENO" "$@"
  fi
}
npx() {
  shift 2
  deno "$@"
}
`;

/** What a command did. */
interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A shell in a folder of its own, which looks like the repository but can be written to. */
class PageSession {
  readonly #folder: string;
  /** Functions that the page defines. */
  #defined = prelude;

  /** Makes the folder. */
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

  /**
   * Runs a command of the page.
   *
   * @param command As typed; a shell function is kept for the commands after it
   */
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

  /** Takes the folder away. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

let live: string | null | undefined;

/** Why what was shown of a live kernel is not to be had here, or null. */
function reasonNotLive(): string | null {
  if (live !== undefined) return live;
  const kvm = available();
  if (!kvm.ok) return live = kvm.reason.split(";", 1)[0]!;
  return live = new HostModels(new LiveBackend()).isAsObserved
    ? null
    : "this host is not like the recorded one";
}

/**
 * Why a command is not to be run here.
 *
 * @param block One command of a page
 * @returns The reason, or null
 */
function reasonNotTo({ command }: ConsoleBlock): string | null {
  const [program] = command.split(" ");
  if (program === "python3") {
    try {
      new Deno.Command(program, { args: ["--version"], stdin: "null" }).outputSync();
    } catch {
      return "there is no python3";
    }
  } else if (!/ --backend kvm\b/.test(command)) return null;
  return reasonNotLive();
}

/** What a command says it lacks to do its work here, or null. */
function lacking({ code, stderr }: Ran): string | null {
  return code === 4 ? stderr.trim().split("\n", 1)[0]! : null;
}

function hold({ command, shown, volatile, line }: ConsoleBlock, ran: Ran): void {
  // Beyond "a check failed", what a page shows is the refusal.
  const said = ran.code > 1 ? ran.stdout + ran.stderr : ran.stdout;
  if (shownMatches(shown, said, volatile)) return;
  assertEquals(said.trimEnd() || ran.stderr, shown, `line ${line}: ${command}`);
}

/**
 * Runs a page from its first command to its last, each a step of the test. A command that cannot do its work here is
 * skipped with its reason; the rest of the page is run all the same.
 *
 * @param t The test
 * @param text The page
 */
export async function runPage(t: Deno.TestContext, text: string): Promise<void> {
  using session = new PageSession();
  for (const block of consoleBlocks(text)) {
    const before = reasonNotTo(block);
    const ran = before === null ? await session.run(block.command) : null;
    const reason = ran === null ? before : lacking(ran);
    const skipped = reason === null ? "" : ` (skipped: ${reason})`;
    await t.step({
      name: `line ${block.line}: ${block.command}${skipped}`,
      ignore: reason !== null,
      fn: () => hold(block, ran!),
    });
  }
}

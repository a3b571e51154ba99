// What the pages about vectors and dead doorbells show of commands is what these print.
import { assert, assertEquals } from "@std/assert";
import { available, LiveBackend } from "@ioeventfd/kvm-live";
import { root } from "../tools/workspace.ts";
import { HostModels } from "./cases/host_models.ts";

const pages = ["docs/dead-doorbells.md", "docs/reimplementers.md"];

interface Block {
  readonly page: string;
  readonly command: readonly string[];
  readonly output: string;
}

/** Blocks marked `console`: a line that begins with `$`, then what it prints. */
function blocksOf(page: string): Block[] {
  const text = Deno.readTextFileSync(new URL(page, root));
  return [...text.matchAll(/^( *)```console\n([\s\S]*?)^\1```$/gm)].map(([, indent, body]) => {
    const lines = body!.split("\n").map((line) => line.slice(indent!.length));
    const [first, ...output] = lines;
    return { page, command: first!.replace(/^\$ /, "").split(" "), output: output.join("\n") };
  });
}

/** Files that a pattern such as `vectors/live/*.jsonl` names, as a shell would give them. */
function globbed(word: string): string[] {
  if (!word.includes("*")) return [word];
  const [folder, ending] = word.split("*");
  const names = [...Deno.readDirSync(new URL(folder!, root))].map(({ name }) => name);
  return names.filter((name) => name.endsWith(ending!)).sort().map((name) => folder! + name);
}

function run([program, ...words]: readonly string[]): { code: number; stdout: string } {
  const args = words.flatMap(globbed);
  const { code, stdout } = new Deno.Command(program === "deno" ? Deno.execPath() : program!, {
    args: program === "deno" ? ["task", "--quiet", ...args.slice(1)] : args,
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return { code, stdout: new TextDecoder().decode(stdout) };
}

function reasonNotTo({ command }: Block): string | null {
  const live = command[0] === "python3" || command.includes("kvm");
  if (!live) return null;
  const kvm = available();
  if (!kvm.ok) return kvm.reason.split(";", 1)[0]!;
  if (!new HostModels(new LiveBackend()).isAsObserved) return "this host is not like the recorded";
  if (command[0] !== "python3") return null;
  try {
    return run(["python3", "--version"]).code === 0 ? null : "there is no python3";
  } catch {
    return "there is no python3";
  }
}

const blocks = pages.flatMap(blocksOf);

for (const block of blocks) {
  const reason = reasonNotTo(block);
  const ignored = reason === null ? "" : ` (ignored: ${reason})`;
  Deno.test({
    name: `${block.page}: ${block.command.join(" ")}${ignored}`,
    ignore: reason !== null,
    fn: () => assertEquals(run(block.command).stdout.trimEnd(), block.output.trimEnd()),
  });
}

Deno.test("each page shows commands, and what they print", () => {
  for (const page of pages) {
    const own = blocks.filter((block) => block.page === page);
    assert(own.length >= 3, `${page}: ${own.length}`);
    assert(own.every(({ command, output }) => command.length > 1 && output.length > 10), page);
  }
});

import { root } from "../../tools/workspace.ts";
import type { Edit } from "./mutant.ts";

/** What the command needs to run from a copy. */
const copied = ["deno.json", "deno.lock", "packages", "apps", "vectors", "types"];

/** Text with an edit made. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`${file}: ${parts.length - 1} times, not once: ${JSON.stringify(find)}`);
}

/** A copy of the sources, in which mistakes can be made. */
export class MutatedSources implements Disposable {
  readonly #folder: string;

  constructor() {
    this.#folder = Deno.makeTempDirSync({ prefix: "ioeventfd-mutants-" });
    for (const name of copied) copy(new URL(name, root).pathname, `${this.#folder}/${name}`);
  }

  /** Makes the edits of one mistake for as long as the result lives. */
  edit(edits: readonly Edit[]): Disposable {
    const before = new Map<string, string>();
    for (const one of edits) {
      const path = `${this.#folder}/${one.file}`;
      const text = Deno.readTextFileSync(path);
      if (!before.has(path)) before.set(path, text);
      Deno.writeTextFileSync(path, edited(text, one));
    }
    return {
      [Symbol.dispose]: () => {
        for (const [path, text] of before) Deno.writeTextFileSync(path, text);
      },
    };
  }

  /** Runs the command from the copy; it may read, and nothing else. */
  async run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-read=.", "apps/cli/main.ts", ...args],
      cwd: this.#folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return {
      code: output.code,
      stdout: text.decode(output.stdout),
      stderr: text.decode(output.stderr),
    };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function copy(from: string, to: string): void {
  if (!Deno.statSync(from).isDirectory) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) {
    if (!/_test\.ts$|^testdata$|^live$|^derived$/.test(name)) {
      copy(`${from}/${name}`, `${to}/${name}`);
    }
  }
}

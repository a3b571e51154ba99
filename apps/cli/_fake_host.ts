import { InputError } from "./cli_error.ts";
import { BrokenPipeError, InterruptedError } from "./host.ts";
import type { Host, Output } from "./host.ts";
import { runCommandLine } from "./run_command_line.ts";

/** A world for tests. */
export interface FakeWorld {
  /** Files by path; `-` is stdin. Paths not here are read from disk. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly env?: Readonly<Record<string, string>>;
  /** stdout is a terminal. */
  readonly terminal?: boolean;
  /** The reader of stdout goes after so many writes. */
  readonly pipeBreaksAfter?: number;
  /** What a script of the shell writes; nothing unless given. */
  readonly shell?: (script: string) => string;
  /** Ctrl-C was pressed. */
  readonly interrupted?: boolean;
}

/** What a run left behind. */
export interface FakeRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly written: ReadonlyMap<string, string>;
}

/** Runs the command in a world of its own. */
export async function runFake(args: readonly string[], world: FakeWorld = {}): Promise<FakeRun> {
  const out: string[] = [], err: string[] = [];
  const written = new Map<string, string>();
  let writes = 0;
  const stdout = output(out, world.terminal ?? false, () => {
    if (writes++ === world.pipeBreaksAfter) throw new BrokenPipeError("broken pipe");
  });
  function bytes(path: string): Uint8Array {
    const content = world.files?.[path];
    if (typeof content === "string") return new TextEncoder().encode(content);
    if (content !== undefined) return content;
    try {
      return Deno.readFileSync(path);
    } catch {
      throw new InputError(`cannot read ${path}: no such file or directory`);
    }
  }
  const host: Host = {
    stdout,
    stderr: output(err, false, () => {}),
    env: (name) => world.env?.[name],
    open: (path) => Promise.resolve(new Blob([bytes(path).slice()]).stream()),
    size: (path) => Promise.resolve(bytes(path).length),
    follow: (path) => Promise.resolve(new Blob([bytes(path).slice()]).stream()),
    readText: (path) => Promise.resolve(new TextDecoder().decode(bytes(path))),
    async writeFile(path, data): Promise<void> {
      written.set(path, await new Response(data as BodyInit).text());
    },
    checkWritable: () => Promise.resolve(),
    shell: (script) => Promise.resolve(world.shell?.(script) ?? ""),
    interrupts:
      () => (world.interrupted
        ? AbortSignal.abort(new InterruptedError("interrupted"))
        : new AbortController().signal),
  };
  const code = await runCommandLine(args, host);
  return { code, stdout: out.join(""), stderr: err.join(""), written };
}

function output(into: string[], isTerminal: boolean, before: () => void): Output {
  return {
    isTerminal,
    columns: 80,
    rows: 24,
    write(text): Promise<void> {
      before();
      into.push(text);
      return Promise.resolve();
    },
  };
}

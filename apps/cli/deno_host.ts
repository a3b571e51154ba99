/**
 * The real world: the process's streams, files and signals.
 *
 * @module
 */
import { EnvironmentError, InputError } from "./cli_error.ts";
import { BrokenPipeError, InterruptedError } from "./host.ts";
import { follow } from "./_follow.ts";
import type { Host, Output } from "./host.ts";
import { utf8Text } from "./utf8_text.ts";

const encoder = new TextEncoder();
/** `deno task` passes on what the terminal has sent us already. */
const sameSignalMs = 500;

/** Streams, files and environment of this process. */
export function denoHost(): Host {
  const stdout = denoOutput(Deno.stdout);
  let interrupted: AbortController | undefined;
  return {
    stdout,
    stderr: denoOutput(Deno.stderr),
    env(name): string | undefined {
      const permission = Deno.permissions.querySync({ name: "env", variable: name });
      return permission.state === "granted" ? Deno.env.get(name) : undefined;
    },
    async open(path): Promise<ReadableStream<Uint8Array>> {
      if (path === "-") return Deno.stdin.readable;
      return await explain("read", path, async () => {
        const file = await Deno.open(path);
        if ((await file.stat()).isDirectory) {
          file.close();
          throw new InputError(`cannot read ${path}: it is a directory`);
        }
        return file.readable;
      });
    },
    async size(path): Promise<number | undefined> {
      const info = path === "-" ? undefined : await Deno.stat(path).catch(() => undefined);
      return info?.isFile === true && info.size > 0 ? info.size : undefined;
    },
    async follow(path, options): Promise<ReadableStream<Uint8Array>> {
      return follow(await explain("read", path, () => Deno.open(path)), options);
    },
    async readText(path): Promise<string> {
      const stream = await this.open(path);
      return await explain("read", path, () => utf8Text(stream, path));
    },
    async writeFile(path, data): Promise<void> {
      const bytes = typeof data === "string" ? encoder.encode(data) : data;
      if (path === "-" && bytes instanceof Uint8Array) return await writeAll(Deno.stdout, bytes);
      await explain(
        "write",
        path,
        () => bytes instanceof Uint8Array ? Deno.writeFile(path, bytes) : writeWhole(path, bytes),
      );
    },
    async checkWritable(path): Promise<void> {
      if (path !== "-") await explain("write", path, () => tryToWrite(path));
    },
    async shell(script): Promise<string> {
      const output = await startProcess("sh", {
        args: ["-c", script],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      }).output();
      return new TextDecoder().decode(output.stdout);
    },
    interrupts(): AbortSignal {
      if (interrupted === undefined) {
        const controller = interrupted = new AbortController();
        let at = -Infinity;
        const interrupt = (): void => {
          const again = controller.signal.aborted;
          if (again && performance.now() - at > sameSignalMs) Deno.exit(130);
          if (again) return;
          at = performance.now();
          controller.abort(new InterruptedError("interrupted"));
        };
        for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
          Deno.addSignalListener(signal, interrupt);
        }
      }
      return interrupted.signal;
    },
  };
}

/**
 * Starts a process.
 *
 * @param name Program
 * @param options Arguments and streams
 * @returns The process
 * @throws {EnvironmentError} when processes may not be started, or there is no such program
 */
export function startProcess(name: string, options: Deno.CommandOptions): Deno.ChildProcess {
  try {
    return new Deno.Command(name, options).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new EnvironmentError(`cannot start ${name}: not permitted; run with --allow-run`);
    }
    if (error instanceof Deno.errors.NotFound) {
      throw new EnvironmentError(`cannot start ${name}: no such program`);
    }
    throw error;
  }
}

function denoOutput(stream: typeof Deno.stdout): Output {
  const isTerminal = stream.isTerminal();
  return {
    isTerminal,
    get columns(): number {
      return isTerminal ? Deno.consoleSize().columns || 80 : 80;
    },
    get rows(): number {
      return isTerminal ? Deno.consoleSize().rows || 24 : 24;
    },
    write: (text) => writeAll(stream, encoder.encode(text)),
  };
}

async function writeAll(stream: typeof Deno.stdout, bytes: Uint8Array): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) done += await stream.write(bytes.subarray(done));
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new BrokenPipeError("broken pipe");
    if (error instanceof Error && "code" in error) {
      throw new EnvironmentError(`cannot write the output: ${error.message}`);
    }
    throw error;
  }
}

/** Leaves no half of a file where the stream fails. */
async function writeWhole(path: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  try {
    await Deno.writeFile(path, stream);
  } catch (error) {
    const { isFile } = await Deno.lstat(path).catch(() => ({ isFile: false }));
    if (isFile) await Deno.remove(path).catch(() => undefined);
    throw error;
  }
}

async function tryToWrite(path: string): Promise<void> {
  const there = await Deno.lstat(path).catch(() => null);
  // A pipe would wait for its reader, and a link may lead to what is not there.
  if (there !== null && !there.isFile && !there.isDirectory) return;
  (await Deno.open(path, { append: true, create: true })).close();
  if (there === null) await Deno.remove(path);
}

async function explain<T>(verb: string, path: string, work: () => Promise<T>): Promise<T> {
  if (path === "") throw new InputError(`cannot ${verb} a file without a name`);
  try {
    return await work();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new InputError(`cannot ${verb} ${path}: no such file or directory`);
    }
    if (error instanceof Deno.errors.IsADirectory) {
      throw new InputError(`cannot ${verb} ${path}: it is a directory`);
    }
    if (error instanceof Deno.errors.NotCapable) {
      const flag = /--allow-[a-z]+/.exec(error.message)?.[0] ?? `--allow-${verb}`;
      throw new InputError(`cannot ${verb} ${path}: not permitted; run with ${flag}`);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new InputError(`cannot ${verb} ${path}: permission denied`);
    }
    if (error instanceof Error && "code" in error) {
      throw new InputError(`cannot ${verb} ${path}: ${error.message}`);
    }
    throw error;
  }
}

/**
 * bpftrace as a process: started, waited for until its probes are attached, read, and ended.
 *
 * @module
 */
import { readyLines } from "@ioeventfd/capture";
import { startProcess } from "../deno_host.ts";
import { delay } from "./_record_target.ts";

const environment = {
  // Pages a CPU's buffer has: some 10,000 events.
  BPFTRACE_PERF_RB_PAGES: "256",
  BPFTRACE_MAP_KEYS_MAX: "16384",
  BPFTRACE_LOG_SIZE: "16777216",
};
const attachPatienceMs = 120_000;
const drainPatienceMs = 20_000;
const askMs = 30;

/** bpftrace could not do what it was asked to; the message is its own. */
export class TracerError extends Error {
  /** Class name. */
  override readonly name: string = "TracerError";
}

/** A running bpftrace. */
export class Tracer {
  readonly #child: Deno.ChildProcess;
  readonly #errors: Promise<string>;
  readonly #missing = new Set<string>(readyLines);
  #over = false;

  /**
   * Starts it, in a session of its own: Ctrl-C on the terminal must not end it before the last events are read.
   *
   * @param path Where bpftrace is
   * @param program Text of the program
   */
  constructor(path: string, program: string) {
    this.#child = startProcess(path, {
      args: ["-e", program],
      env: environment,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      detached: true,
    });
    this.#errors = new Response(this.#child.stderr).text();
    this.#child.status.then(() => this.#over = true);
  }

  /**
   * The text of the recording in chunks, without bpftrace's own words at the beginning. Ends with bpftrace.
   */
  async *text(): AsyncGenerator<Uint8Array> {
    let carried = "";
    for await (const chunk of this.#child.stdout) {
      if (this.#missing.size === 0) {
        yield chunk;
        continue;
      }
      const lines = (carried + textOf(chunk)).split("\n");
      carried = lines.pop()!;
      const events = lines.filter((line) => !this.#ownWord(line)).map((line) => `${line}\n`);
      if (this.#missing.size === 0) events.push(carried);
      if (events.length > 0) yield bytesOf(events.join(""));
    }
  }

  #ownWord(line: string): boolean {
    return this.#missing.delete(line) || line === "" || /^Attach(ing|ed) \d+ probe/.test(line);
  }

  /**
   * Waits until the probes are attached, while somebody reads the text.
   *
   * @param signal Ends the waiting
   * @throws {TracerError} when bpftrace ends instead, or does not see this process
   */
  async attached(signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + attachPatienceMs;
    while (this.#missing.size > 0) {
      signal.throwIfAborted();
      if (this.#over) throw await this.failure();
      if (performance.now() > deadline) {
        throw new TracerError(
          "its probes do not see this process: is it in a PID namespace of its own, a container's say",
        );
      }
      // An ioctl of this process for the probes to see.
      Deno.stdin.isTerminal();
      await delay(askMs);
    }
  }

  /** Why it ended, in its own words. */
  async failure(): Promise<TracerError> {
    const words = (await this.#errors).split("\n").map((line) => line.trim())
      // It says so wherever the limit cannot be raised, and goes on.
      .filter((line) => line !== "" && !line.includes("RLIMIT_MEMLOCK"));
    const errors = words.filter((line) => /error|fail|denied|permitted|can't|cannot/i.test(line));
    const { code, signal } = await this.#child.status;
    const said = (errors.length > 0 ? errors : words).slice(0, 3).join("; ");
    return new TracerError(said || `it ended with ${signal ?? `exit code ${code}`}`);
  }

  /** Lines about lost events that it wrote to stderr rather than among the events. Asked when it has ended. */
  async lostLines(): Promise<string[]> {
    const found = (await this.#errors).matchAll(/\blost (\d+) events/gi);
    return [...found].map(([, count]) => `Lost ${count} events`);
  }

  /** Ends it; it still gives what its buffers hold. */
  async stop(): Promise<void> {
    if (!this.#over) this.#child.kill("SIGINT");
    await Promise.race([this.#child.status, delay(drainPatienceMs)]);
    if (!this.#over) this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/** A letter for each byte: a comm may hold any. */
function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/**
 * The process that is recorded: one that is started for it and waits until the probes are there, or one that runs.
 *
 * @module
 */
import type { KnownEventfd } from "@ioeventfd/capture";
import { EnvironmentError, UsageError } from "../cli_error.ts";
import { startProcess } from "../deno_host.ts";
import type { Host } from "../host.ts";
import { shellWords } from "../_shell_words.ts";

/** How a process ended, for people: `the command ended with SIGKILL`. */
export type Ending = string;

/** What is recorded. */
export interface Target {
  /** Its process. */
  readonly pid: number;
  /** Eventfds it has already. */
  readonly eventfds: readonly KnownEventfd[];
  /** Resolves when a process that was started for the recording ends, or one that ran had ended before `begin`. */
  readonly ended: Promise<Ending>;
  /** Lets it begin, or sees whether it is still there: from now on its end is seen. */
  begin(): Promise<void>;
  /** Ends it, if it was started for the recording: as Ctrl-C would, then harder. */
  end(): Promise<void>;
}

const patienceMs = 2000;

/**
 * Starts a command that stops itself before its program runs. Its process keeps its number.
 *
 * @param host Where the command is looked for
 * @param command Program and arguments
 * @param stdoutToStderr Keep our stdout free of what it writes
 * @returns The stopped process
 * @throws {EnvironmentError} when there is no such program
 */
export async function startStopped(
  host: Pick<Host, "shell">,
  command: readonly string[],
  stdoutToStderr: boolean,
): Promise<Target> {
  const found = await host.shell(`command -v -- ${shellWords(command.slice(0, 1))}`);
  if (found.trim() === "") throw new EnvironmentError(`record: no program ${command[0]} here`);
  const output = stdoutToStderr ? " >&2" : "";
  const child = startProcess("sh", {
    args: ["-c", `kill -STOP $$; exec "$@"${output}`, "sh", ...command],
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  });
  let begun = false, over = false;
  const ended = child.status.then(({ code, signal }) => {
    over = true;
    return `the command ended with ${signal ?? `exit code ${code}`}`;
  });
  return {
    pid: child.pid,
    eventfds: [],
    ended,
    begin(): Promise<void> {
      begun = true;
      child.kill("SIGCONT");
      return Promise.resolve();
    },
    async end(): Promise<void> {
      const signals = begun ? ["SIGINT", "SIGTERM", "SIGKILL"] as const : ["SIGKILL"] as const;
      for (const signal of signals) {
        if (over) return;
        for (const pid of await family(host, child.pid)) killIfThere(pid, signal);
        await Promise.race([ended, delay(patienceMs)]);
      }
    },
  };
}

/**
 * A process that runs already.
 *
 * @param host Where it runs
 * @param pid Its number
 * @returns The process
 * @throws {UsageError} when there is none
 */
export async function runningTarget(host: Pick<Host, "shell">, pid: number): Promise<Target> {
  const links = await host.shell(
    `[ -d /proc/${pid} ] && echo there && cd /proc/${pid}/fd && ` +
      `for fd in *; do case $(readlink $fd) in *eventfd*) echo $fd;; esac; done`,
  );
  const [there, ...fds] = links.trim().split("\n");
  if (there !== "there") throw new UsageError(`--pid: no process ${pid}`);
  const gone = Promise.withResolvers<Ending>();
  return {
    pid,
    eventfds: fds.map((fd) => ({ pid, fd: Number(fd) })),
    ended: gone.promise,
    async begin(): Promise<void> {
      const state = await host.shell(`sed -n 's/^State:[[:space:]]*//p' /proc/${pid}/status`);
      if (/^([ZX]|$)/.test(state)) gone.resolve("the process had ended");
    },
    end: () => Promise.resolve(),
  };
}

/** A process and those it started, itself last. */
async function family(host: Pick<Host, "shell">, pid: number): Promise<number[]> {
  const lines = (await host.shell("ps -e -o pid= -o ppid=")).trim().split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const parent of found) {
    for (const [child, of] of pairs) if (of === parent) found.push(child!);
  }
  return found.reverse();
}

function killIfThere(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Waits. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

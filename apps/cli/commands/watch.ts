/**
 * `ioeventfd watch`: the doorbell table of a recording while it grows.
 *
 * @module
 */
import { CaptureError, readTrace, Replayer } from "@ioeventfd/capture";
import { InputError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { inputName } from "../host.ts";
import { unpackGzip } from "../unpack_gzip.ts";
import { type Moment, watchLine, watchScreen } from "./_watch_screen.ts";

const tickMs = 50, redrawMs = 250, lineMs = 2000, rateMs = 1000;
/** Alternate screen without a cursor, and back. */
const enter = "\x1b[?1049h\x1b[?25l", leave = "\x1b[?25h\x1b[?1049l";

/** `ioeventfd watch`. */
export const watch: Command = {
  name: "watch",
  summary: commandSummaries.watch,
  usage: "CAPTURE|- [--once]",
  description:
    `CAPTURE is a recording that somebody still writes: record, or bpftrace or trace-cmd into a file; - is
stdin. On a terminal the table is drawn four times a second, elsewhere a line is written every two
seconds in which something happened. It ends with Ctrl-C, with stdin, or with the last line of a
file that record wrote; the table that was reached stays.

What is shown is a replay in progress: each write went through the model, as replay does it. What is
concluded from a whole recording only, replay says.`,
  operands: [1, 1],
  options: [{ name: "once", summary: "Draw what is there, once, and end" }],
  examples: [
    {
      about: "what is in a recording so far",
      line: "watch captures/q35-virtio-blk.bpftrace.txt --once",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { operands, options, stdout } = context;
  const path = operands[0]!;
  const signal = context.interrupts();
  const replayer = new Replayer();
  const view = new View(context, replayer);
  const grows = !options.flag("once") && path !== "-" && !await isPacked(context, path);
  const stream = grows
    ? await context.follow(path, { signal, isWhole: endsAsRecordDoes })
    : await context.open(path);
  const timer = options.flag("once") ? undefined : setInterval(() => view.show(), tickMs);
  try {
    await readTrace(untilAborted(unpackGzip(stream), signal), replayer.parser);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    if (!signal.aborted) throw new InputError(`${inputName(path)}:${error.line}: ${error.message}`);
  } finally {
    clearInterval(timer);
    await view.close();
  }
  if (replayer.parser.counts.events > 0) await stdout.write(view.last());
  signal.throwIfAborted();
  return 0;
}

/** A packed recording does not grow line by line. */
async function isPacked(context: Context, path: string): Promise<boolean> {
  const reader = (await context.open(path)).getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return value?.[0] === 0x1f && value[1] === 0x8b;
}

function endsAsRecordDoes(tail: string): boolean {
  return /(^|\n)# end: [^\n]*\n$/.test(tail);
}

async function* untilAborted(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined));
  });
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), aborted]);
      if (next === undefined || next.done) return;
      yield next.value;
    }
  } finally {
    // A read of a terminal or a pipe does not end by being cancelled.
    reader.cancel().catch(() => {});
  }
}

/** What a person sees while the recording grows. */
class View {
  readonly #context: Context;
  readonly #replayer: Replayer;
  /** The states of the last second, to tell rates by. */
  #moments: Moment[] = [];
  #shownAt = -Infinity;
  #entered = false;
  #events = 0;

  /** @param context Where to draw @param replayer What to show */
  constructor(context: Context, replayer: Replayer) {
    this.#context = context;
    this.#replayer = replayer;
  }

  /** Draws, if it is time to. */
  async show(): Promise<void> {
    const { stdout } = this.#context;
    const now = performance.now();
    if (now - this.#shownAt < (stdout.isTerminal ? redrawMs : lineMs)) return;
    this.#shownAt = now;
    if (!stdout.isTerminal) return await this.#line();
    const moment = { replay: this.#replayer.soFar(), ms: now };
    this.#moments = [...this.#moments.filter(({ ms }) => ms >= now - rateMs), moment];
    const lines = this.#screen(moment, this.#moments[0]);
    const begin = this.#entered ? "" : enter;
    this.#entered = true;
    await stdout.write(`${begin}\x1b[H${lines.map((line) => `${line}\x1b[K\r\n`).join("")}\x1b[J`);
  }

  async #line(): Promise<void> {
    const { events } = this.#replayer.parser.counts;
    if (events === this.#events) return;
    this.#events = events;
    await this.#context.stdout.write(`${watchLine(this.#replayer.soFar())}\n`);
  }

  #screen(moment: Moment, before: Moment | undefined): string[] {
    const { operands, style, stdout: { columns, rows, isTerminal } } = this.#context;
    const name = inputName(operands[0]!);
    const size = isTerminal ? { rows: rows - 1, columns } : { rows: 40, columns: 200 };
    return watchScreen(moment, { name, before, style, ...size });
  }

  /** Gives the terminal back. */
  async close(): Promise<void> {
    if (this.#entered) await this.#context.stdout.write(leave);
    this.#entered = false;
  }

  /** The last table, which stays, with what is concluded at the end. */
  last(): string {
    const report = this.#replayer.finish();
    const replay = {
      ...report,
      malformed: report.malformed.count,
      contradictions: report.contradictionCount,
    };
    const moment = { replay, ms: performance.now() };
    return this.#screen(moment, undefined).map((line) => `${line}\n`).join("");
  }
}

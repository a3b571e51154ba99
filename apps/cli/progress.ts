/**
 * Progress on stderr, for terminals only, of anything that takes longer than a second.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import type { Context } from "./command.ts";

const quietMs = 1000, redrawMs = 100;

/** One bar: rate, and time left where the total is known. */
export class Progress {
  readonly #context: Pick<Context, "stderr" | "quiet">;
  readonly #label: string;
  readonly #total: number | undefined;
  readonly #start: number;
  readonly #now: () => number;
  #drawnAt = 0;

  /**
   * A bar that is not drawn yet.
   *
   * @param context Where to draw
   * @param label What is counted, e.g. `vectors`
   * @param total How many, if known
   * @param now Milliseconds of some clock
   */
  constructor(
    context: Pick<Context, "stderr" | "quiet">,
    label: string,
    total?: number,
    now: () => number = () => performance.now(),
  ) {
    this.#context = context;
    this.#label = label;
    this.#total = total;
    this.#now = now;
    this.#start = now();
  }

  /** So many are done. Cheap enough to be called for each. */
  async update(done: number): Promise<void> {
    const { stderr, quiet } = this.#context;
    if (quiet || !stderr.isTerminal) return;
    const now = this.#now();
    const elapsed = now - this.#start;
    if (elapsed < quietMs || now - this.#drawnAt < redrawMs) return;
    this.#drawnAt = now;
    await stderr.write(`\r\x1b[K${this.#line(done, elapsed / 1000).slice(0, stderr.columns - 1)}`);
  }

  /** Wipes the bar. */
  async finish(): Promise<void> {
    if (this.#drawnAt !== 0) await this.#context.stderr.write("\r\x1b[K");
    this.#drawnAt = 0;
  }

  #line(done: number, seconds: number): string {
    const rate = done / seconds;
    if (this.#label === "bytes") return this.#bytesLine(done, rate);
    const speed = `${grouped(Math.round(rate))} ${this.#label}/s`;
    if (this.#total === undefined) return `${grouped(done)} ${this.#label}, ${speed}`;
    const counts = `${grouped(done)}/${grouped(this.#total)}`;
    return `[${bar(done, this.#total)}] ${counts} ${speed}, ${left(done, this.#total, rate)}`;
  }

  #bytesLine(done: number, rate: number): string {
    const speed = `${megabytes(rate)}/s`;
    if (this.#total === undefined) return `${megabytes(done)}, ${speed}`;
    const part = `${Math.floor(100 * Math.min(1, done / this.#total))} % of ${
      megabytes(this.#total)
    }`;
    return `[${bar(done, this.#total)}] ${part}, ${speed}, ${left(done, this.#total, rate)}`;
  }
}

const width = 24;

function bar(done: number, total: number): string {
  const filled = Math.min(width, Math.floor((done / total) * width));
  return "#".repeat(filled) + "-".repeat(width - filled);
}

function left(done: number, total: number, rate: number): string {
  return `${rate > 0 ? Math.max(0, Math.ceil((total - done) / rate)) : 0} s left`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}

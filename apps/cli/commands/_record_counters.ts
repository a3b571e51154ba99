/**
 * What a recording holds so far, on stderr while it grows.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import { column, eventKind, type ParseCounts, rowWords, TraceParser } from "@ioeventfd/capture";
import type { EventBatch } from "@ioeventfd/capture";
import type { Context } from "../command.ts";

/** Counts events as their text comes by. */
export class RecordCounters {
  /** Guest writes: OUTs and memory-mapped stores. */
  writes = 0;
  /** Exits to userspace. */
  exits = 0;
  /** Calls of `KVM_IOEVENTFD`. */
  registrations = 0;
  readonly #stderr: Context["stderr"];
  readonly #draws: boolean;
  readonly #parser = new TraceParser((batch) => this.#count(batch));
  #start = 0;
  #drawnAt = 0;
  #drawnEvents = 0;
  #drawn = false;

  /**
   * Draws nothing while the recording goes to stdout: its reader, as `watch -`, may have the terminal.
   *
   * @param context Where to draw
   * @param path Where the recording goes
   */
  constructor({ stderr, quiet }: Pick<Context, "stderr" | "quiet">, path: string) {
    this.#stderr = stderr;
    this.#draws = !quiet && stderr.isTerminal && path !== "-";
  }

  /** Lines, events, lost events. */
  get counts(): ParseCounts {
    return this.#parser.counts;
  }

  /** The probes are attached. */
  begin(): void {
    this.#start = this.#drawnAt = performance.now();
  }

  /** Takes text of the recording, cut anywhere. */
  push(bytes: Uint8Array): void {
    this.#parser.push(bytes);
  }

  /** The recording is over. */
  end(): void {
    this.#parser.end();
  }

  /** Draws the counters where a person sees them; what the command itself writes goes over them. */
  async draw(): Promise<void> {
    if (!this.#draws) return;
    const stderr = this.#stderr;
    this.#drawn = true;
    if (this.#start === 0) return await stderr.write("\r\x1b[Kattaching probes…");
    const now = performance.now();
    this.#parser.flush();
    const { events } = this.counts;
    const rate = (events - this.#drawnEvents) / ((now - this.#drawnAt) / 1000);
    const seconds = ((now - this.#start) / 1000).toFixed(1);
    const text = `recording ${seconds} s: ${this.summary()}, ${grouped(Math.round(rate))} events/s`;
    this.#drawnAt = now;
    this.#drawnEvents = events;
    await stderr.write(`\r\x1b[K${text.slice(0, stderr.columns - 1)}\r`);
  }

  /** Wipes what was drawn. */
  async wipe(): Promise<void> {
    if (this.#drawn) await this.#stderr.write("\r\x1b[K");
    this.#drawn = false;
  }

  /** `1,234 events, 401 guest writes, 380 exits, 12 registrations, 0 lost`. */
  summary(): string {
    const { events, lostEvents } = this.counts;
    return `${grouped(events)} events, ${grouped(this.writes)} guest writes, ` +
      `${grouped(this.exits)} exits, ${grouped(this.registrations)} registrations, ` +
      `${grouped(lostEvents)} lost`;
  }

  #count({ words, length }: EventBatch): void {
    for (let i = 0; i < length; i++) {
      const row = i * rowWords;
      const kind = words[row + column.kind];
      if (kind === eventKind.userspaceExit) this.exits++;
      else if (kind === eventKind.ioeventfd) this.registrations++;
      else if (kind === eventKind.fastMmio) this.writes++;
      else if (kind === eventKind.mmio) this.writes += words[row + column.a] === 2 ? 1 : 0;
      else if (kind === eventKind.pio) this.writes += words[row + column.a] === 1 ? 1 : 0;
    }
  }
}

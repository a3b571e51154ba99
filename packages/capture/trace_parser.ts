/**
 * Bytes of a recording in, batches of events out.
 *
 * @module
 */
import * as eventFields from "./_event_fields.ts";
import { LineReader } from "./_line_header.ts";
import { NameCounts } from "./_name_counts.ts";
import { otherLine } from "./_other_line.ts";
import { ThreadTable } from "./thread_table.ts";
import { EventBatch } from "./trace_event.ts";
import * as traceEvent from "./trace_event.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { malformed, notOurs } = eventFields;
const { column, eventKind, rowWords } = traceEvent;

/** What a parser has seen so far. */
export interface ParseCounts {
  /** Lines, blank ones and headers included. */
  lines: number;
  /** Events of KVM that were understood. */
  events: number;
  /** Well-formed lines of other events. */
  otherEvents: number;
  /** Lines that are no event and no remark of a recorder. */
  malformed: number;
  /** Marks of lost events. */
  lostMarks: number;
  /** Events lost, where the marks say how many. */
  lostEvents: number;
}

const batchRows = 4096;
const keptLineNumbers = 10;
const longestLine = 1 << 16;

/**
 * Parses recordings of any size, a chunk at a time: bpftrace text, tracefs text, `trace-cmd report` and `perf script`,
 * line by line, so a file may mix them.
 *
 * @example Two lines, cut anywhere
 * ```ts
 * import { column, eventKind, TraceParser } from "@ioeventfd/capture";
 *
 * let writes = 0;
 * const parser = new TraceParser((batch) => {
 *   for (let i = 0; i < batch.length; i++) {
 *     if (batch.words[i * 16 + column.kind] === eventKind.pio) writes++;
 *   }
 * });
 * const line = " qemu-42 [000] .....  1.000001: kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f \n";
 * const bytes = new TextEncoder().encode(line + line);
 * parser.push(bytes.subarray(0, 30));
 * parser.push(bytes.subarray(30));
 * parser.end();
 * if (writes !== 2) throw new Error("two writes expected");
 * ```
 */
export class TraceParser {
  /** Threads seen. */
  readonly threads: ThreadTable = new ThreadTable();
  /** What was seen. */
  readonly counts: ParseCounts = {
    lines: 0,
    events: 0,
    otherEvents: 0,
    malformed: 0,
    lostMarks: 0,
    lostEvents: 0,
  };
  /** Line numbers of the first malformed lines. */
  readonly malformedLines: number[] = [];
  readonly #onBatch: (batch: EventBatch) => void;
  readonly #batch = new EventBatch(batchRows);
  readonly #reader = new LineReader(this.threads);
  readonly #names = new NameCounts();
  #kernelText = false;
  #carry = new Uint8Array(512);
  #carried = 0;
  #dropping = false;

  /**
   * A parser at line 1.
   *
   * @param onBatch Takes each batch; its rows are reused once it returns
   */
  constructor(onBatch: (batch: EventBatch) => void) {
    this.#onBatch = onBatch;
  }

  /** Names of the other events with their counts. */
  get otherEvents(): ReadonlyMap<string, number> {
    return this.#names.counts();
  }

  /**
   * Takes bytes.
   *
   * @param chunk Bytes, cut anywhere; not kept
   */
  push(chunk: Uint8Array): void {
    let from = 0;
    if (this.#carried > 0 || this.#dropping) {
      const newline = chunk.indexOf(10);
      from = newline < 0 ? chunk.length : newline + 1;
      this.#keep(chunk, 0, from);
      if (newline < 0) return;
      this.#finishCarried();
    }
    const last = chunk.lastIndexOf(10);
    if (last >= from) {
      this.#lines(chunk, from, last + 1);
      from = last + 1;
    }
    if (from < chunk.length) this.#keep(chunk, from, chunk.length);
  }

  /** Gives on the events read so far, of a recording that still grows. */
  flush(): void {
    this.#flush();
  }

  /** The recording ends here; a last line without a newline is read too. */
  end(): void {
    if (this.#carried > 0 || this.#dropping) {
      this.#keep(newline, 0, 1);
      this.#finishCarried();
    }
    this.#flush();
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    if (this.#dropping) return;
    const length = this.#carried + to - from;
    if (length > longestLine) {
      this.#dropping = true;
      return;
    }
    if (length > this.#carry.length) {
      const larger = new Uint8Array(Math.max(length, this.#carry.length * 2));
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
    }
    this.#carry.set(chunk.subarray(from, to), this.#carried);
    this.#carried = length;
  }

  #finishCarried(): void {
    if (this.#dropping) {
      this.counts.lines++;
      this.#malformed();
    } else {
      this.#lines(this.#carry, 0, this.#carried);
    }
    this.#dropping = false;
    this.#carried = 0;
  }

  /** Whole lines, the last byte a newline. */
  #lines(bytes: Uint8Array, from: number, to: number): void {
    const { words, times } = this.#batch;
    const reader = this.#reader;
    const counts = this.counts;
    let rowIndex = this.#batch.length;
    while (from < to) {
      const row = rowIndex * rowWords;
      counts.lines++;
      let end = this.#kernelText
        ? reader.ftrace(bytes, from, words, row)
        : reader.bpftrace(bytes, from, words, row);
      if (end < 0) end = this.#otherDialect(bytes, from, row, end);
      if (end >= 0) {
        words[row + column.line] = counts.lines;
        times[rowIndex] = reader.time;
        counts.events++;
        if (++rowIndex === batchRows) {
          this.#batch.length = rowIndex;
          this.#flush();
          rowIndex = 0;
        }
        while (bytes[end] !== 10) end++;
      } else {
        this.#batch.length = rowIndex;
        end = bytes.indexOf(10, from);
        this.#notAnEvent(bytes, from, end, row);
        rowIndex = this.#batch.length;
      }
      from = end + 1;
    }
    this.#batch.length = rowIndex;
  }

  #result = 0;

  /** The dialect of the last line did not fit this one: try the other, and stay with it if it fits. */
  #otherDialect(bytes: Uint8Array, from: number, row: number, first: number): number {
    this.#result = first;
    if (first === notOurs || first === malformed) return first;
    const words = this.#batch.words;
    const end = this.#kernelText
      ? this.#reader.bpftrace(bytes, from, words, row)
      : this.#reader.ftrace(bytes, from, words, row);
    this.#result = end;
    if (end >= 0 || end === notOurs) this.#kernelText = !this.#kernelText;
    return end;
  }

  #notAnEvent(bytes: Uint8Array, from: number, to: number, row: number): void {
    if (this.#result === notOurs) {
      this.counts.otherEvents++;
      this.#names.add(bytes, this.#reader.nameStart, this.#reader.nameEnd);
      return;
    }
    if (this.#result === malformed) return this.#malformed();
    const line = otherLine(bytes, from, to);
    if (line.what === "malformed") this.#malformed();
    else if (line.what === "lost") this.#lost(line.count, line.cpu, row);
  }

  #lost(count: number, cpu: number, row: number): void {
    this.counts.lostMarks++;
    this.counts.lostEvents += count;
    const { words, times, length } = this.#batch;
    words[row + column.kind] = eventKind.lost;
    words[row + column.line] = this.counts.lines;
    words[row + column.thread] = -1;
    words[row + column.a] = count;
    words[row + column.b] = cpu;
    times[length] = this.#reader.time;
    if (++this.#batch.length === batchRows) this.#flush();
  }

  #malformed(): void {
    this.counts.malformed++;
    if (this.malformedLines.length < keptLineNumbers) this.malformedLines.push(this.counts.lines);
  }

  #flush(): void {
    if (this.#batch.length > 0) this.#onBatch(this.#batch);
    this.#batch.length = 0;
  }
}

const newline = Uint8Array.of(10);

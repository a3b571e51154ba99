/**
 * The part of a line before the event: who, where and when. Two dialects.
 *
 * `3304226352000 19363/19365 qemu-system-x86 kvm_pio: …` is a bpftrace script's;
 * ` qemu-system-x86-19365 [001] .....  3304.226352: kvm_pio: …` is tracefs, trace-cmd (flags may be missing) and, with a
 * space before the thread and a comm of any spelling, perf script.
 *
 * @module
 */
import * as fieldParsers from "./_event_fields.ts";
import type { ThreadTable } from "./thread_table.ts";
import * as traceEvent from "./trace_event.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { eventFields, malformed, notOurs } = fieldParsers;
const { column } = traceEvent;

/** Neither dialect. */
const noHeader = -3;

/** TASK_COMM_LEN of the kernel, without the NUL. */
const commBytes = 15;
const fractions = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10, 1];

/** Reads lines into a row; what the last line gave is in its fields. */
export class LineReader {
  /** Nanoseconds of the line read last. */
  time = 0;
  /** Start and end of the name of an event that is not ours. */
  nameStart = 0;
  /** End of that name. */
  nameEnd = 0;
  readonly #threads: ThreadTable;
  #commLength = 0;

  /** @param threads Where threads are entered */
  constructor(threads: ThreadTable) {
    this.#threads = threads;
  }

  /**
   * Reads a line of a bpftrace recording.
   *
   * @returns Position after the fields, or why not: malformed, not ours, no header
   */
  bpftrace(bytes: Uint8Array, start: number, out: Int32Array, row: number): number {
    let p = start;
    let digit = bytes[p]! - 48;
    if (digit < 0 || digit > 9) return noHeader;
    let time = 0;
    do {
      // Nine digits at a time fit into a small integer, which is quicker than a sum of doubles.
      let part = 0;
      let scale = 1;
      do {
        part = part * 10 + digit;
        scale *= 10;
        digit = bytes[++p]! - 48;
      } while (digit >= 0 && digit <= 9 && scale < 1e9);
      time = time * scale + part;
    } while (digit >= 0 && digit <= 9);
    if (bytes[p] !== 32) return noHeader;
    let pid = 0;
    let from = ++p;
    while ((digit = bytes[p]! - 48) >= 0 && digit <= 9) {
      pid = pid * 10 + digit;
      p++;
    }
    if (bytes[p] !== 47 || p === from || p - from > 9) return noHeader;
    let tid = 0;
    from = ++p;
    while ((digit = bytes[p]! - 48) >= 0 && digit <= 9) {
      tid = tid * 10 + digit;
      p++;
    }
    if (bytes[p] !== 32 || p === from || p - from > 9) return noHeader;
    p++;
    this.time = time;
    let end = notOurs;
    let comm = p + this.#commLength;
    if (bytes[comm] === 32 && noNewline(bytes, p, comm)) {
      end = eventFields(bytes, comm + 1, out, row);
    }
    if (end < 0) {
      end = this.#searchEvent(bytes, p, out, row);
      if (end < 0) return end;
      comm = this.nameStart - 1;
      this.#commLength = comm - p;
    }
    out[row + column.thread] = this.#threads.index(pid, tid, bytes, p, comm);
    return end;
  }

  /** A comm may hold spaces and colons: the event is the first word after one that reads as an event. */
  #searchEvent(bytes: Uint8Array, comm: number, out: Int32Array, row: number): number {
    let result = noHeader;
    let at = 0;
    for (let p = comm; p <= comm + commBytes && bytes[p] !== 10; p++) {
      if (bytes[p] !== 32) continue;
      const end = eventFields(bytes, p + 1, out, row);
      if (end >= 0) {
        this.nameStart = p + 1;
        return end;
      }
      const wordEnd = end === notOurs ? eventNameEnd(bytes, p + 1) : -1;
      if (result === noHeader && (end === malformed || wordEnd >= 0)) {
        result = end;
        at = p + 1;
        this.nameEnd = wordEnd;
      }
    }
    this.nameStart = at;
    return result;
  }

  /**
   * Reads a line of kernel text: tracefs, trace-cmd report, perf script.
   *
   * @returns Position after the fields, or why not: malformed, not ours, no header
   */
  ftrace(bytes: Uint8Array, start: number, out: Int32Array, row: number): number {
    let p = start;
    for (;;) {
      let c: number;
      while ((c = bytes[p]!) !== 91 && c !== 10) p++;
      if (c === 10) return noHeader;
      const open = p++;
      let digit: number;
      while ((digit = bytes[p]! - 48) >= 0 && digit <= 9) p++;
      if (bytes[p] !== 93 || p === open + 1 || bytes[p + 1] !== 32) continue;
      const name = this.#timeAndName(bytes, p + 2);
      if (name < 0) continue;
      const end = eventFields(bytes, name, out, row);
      if (end < 0) {
        this.nameStart = name;
        this.nameEnd = end === notOurs ? eventNameEnd(bytes, name) : name;
        return this.nameEnd < 0 ? noHeader : end;
      }
      const thread = this.#taskBefore(bytes, start, open);
      if (thread < 0) return malformed;
      out[row + column.thread] = thread;
      return end;
    }
  }

  /** Flags, if any, then the time; gives where the event's name starts. */
  #timeAndName(bytes: Uint8Array, p: number): number {
    while (bytes[p] === 32) p++;
    let end = this.#clock(bytes, p);
    if (end < 0) {
      while (bytes[p]! > 32) p++;
      while (bytes[p] === 32) p++;
      end = this.#clock(bytes, p);
      if (end < 0) return -1;
    }
    while (bytes[end] === 32) end++;
    return bytes[end] === 10 ? -1 : end;
  }

  /** `3304.226352:`, seconds with a fraction of any length, or `3304226352:` as it is. */
  #clock(bytes: Uint8Array, p: number): number {
    let digit = bytes[p]! - 48;
    if (digit < 0 || digit > 9) return -1;
    let time = 0;
    do {
      time = time * 10 + digit;
      digit = bytes[++p]! - 48;
    } while (digit >= 0 && digit <= 9);
    if (bytes[p] === 46) {
      const dot = p++;
      let fraction = 0;
      while ((digit = bytes[p]! - 48) >= 0 && digit <= 9) {
        if (p - dot <= 9) fraction = fraction * 10 + digit;
        p++;
      }
      time = time * 1e9 + fraction * fractions[Math.min(p - dot - 1, 9)]!;
    }
    if (bytes[p] !== 58) return -1;
    this.time = time;
    return p + 1;
  }

  /** `comm-TID`, `comm-TID (TGID)`, `comm TID` or `comm PID/TID` before the CPU; gives the thread's index. */
  #taskBefore(bytes: Uint8Array, start: number, open: number): number {
    let p = open - 1;
    let pid = -1;
    while (p >= start && bytes[p] === 32) p--;
    if (bytes[p] === 41) {
      const groupEnd = p;
      while (p >= start && bytes[p] !== 40) p--;
      pid = decimalBetween(bytes, p + 1, groupEnd);
      p--;
      while (p >= start && bytes[p] === 32) p--;
    }
    const tidEnd = p + 1;
    while (p >= start && isDigit(bytes[p]!)) p--;
    const tid = decimalBetween(bytes, p + 1, tidEnd);
    if (tid < 0 || p < start) return -1;
    if (bytes[p] === 47) {
      const pidEnd = p--;
      while (p >= start && isDigit(bytes[p]!)) p--;
      pid = decimalBetween(bytes, p + 1, pidEnd);
    }
    return this.#threads.index(pid, tid, bytes, start, Math.max(p, start));
  }
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** The number between, blanks aside; -1 where there is none. */
function decimalBetween(bytes: Uint8Array, from: number, to: number): number {
  while (from < to && bytes[from] === 32) from++;
  if (from === to || to - from > 10) return -1;
  let value = 0;
  for (; from < to; from++) {
    if (!isDigit(bytes[from]!)) return -1;
    value = value * 10 + bytes[from]! - 48;
  }
  return value;
}

/** End of a word such as `sched_switch:` or `kvm:kvm_msr:`, or -1. */
function eventNameEnd(bytes: Uint8Array, p: number): number {
  const start = p;
  for (;; p++) {
    const c = bytes[p]!;
    const letter = (c | 32) >= 97 && (c | 32) <= 122;
    if (letter || c === 95 || (p > start && (isDigit(c) || c === 45 || c === 46))) continue;
    if (c !== 58 || p === start) return -1;
    const next = bytes[p + 1]!;
    if (next === 32 || next === 10 || next === 13) return p;
  }
}

function noNewline(bytes: Uint8Array, from: number, to: number): boolean {
  for (; from < to; from++) {
    if (bytes[from] === 10) return false;
  }
  return true;
}

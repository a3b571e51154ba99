/**
 * The events of a recording in order of time, judged.
 *
 * @module
 */
import {
  column,
  eventKind,
  EventQueue,
  readTrace,
  type ReplayedWrite,
  Replayer,
  TraceParser,
} from "@ioeventfd/capture";
import { errnoName, joinWords, kvmExitName } from "@ioeventfd/uapi";
import { EventOrder } from "./_event_order.ts";
import { callText } from "./_event_text.ts";
import type { ExportEvent, ExportKind } from "./export_event.ts";
import type { ExportOptions, RecordingOpener } from "./export_options.ts";
import { Places } from "./_places.ts";
import { tellMalformed } from "./_tell_malformed.ts";

/**
 * Reads a recording twice, first for its doorbell table, then for its events, and gives them on in order of time with
 * the row of the table that each write belongs to. A write is judged when its thread's next line is read: one that is
 * its thread's last comes at the end. Memory does not grow with the recording.
 *
 * @param open Gives the recording from its beginning, twice
 * @param take Takes events, some thousands at a time; may wait
 * @param options Kernel that was recorded, progress
 * @throws {CaptureError} for what is no recording
 *
 * @example
 * ```ts
 * import { readEvents } from "@ioeventfd/export";
 *
 * const text = new TextEncoder().encode(`1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
 * 1100 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xc010 len 2 fd 5 flags 0x2 ret 0
 * 2000 7/7 vmm kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x0
 * `);
 * const outcomes: unknown[] = [];
 * await readEvents(() => text, (events) => {
 *   for (const { outcome } of events) if (outcome !== null) outcomes.push(outcome);
 * });
 * if (outcomes.join() !== "ioeventfd") throw new Error("one signal");
 * ```
 */
export async function readEvents(
  open: RecordingOpener,
  take: (events: readonly ExportEvent[]) => void | Promise<void>,
  options: ExportOptions = {},
): Promise<void> {
  let read = 0;
  const { onProgress } = options;
  const places = await Places.read(open, {
    ...options,
    ...(onProgress === undefined ? {} : { onProgress: (bytes) => onProgress(read = bytes) }),
  });
  const ready: ExportEvent[] = [];
  const order = new EventOrder((event) => ready.push(event));
  const parser = new JudgingParser(options, places, order);
  await readTrace(await open(), parser, async (bytes) => {
    await onProgress?.(read + bytes);
    if (ready.length > 0) await take(ready.splice(0));
  });
  tellMalformed(parser, options);
  parser.finish();
  order.end();
  if (ready.length > 0) await take(ready);
}

const pieceBytes = 1 << 16;

/** Parses for the events, and lets a replay judge the writes. */
class JudgingParser extends TraceParser {
  readonly #replayer: Replayer;
  readonly #queue: EventQueue;
  readonly #places: Places;
  readonly #order: EventOrder;

  constructor(options: ExportOptions, places: Places, order: EventOrder) {
    super((batch) => this.#queue.push(batch));
    this.#places = places;
    this.#order = order;
    this.#queue = new EventQueue((words, row, time) => this.#event(words, row, time));
    const { recordedOn } = options;
    this.#replayer = new Replayer({
      ...(recordedOn === undefined ? {} : { recordedOn }),
      onWrite: (write) => this.#write(write),
    });
  }

  /** Both get a piece at a time, so that neither runs ahead of the other. */
  override push(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.length; from += pieceBytes) {
      const piece = chunk.subarray(from, from + pieceBytes);
      super.push(piece);
      this.#replayer.parser.push(piece);
    }
  }

  override end(): void {
    super.end();
    this.#replayer.parser.end();
  }

  finish(): void {
    this.#queue.end();
    this.#replayer.finish();
  }

  #event(words: Int32Array, row: number, timeNs: number): void {
    const kind = words[row + column.kind]!;
    if (isWrite(kind, words[row + column.a]!)) return;
    const thread = this.threads.threads[words[row + column.thread]!];
    this.#order.push({
      ...blank,
      timeNs,
      line: words[row + column.line]!,
      process: thread?.pid ?? -1,
      thread: thread?.tid ?? -1,
      comm: thread?.comm ?? "",
      ...fieldsOf(kind, words, row),
    });
  }

  #write(write: ReplayedWrite): void {
    const thread = this.#replayer.parser.threads.threads[write.thread]!;
    this.#order.pushLate({
      ...blank,
      timeNs: write.time,
      line: write.line,
      process: thread.pid,
      thread: thread.tid,
      comm: thread.comm,
      event: "write",
      bus: write.bus,
      addr: joinWords(write.lo, write.hi),
      len: write.len,
      value: joinWords(write.valueLo, write.valueHi),
      ...this.#places.of(write),
      gapNs: write.gap < 0 ? null : write.gap,
      fd: write.eventfd < 0 ? null : write.eventfd,
    });
  }
}

const blank = {
  vm: null,
  bus: null,
  addr: null,
  len: null,
  value: null,
  count: null,
  registration: null,
  doorbellLen: null,
  datamatch: null,
  name: null,
  outcome: null,
  gapNs: null,
  fd: null,
  detail: null,
  ret: null,
} as const;

function isWrite(kind: number, a: number): boolean {
  return kind === eventKind.fastMmio || (kind === eventKind.mmio && a === 2) ||
    (kind === eventKind.pio && a === 1);
}

const kinds: Readonly<Record<number, ExportKind>> = {
  [eventKind.guestEntry]: "guest-entry",
  [eventKind.guestExit]: "guest-exit",
  [eventKind.userspaceExit]: "exit",
  [eventKind.lost]: "lost",
  [eventKind.eventfdRead]: "eventfd-read",
  [eventKind.eventfdWrite]: "eventfd-write",
  [eventKind.pio]: "read",
};

function fieldsOf(
  kind: number,
  words: Int32Array,
  row: number,
): { readonly event: ExportKind } & Partial<ExportEvent> {
  const at = (index: number): number => words[row + index]!;
  const value = joinWords(at(column.valueLo), at(column.valueHi));
  const event = kinds[kind] ?? "call";
  switch (kind) {
    case eventKind.mmio: {
      const addr = joinWords(at(column.addrLo), at(column.addrHi));
      const unsatisfied = at(column.a) === 0;
      return {
        event: unsatisfied ? "unsatisfied-read" : "read",
        bus: "mmio",
        addr,
        len: at(column.b),
        value: unsatisfied ? null : value,
      };
    }
    case eventKind.pio: {
      const addr = joinWords(at(column.addrLo), 0);
      const known = at(column.noValue) === 0;
      const count = at(column.c);
      return { event, bus: "pio", addr, len: at(column.b), count, value: known ? value : null };
    }
    case eventKind.userspaceExit: {
      const errno = at(column.b), reason = at(column.a);
      const name = errno < 0
        ? errnoName(-errno) ?? `errno ${-errno}`
        : kvmExitName(reason) ?? `KVM_EXIT ${reason}`;
      return { event, detail: name, ret: errno };
    }
    case eventKind.lost:
      return { event, count: at(column.a) };
    case eventKind.guestEntry:
    case eventKind.guestExit:
      return { event };
    case eventKind.eventfdRead:
    case eventKind.eventfdWrite:
      return { event, fd: at(column.d), value, ret: at(column.ret) };
    default:
      return { event, detail: callText(words, row), ret: at(column.ret) };
  }
}

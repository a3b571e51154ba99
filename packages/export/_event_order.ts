import { restartNs } from "@ioeventfd/capture";
import type { ExportEvent } from "./export_event.ts";

/** Events held back: a write is judged when its thread's next line is read, and comes that much late. */
const held = 1 << 15;

/** Puts events in order of time, then line, as far as they are not later than what it holds. */
export class EventOrder {
  readonly #sink: (event: ExportEvent) => void;
  readonly #heap: ExportEvent[] = [];
  #latest = -Infinity;

  constructor(sink: (event: ExportEvent) => void) {
    this.#sink = sink;
  }

  /** An event as the recording has it. */
  push(event: ExportEvent): void {
    if (event.timeNs < this.#latest - restartNs) this.end();
    if (event.timeNs > this.#latest) this.#latest = event.timeNs;
    this.pushLate(event);
  }

  /** An event that may be of long ago. */
  pushLate(event: ExportEvent): void {
    this.#up(event);
    if (this.#heap.length > held) this.#sink(this.#pop());
  }

  /** Gives on all that is held. */
  end(): void {
    while (this.#heap.length > 0) this.#sink(this.#pop());
    this.#latest = -Infinity;
  }

  #up(event: ExportEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): ExportEvent {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    const size = heap.length;
    if (size === 0) return first;
    let at = 0;
    for (let child = 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: ExportEvent, b: ExportEvent): boolean {
  return a.timeNs < b.timeNs || (a.timeNs === b.timeNs && a.line < b.line);
}

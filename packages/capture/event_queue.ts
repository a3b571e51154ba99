/**
 * Puts events back in the order of time.
 *
 * A bpftrace recording is written CPU by CPU, a buffer at a time, so lines of different CPUs come late by some
 * milliseconds; a thread that changed its CPU has its own lines out of order then.
 *
 * @module
 */
import type { EventBatch } from "./trace_event.ts";
import * as traceEvent from "./trace_event.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { rowWords } = traceEvent;

/** Takes one event: its row in `words` starts at `row`. */
export type EventSink = (words: Int32Array, row: number, time: number) => void;

const held = 1 << 14;
const positions = held * 4;
/** A step back of so many nanoseconds is another recording behind the first, not a late line. */
export const restartNs = 1e9;

/** Holds the last 16,384 events and gives them on in order of time; equal times keep the order of the file. */
export class EventQueue {
  readonly #sink: EventSink;
  readonly #words = new Int32Array(held * rowWords);
  readonly #times = new Float64Array(held);
  /** Slots by time, from head to tail. */
  readonly #order = new Int32Array(positions);
  /** Slots in nobody's use. */
  readonly #free = Int32Array.from({ length: held }, (_, i) => held - 1 - i);
  #freeCount = held;
  #head = 0;
  #tail = 0;
  #latest = -Infinity;

  /**
   * An empty queue.
   *
   * @param sink Takes each event in order
   */
  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /**
   * Takes events.
   *
   * @param batch Events as the file has them; not kept
   */
  push(batch: EventBatch): void {
    const { words, times, length } = batch;
    for (let i = 0; i < length; i++) {
      const time = times[i]!;
      if (time < this.#latest - restartNs) this.end();
      const slot = this.#freeSlot();
      const from = i * rowWords;
      const to = slot * rowWords;
      for (let j = 0; j < rowWords; j++) this.#words[to + j] = words[from + j]!;
      this.#times[slot] = time;
      if (time >= this.#latest) {
        this.#latest = time;
        this.#order[this.#tail++] = slot;
      } else {
        this.#insert(slot, time);
      }
    }
  }

  /**
   * Gives on what is older than the latest event by more than so much.
   *
   * @param ns Nanoseconds
   */
  release(ns: number): void {
    const until = this.#latest - ns;
    while (this.#head < this.#tail && this.#times[this.#order[this.#head]!]! < until) {
      this.#free[this.#freeCount++] = this.#pop();
    }
  }

  /** Gives on all that is held. */
  end(): void {
    while (this.#head < this.#tail) this.#free[this.#freeCount++] = this.#pop();
    this.#head = this.#tail = 0;
    this.#latest = -Infinity;
  }

  #pop(): number {
    const slot = this.#order[this.#head++]!;
    this.#sink(this.#words, slot * rowWords, this.#times[slot]!);
    return slot;
  }

  #freeSlot(): number {
    if (this.#tail === positions) {
      this.#order.copyWithin(0, this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return this.#freeCount > 0 ? this.#free[--this.#freeCount]! : this.#pop();
  }

  #insert(slot: number, time: number): void {
    let low = this.#head;
    let high = this.#tail;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[this.#order[middle]!]! <= time) low = middle + 1;
      else high = middle;
    }
    this.#order.copyWithin(low + 1, low, this.#tail++);
    this.#order[low] = slot;
  }
}

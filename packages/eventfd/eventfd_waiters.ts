/**
 * Who waits for an eventfd, and the guard against signals from within its wakes.
 *
 * @module
 */
import type { EventfdRules } from "@ioeventfd/uapi";
import { newCell, signalSlowly, thread } from "./_counter_cells.ts";
import { WaitQueue } from "./wait_queue.ts";
import * as scratch from "./_words.ts";
import type { CounterCell } from "./signal_cell.ts";
import type { WaitEntry, Waiter, WaiterOptions } from "./wait_queue.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { pair } = scratch.words;

/** The wait queue of an eventfd. */
export class EventfdWaiters implements CounterCell {
  /** Words of the counter, and of others'. */
  declare readonly cells: Int32Array;
  /** Index of its low word; the high one follows. */
  declare readonly at: number;
  /** Made when the first waiter comes. */
  protected queue: WaitQueue | null = null;
  /** Signals refused because they came from within an eventfd wake; the kernel warns about the first. */
  refusedSignals = 0;
  /** Rules of the kernel release. */
  declare readonly rules: EventfdRules;

  /**
   * Nobody waits yet.
   *
   * @param rules Rules of the kernel release
   */
  constructor(rules: EventfdRules) {
    this.rules = rules;
    const { cells, at } = newCell();
    this.cells = cells;
    this.at = at;
  }

  /**
   * Queues a waiter, which every signal, write and read wakes.
   *
   * @param waiter Who is called
   * @param options Where, and whether it ends the walk
   * @returns Its place in the queue
   */
  addWaiter(waiter: Waiter, options?: WaiterOptions): WaitEntry {
    this.queue ??= new WaitQueue();
    signalSlowly(this);
    return this.queue.add(waiter, options);
  }

  /**
   * Takes a waiter out.
   *
   * @param entry Its place
   * @returns False when it was no longer queued
   */
  removeWaiter(entry: WaitEntry): boolean {
    return this.queue !== null && this.queue.remove(entry);
  }

  /** A priority waiter is queued: 6.19 refuses a second one with EBUSY. */
  get hasPriorityWaiter(): boolean {
    return this.queue !== null && this.queue.hasPriorityWaiter;
  }

  /**
   * Wakes everybody, as the kernel does when the last descriptor is closed.
   *
   * @param mask `POLL*` bits handed to each waiter
   * @param guarded Signals from within are refused, as in the wakes of a signal, and where the release says so in those of
   * a read and a write; not in those of the last close and of a waiter's removal
   */
  wakeWaiters(mask: number, guarded = true): void {
    if (this.queue === null || this.queue.empty) return;
    const outer = thread[0]!;
    // What a read took is still there; waiters may read and write too.
    const lo = pair[0]!, hi = pair[1]!;
    if (guarded) thread[0] = 1;
    try {
      this.queue.wake(mask);
    } finally {
      thread[0] = outer;
      pair[0] = lo;
      pair[1] = hi;
    }
  }

  /** Whether anybody waits in this thread. */
  protected get hasWaiters(): boolean {
    return this.queue !== null && !this.queue.empty;
  }

  /** Whether a signal now is refused as nested; counts those that are. */
  protected refusesSignal(): boolean {
    if (thread[0] === 0 || !this.rules.refusesNestedSignal) return false;
    this.refusedSignals++;
    return true;
  }
}

/**
 * Who waits for an eventfd, and the guard against signals from within its wakes.
 *
 * @module
 */
import type { EventfdRules } from "@ioeventfd/uapi";
import { WaitQueue } from "./wait_queue.ts";
import type { WaitEntry, Waiter, WaiterOptions } from "./wait_queue.ts";

/** This thread is in the callbacks of an eventfd wake: `current->in_eventfd`. */
let inEventfd = false;

/** The wait queue of an eventfd. */
export class EventfdWaiters {
  /** Rules of the kernel release. */
  readonly rules: EventfdRules;
  /** Signals refused because they came from within an eventfd wake; the kernel warns about the first. */
  refusedSignals = 0;
  /** Made when the first waiter comes. */
  protected queue: WaitQueue | null = null;

  /**
   * Nobody waits yet.
   *
   * @param rules Rules of the kernel release
   */
  constructor(rules: EventfdRules) {
    this.rules = rules;
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
   */
  wakeWaiters(mask: number): void {
    if (this.queue === null || this.queue.empty) return;
    const outer = inEventfd;
    inEventfd = true;
    try {
      this.queue.wake(mask);
    } finally {
      inEventfd = outer;
    }
  }

  /** Whether anybody waits in this thread. */
  protected get hasWaiters(): boolean {
    return this.queue !== null && !this.queue.empty;
  }

  /** Whether a signal now is refused as nested; counts those that are. */
  protected refusesSignal(): boolean {
    if (!inEventfd || !this.rules.refusesNestedSignal) return false;
    this.refusedSignals++;
    return true;
  }
}

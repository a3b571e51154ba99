/**
 * The kernel's wait queue: an ordered list of callbacks, walked from its head by each wake.
 *
 * @module
 */

/** Something that waits. */
export interface Waiter {
  /**
   * Called by each wake, inside the call that caused it.
   *
   * @param mask `POLL*` bits of the cause: POLLIN of a write or signal, POLLOUT of a read, POLLHUP of the last close
   * @returns Whether it took the wake; an exclusive waiter that did ends the walk
   */
  wake(mask: number): boolean;
}

/**
 * Where a waiter queues: at the `head` (polls, epoll, select), at the `tail`, or before all others (`priority`, which
 * is what irqfd asks for since v5.11).
 */
export type WaiterPlace = "head" | "tail" | "priority";

/** Options of {@linkcode WaitQueue.add}. */
export interface WaiterOptions {
  /** Where it queues; `head` unless told otherwise. */
  readonly place?: WaiterPlace;
  /** The walk ends after it when it took the wake. */
  readonly exclusive?: boolean;
}

/** A waiter's place in a queue, to be given back for its removal. */
export interface WaitEntry {
  /** Who waits. */
  readonly waiter: Waiter;
  /** Queued with {@linkcode WaiterPlace} `priority`. */
  readonly priority: boolean;
  /** The walk ends after it when it took the wake. */
  readonly exclusive: boolean;
  /** Still in the queue. */
  readonly queued: boolean;
}

class Entry implements WaitEntry {
  readonly waiter: Waiter;
  readonly priority: boolean;
  readonly exclusive: boolean;
  queued = true;
  previous: Entry | null = null;
  next: Entry | null = null;

  constructor(waiter: Waiter, priority: boolean, exclusive: boolean) {
    this.waiter = waiter;
    this.priority = priority;
    this.exclusive = exclusive;
  }
}

/**
 * A wait queue. Waking allocates nothing.
 *
 * @example Exclusive waiters stop the walk
 * ```ts
 * import { POLLIN, WaitQueue } from "@ioeventfd/eventfd";
 *
 * const woken: string[] = [];
 * const queue = new WaitQueue();
 * queue.add({ wake: () => woken.push("plain") > 0 });
 * queue.add({ wake: () => woken.push("irqfd") > 0 }, { place: "priority", exclusive: true });
 * queue.wake(POLLIN);
 * if (woken.join() !== "irqfd") throw new Error("the walk goes on");
 * ```
 */
export class WaitQueue {
  #head: Entry | null = null;
  #tail: Entry | null = null;

  /** Nobody waits. */
  get empty(): boolean {
    return this.#head === null;
  }

  /** A priority waiter is queued: 6.19 refuses a second one with EBUSY. */
  get hasPriorityWaiter(): boolean {
    return this.#head !== null && this.#head.priority;
  }

  /**
   * Queues a waiter.
   *
   * @param waiter Who is called
   * @param options Where, and whether it ends the walk
   * @returns Its place, for {@linkcode WaitQueue.remove}
   */
  add(waiter: Waiter, options: WaiterOptions = {}): WaitEntry {
    const place = options.place ?? "head";
    const entry = new Entry(waiter, place === "priority", options.exclusive === true);
    if (place === "tail") this.#link(entry, this.#tail);
    else if (place === "priority") this.#link(entry, null);
    else this.#link(entry, this.#lastPriority());
    return entry;
  }

  /**
   * Takes a waiter out.
   *
   * @param entry What {@linkcode WaitQueue.add} returned
   * @returns False when it was no longer queued
   */
  remove(entry: WaitEntry): boolean {
    const at = entry as Entry;
    if (!at.queued) return false;
    at.queued = false;
    if (at.previous === null) this.#head = at.next;
    else at.previous.next = at.next;
    if (at.next === null) this.#tail = at.previous;
    else at.next.previous = at.previous;
    return true;
  }

  /**
   * Calls the waiters from the head on, up to the first exclusive one that takes the wake.
   *
   * @param mask `POLL*` bits handed to each
   */
  wake(mask: number): void {
    // KERNEL 6.19 kernel/sched/wait.c __wake_up_common
    let entry = this.#head;
    while (entry !== null) {
      const next: Entry | null = entry.next;
      if (entry.queued && entry.waiter.wake(mask) && entry.exclusive) return;
      entry = next;
    }
  }

  // KERNEL 6.19 include/linux/wait.h __add_wait_queue: behind the priority waiters
  #lastPriority(): Entry | null {
    let last: Entry | null = null;
    for (let at = this.#head; at !== null && at.priority; at = at.next) last = at;
    return last;
  }

  #link(entry: Entry, after: Entry | null): void {
    const before = after === null ? this.#head : after.next;
    entry.previous = after;
    entry.next = before;
    if (after === null) this.#head = entry;
    else after.next = entry;
    if (before === null) this.#tail = entry;
    else before.previous = entry;
  }
}

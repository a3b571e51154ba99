import { KvmError } from "@ioeventfd/uapi";
import type { Waiter } from "./wait_queue.ts";

/** How a caller that waits may be called off. */
export interface WaitOptions {
  /** Stands for a signal to the waiting thread: the call ends with EINTR. */
  readonly interrupt?: AbortSignal;
}

/** A call that waits. */
export interface Wait<T> extends WaitOptions {
  /** What is waited for; undefined while it is not there. An exception ends the wait with it. */
  readonly attempt: () => T | undefined;
  /** Queues the waiter and returns how to take it out. */
  readonly enqueue: (waiter: Waiter) => () => void;
  /** Gives up after so many milliseconds, with what {@linkcode Wait.timedOut} returns; never when left out. */
  readonly timeoutMs?: number;
  /** The answer when time is up. */
  readonly timedOut?: () => T;
}

/**
 * Waits as a kernel thread does: a wake only makes it runnable, and it looks again when it runs. Threads woken together
 * run in the order in which they were woken; who finds nothing left sleeps again.
 */
export async function waitFor<T>(wait: Wait<T>): Promise<T> {
  const atOnce = wait.attempt();
  if (atOnce !== undefined) return atOnce;
  if (wait.timeoutMs === 0) return wait.timedOut!();
  const sleep = new Sleep(wait);
  return await sleep.result;
}

class Sleep<T> implements Waiter {
  readonly result: Promise<T>;
  readonly #wait: Wait<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  readonly #dequeue: () => void;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  /** Woken, not asleep again yet: a wake passes on to the next waiter. */
  #awake = false;
  #done = false;

  constructor(wait: Wait<T>) {
    this.#wait = wait;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#dequeue = wait.enqueue(this);
    const { interrupt, timeoutMs } = wait;
    interrupt?.addEventListener("abort", this.#onInterrupt);
    if (timeoutMs !== undefined && timeoutMs > 0) {
      this.#timer = setTimeout(
        () => this.#giveUp(() => this.#resolve(wait.timedOut!())),
        timeoutMs,
      );
    }
    // Another thread may have acted between the first look and the place in the queue.
    this.#look();
    if (interrupt?.aborted === true) this.#onInterrupt();
  }

  wake(): boolean {
    if (this.#awake) return false;
    this.#awake = true;
    queueMicrotask(this.#look);
    return true;
  }

  readonly #look = (): void => {
    if (this.#done) return;
    this.#awake = true;
    try {
      const result = this.#wait.attempt();
      if (result !== undefined) this.#finish(() => this.#resolve(result));
    } catch (error) {
      this.#finish(() => this.#reject(error));
    }
    this.#awake = false;
  };

  readonly #onInterrupt = (): void => {
    this.#giveUp(() => this.#reject(new KvmError("EINTR", interrupted)));
  };

  #giveUp(how: () => void): void {
    this.#look();
    if (!this.#done) this.#finish(how);
  }

  #finish(how: () => void): void {
    this.#done = true;
    this.#dequeue();
    this.#wait.interrupt?.removeEventListener("abort", this.#onInterrupt);
    clearTimeout(this.#timer);
    how();
  }
}

const interrupted = { check: "interrupted", detail: "A signal came before there was anything" };

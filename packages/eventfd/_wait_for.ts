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
  /** Wakes without one of these `POLL*` bits are ignored; blocked reads and writes take every wake. */
  readonly key?: number;
  /** Gives up after so many milliseconds, with what {@linkcode Wait.timedOut} returns; never when left out. */
  readonly timeoutMs?: number;
  /** The answer when time is up. */
  readonly timedOut?: () => T;
}

/**
 * Waits as a kernel thread does: a wake only makes it runnable, and it looks again when it runs. Threads woken together
 * run in the order in which they were woken; who finds nothing left sleeps again.
 */
export function waitFor<T>(wait: Wait<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const { interrupt, key } = wait;
  let done = false;
  let runnable = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const finish = (how: () => void): void => {
    if (done) return;
    done = true;
    dequeue();
    interrupt?.removeEventListener("abort", onInterrupt);
    if (timer !== undefined) clearTimeout(timer);
    how();
  };
  const run = (): void => {
    runnable = false;
    if (done) return;
    try {
      const result = wait.attempt();
      if (result !== undefined) finish(() => resolve(result));
    } catch (error) {
      finish(() => reject(error));
    }
  };
  const onInterrupt = (): void => {
    run();
    finish(() => reject(new KvmError("EINTR", interrupted)));
  };
  const waiter: Waiter = {
    wake(mask: number): boolean {
      if (key !== undefined && (mask & key) === 0) return false;
      if (!runnable) {
        runnable = true;
        queueMicrotask(run);
      }
      return true;
    },
  };
  const dequeue = wait.enqueue(waiter);
  interrupt?.addEventListener("abort", onInterrupt);
  if (wait.timeoutMs !== undefined && wait.timeoutMs >= 0) {
    timer = setTimeout(() => {
      run();
      finish(() => resolve(wait.timedOut!()));
    }, wait.timeoutMs);
  }
  if (interrupt?.aborted === true) onInterrupt();
  else run();
  return promise;
}

const interrupted = { check: "interrupted", detail: "A signal came before there was anything" };

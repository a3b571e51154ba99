import { KvmError } from "@ioeventfd/uapi";
import type { SharedCount } from "./_shared_count.ts";
import type { Sleepers } from "./_sleepers.ts";

/** Leaves the core to its other thread for a moment, where the host can. */
const pause: () => void = (Atomics as { pause?(): void }).pause ?? (() => {});

/**
 * Looks before a sleep: a tenth of a millisecond, as it takes tens of microseconds to wake a thread on another CPU. With
 * fewer, two threads that answer each other both sleep each time, and never find out that looking would do.
 */
const looks = 2048;
/** Sleeps without a look after looks that proved useless: doubles up to this. */
const mostBlindSleeps = 512;

/** Options of a call that blocks its thread. */
export interface BlockingOptions {
  /** Stands for a signal to the thread after so many milliseconds: the call ends with EINTR. */
  readonly interruptAfterMs?: number;
  /** Sleeps without a look for up to a tenth of a millisecond first, which takes less of the CPU and, on two of them, longer. */
  readonly sleepsAtOnce?: boolean;
}

/** Puts this thread to sleep on shared memory. */
export class ThreadSleep {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #count: SharedCount;
  #blindSleeps = 0;
  #blindSleepsLeft = 0;

  /**
   * @param words Shared memory
   * @param count The counter in it
   */
  constructor(words: Int32Array<SharedArrayBuffer>, count: SharedCount) {
    this.#words = words;
    this.#count = count;
  }

  /**
   * Sleeps until the attempt succeeds.
   *
   * @param attempt What is waited for
   * @param sleepers Whom to sleep among
   * @param options When to give up
   */
  until(attempt: () => boolean, sleepers: Sleepers, options: BlockingOptions = {}): void {
    if (attempt() || options.sleepsAtOnce !== true && this.#spin(attempt)) return;
    const limit = options.interruptAfterMs;
    const deadline = limit === undefined ? undefined : performance.now() + limit;
    const { flag, sequence, number } = sleepers;
    Atomics.add(this.#words, number, 1);
    try {
      do {
        const seen = Atomics.load(this.#words, sequence);
        this.#count.want(flag);
        if (attempt()) return;
        const left = deadline === undefined ? Infinity : deadline - performance.now();
        if (left <= 0) throw new KvmError("EINTR", interrupted);
        Atomics.wait(this.#words, sequence, seen, left);
      } while (!attempt());
    } finally {
      Atomics.sub(this.#words, number, 1);
    }
  }

  /** Looks again and again where that has paid lately. */
  #spin(attempt: () => boolean): boolean {
    if (this.#blindSleepsLeft > 0) {
      this.#blindSleepsLeft--;
      return false;
    }
    for (let look = 0; look < looks; look++) {
      if (!attempt()) {
        pause();
        continue;
      }
      this.#blindSleeps = 0;
      return true;
    }
    this.#blindSleeps = Math.min(this.#blindSleeps * 2 + 1, mostBlindSleeps);
    this.#blindSleepsLeft = this.#blindSleeps;
    return false;
  }
}

const interrupted = { check: "interrupted", detail: "A signal came before there was anything" };

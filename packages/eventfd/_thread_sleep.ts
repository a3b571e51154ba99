import { KvmError } from "@ioeventfd/uapi";

/** Looks before a sleep: a few microseconds, against tens that a sleep costs when the other thread runs by its side. */
const looks = 512;
/** Sleeps without a look after looks that proved useless: doubles up to this. */
const mostBlindSleeps = 512;

/** Options of a call that blocks its thread. */
export interface BlockingOptions {
  /** Stands for a signal to the thread after so many milliseconds: the call ends with EINTR. */
  readonly interruptAfterMs?: number;
  /** Sleeps without a look for a few microseconds first, which takes less of the CPU and, on two of them, longer. */
  readonly sleepsAtOnce?: boolean;
}

/** Puts this thread to sleep on shared memory. */
export class ThreadSleep {
  readonly #words: Int32Array<SharedArrayBuffer>;
  #blindSleeps = 0;
  #blindSleepsLeft = 0;

  /** @param words Shared memory */
  constructor(words: Int32Array<SharedArrayBuffer>) {
    this.#words = words;
  }

  /**
   * Sleeps until the attempt succeeds.
   *
   * @param attempt What is waited for
   * @param sequence Index of the word that each wake moves
   * @param sleepers Index of the word that counts who sleeps
   * @param options When to give up
   */
  until(
    attempt: () => boolean,
    sequence: number,
    sleepers: number,
    options: BlockingOptions = {},
  ): void {
    if (attempt() || options.sleepsAtOnce !== true && this.#spin(attempt)) return;
    const limit = options.interruptAfterMs;
    const deadline = limit === undefined ? undefined : performance.now() + limit;
    Atomics.add(this.#words, sleepers, 1);
    try {
      for (;;) {
        const seen = Atomics.load(this.#words, sequence);
        if (attempt()) return;
        const left = deadline === undefined ? Infinity : deadline - performance.now();
        if (left <= 0) throw new KvmError("EINTR", interrupted);
        Atomics.wait(this.#words, sequence, seen, left);
      }
    } finally {
      Atomics.sub(this.#words, sleepers, 1);
    }
  }

  /** Looks again and again where that has paid lately. */
  #spin(attempt: () => boolean): boolean {
    if (this.#blindSleepsLeft > 0) {
      this.#blindSleepsLeft--;
      return false;
    }
    for (let look = 0; look < looks; look++) {
      if (!attempt()) continue;
      this.#blindSleeps = 0;
      return true;
    }
    this.#blindSleeps = Math.min(this.#blindSleeps * 2 + 1, mostBlindSleeps);
    this.#blindSleepsLeft = this.#blindSleeps;
    return false;
  }
}

const interrupted = { check: "interrupted", detail: "A signal came before there was anything" };

import type { SharedCount } from "./_shared_count.ts";
import type { Sleepers } from "./_sleepers.ts";

/** Keeps the event loop alive: a wait on shared memory alone does not. */
const forever = 0x7fff_ffff;

/**
 * Wakes from other threads, brought to this thread's event loop: a sleeper on shared memory for as long as somebody
 * here waits.
 */
export class ForeignWakes {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #count: SharedCount;
  readonly #sleepers: Sleepers;
  readonly #onWake: () => void;
  #running = false;
  #sleeping = false;
  #seen = 0;
  #ownMoves = 0;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /**
   * @param words Shared memory
   * @param count The counter in it
   * @param sleepers Whom to sleep among
   * @param onWake Called when another thread has moved the sequence
   */
  constructor(
    words: Int32Array<SharedArrayBuffer>,
    count: SharedCount,
    sleepers: Sleepers,
    onWake: () => void,
  ) {
    this.#words = words;
    this.#count = count;
    this.#sleepers = sleepers;
    this.#onWake = onWake;
  }

  /** Wakes who sleeps, here and elsewhere; the waiters here are told by the caller. */
  wakeOthers(): void {
    this.#ownMoves++;
    if (this.#running) this.#count.want(this.#sleepers.flag);
    Atomics.add(this.#words, this.#sleepers.sequence, 1);
    Atomics.notify(this.#words, this.#sleepers.sequence);
  }

  /** Somebody here waits. */
  start(): void {
    if (this.#running) return;
    if (typeof Atomics.waitAsync !== "function") {
      throw new TypeError("Waiting for other threads on the event loop needs Atomics.waitAsync");
    }
    this.#running = true;
    this.#keepAlive = setInterval(() => {}, forever);
    Atomics.add(this.#words, this.#sleepers.number, 1);
    this.#look();
    if (this.#sleeping) this.#count.want(this.#sleepers.flag);
    else this.#sleep();
  }

  /** Nobody here waits any more. A sleep under way is left for the next start to use. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    clearInterval(this.#keepAlive);
    Atomics.sub(this.#words, this.#sleepers.number, 1);
  }

  async #sleep(): Promise<void> {
    this.#sleeping = true;
    while (this.#running) {
      const isForeign = this.#look();
      const sleep = Atomics.waitAsync(this.#words, this.#sleepers.sequence, this.#seen);
      // After the look, or what takes the flag down between the two would be the last to be heard of. After the sleep
      // began, or a busy writer would end each before it begins, and this would never get back to the event loop.
      this.#count.want(this.#sleepers.flag);
      // After the flag: until it was up, others added without a word. Apart: a waiter that throws ends nobody's sleep.
      if (isForeign) queueMicrotask(this.#onWake);
      if (sleep.async) await sleep.value;
    }
    this.#sleeping = false;
  }

  /** Whether others have moved the sequence since the last look. */
  #look(): boolean {
    const now = Atomics.load(this.#words, this.#sleepers.sequence);
    const foreign = ((now - this.#seen) | 0) !== this.#ownMoves;
    this.#seen = now;
    this.#ownMoves = 0;
    return foreign;
  }
}

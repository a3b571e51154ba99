/** Keeps the event loop alive: a wait on shared memory alone does not. */
const forever = 0x7fff_ffff;

/**
 * Wakes from other threads, brought to this thread's event loop: a sleeper on shared memory for as long as somebody
 * here waits.
 */
export class ForeignWakes {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #sequence: number;
  readonly #sleepers: number;
  readonly #onWake: () => void;
  #running = false;
  #sleeping = false;
  #seen = 0;
  #ownMoves = 0;
  #keepAlive: ReturnType<typeof setInterval> | undefined;

  /**
   * @param words Shared memory
   * @param sequence Index of the word that each wake moves
   * @param sleepers Index of the word that counts who sleeps
   * @param onWake Called when another thread has moved the sequence
   */
  constructor(
    words: Int32Array<SharedArrayBuffer>,
    sequence: number,
    sleepers: number,
    onWake: () => void,
  ) {
    this.#words = words;
    this.#sequence = sequence;
    this.#sleepers = sleepers;
    this.#onWake = onWake;
  }

  /** This thread moves the sequence, and tells its own waiters itself. */
  moved(): void {
    this.#ownMoves++;
  }

  /** Somebody here waits. */
  start(): void {
    if (this.#running) return;
    if (typeof Atomics.waitAsync !== "function") {
      throw new TypeError("Waiting for other threads on the event loop needs Atomics.waitAsync");
    }
    this.#running = true;
    this.#keepAlive = setInterval(() => {}, forever);
    Atomics.add(this.#words, this.#sleepers, 1);
    this.#look();
    if (!this.#sleeping) this.#sleep();
  }

  /** Nobody here waits any more. A sleep under way is left for the next start to use. */
  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    clearInterval(this.#keepAlive);
    Atomics.sub(this.#words, this.#sleepers, 1);
  }

  async #sleep(): Promise<void> {
    this.#sleeping = true;
    while (this.#running) {
      const sleep = Atomics.waitAsync(this.#words, this.#sequence, this.#seen);
      if (sleep.async) await sleep.value;
      if (this.#look() && this.#running) this.#onWake();
    }
    this.#sleeping = false;
  }

  /** Whether others have moved the sequence since the last look. */
  #look(): boolean {
    const now = Atomics.load(this.#words, this.#sequence);
    const foreign = ((now - this.#seen) | 0) !== this.#ownMoves;
    this.#seen = now;
    this.#ownMoves = 0;
    return foreign;
  }
}

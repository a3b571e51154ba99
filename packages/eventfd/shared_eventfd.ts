/**
 * An eventfd in shared memory, for threads that are workers.
 *
 * @module
 */
import type { EventfdRules } from "@ioeventfd/uapi";
import { EventfdContext } from "./eventfd_context.ts";
import { ForeignWakes } from "./_foreign_wakes.ts";
import { SharedCount } from "./_shared_count.ts";
import { POLLERR, POLLIN, POLLOUT } from "./poll_events.ts";
import { ThreadSleep } from "./_thread_sleep.ts";
import type { BlockingOptions } from "./_thread_sleep.ts";
import type { WaitEntry, Waiter, WaiterOptions } from "./wait_queue.ts";
import { words } from "./_words.ts";

export type { BlockingOptions } from "./_thread_sleep.ts";

/** Words of the shared memory besides those of the counter. */
const IN_SEQUENCE = 2, IN_SLEEPERS = 3, OUT_SEQUENCE = 4, OUT_SLEEPERS = 5;
const MODE = 6, ID = 7, MAGIC = 8, BYTES = 64;
const magic = 0x6576_6664;
const MAX = 0xffff_ffff_ffff_ffffn;

/** Options of {@linkcode SharedEventfd}. */
export interface SharedEventfdOptions {
  /** `EFD_SEMAPHORE`: a read takes 1. */
  readonly semaphore?: boolean;
  /** Rules of the kernel release; the latest unless told otherwise. */
  readonly rules?: EventfdRules;
  /** Shared memory of an eventfd to attach to; initial value, mode and id are then that one's. */
  readonly buffer?: SharedArrayBuffer;
}

/**
 * An eventfd that threads share. Post {@linkcode SharedEventfd.buffer} to a worker and attach to it there; a signal in
 * one wakes who sleeps in another, blocked or on its event loop. Who sleeps is counted, so that a signal nobody waits for
 * costs no system call. Threads woken together run in the order the host likes, as the kernel's do.
 *
 * @example A worker answers
 * ```ts
 * import { SharedEventfd } from "@ioeventfd/eventfd";
 *
 * const request = new SharedEventfd();
 * const reply = SharedEventfd.attach(new SharedEventfd().buffer); // what a worker does with what it is sent
 * request.signal();
 * if (request.readBlocking() !== 1n) throw new Error("one signal");
 * reply.write(5n);
 * if (await reply.readAsync() !== 5n) throw new Error("five");
 * ```
 */
export class SharedEventfd extends EventfdContext {
  /** The shared memory, to be posted. */
  readonly buffer: SharedArrayBuffer;
  readonly #count: SharedCount;
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #readable: ForeignWakes;
  readonly #writable: ForeignWakes;
  readonly #sleep: ThreadSleep;

  /**
   * A new counter in shared memory of its own, or an attachment to one that exists.
   *
   * @param initialValue First value of the counter (u32)
   * @param options Mode and rules, or what to attach to
   * @throws {RangeError} when `initialValue` is not an integer from 0 to 2^32-1
   * @throws {TypeError} when `buffer` is not that of a shared eventfd
   */
  constructor(initialValue = 0, options: SharedEventfdOptions = {}) {
    const { buffer } = options;
    super(initialValue, buffer === undefined ? options : attachedOptions(buffer, options.rules));
    this.buffer = buffer ?? new SharedArrayBuffer(BYTES);
    this.#words = new Int32Array(this.buffer);
    this.#count = new SharedCount(this.#words);
    this.#sleep = new ThreadSleep(this.#words);
    if (buffer === undefined) {
      this.#count.start(initialValue);
      this.#words[MODE] = this.semaphore ? 1 : 0;
      this.#words[ID] = this.id;
      Atomics.store(this.#words, MAGIC, magic);
    }
    this.#readable = new ForeignWakes(this.#words, IN_SEQUENCE, IN_SLEEPERS, () => {
      super.wakeWaiters(POLLIN);
    });
    this.#writable = new ForeignWakes(this.#words, OUT_SEQUENCE, OUT_SLEEPERS, () => {
      super.wakeWaiters(POLLOUT);
    });
  }

  /**
   * Attaches to an eventfd of another thread.
   *
   * @param buffer The {@linkcode SharedEventfd.buffer} that was posted
   * @param rules Rules of the kernel release; the latest unless told otherwise
   * @returns The same eventfd
   * @throws {TypeError} when it is not the memory of a shared eventfd
   */
  static attach(buffer: SharedArrayBuffer, rules?: EventfdRules): SharedEventfd {
    return new SharedEventfd(0, rules === undefined ? { buffer } : { buffer, rules });
  }

  /** The counter (u64), as fdinfo shows it. */
  override get count(): bigint {
    return this.#count.value;
  }

  /** Threads asleep until there is something to read, blocked or on their event loop. */
  get sleepingReaders(): number {
    return Atomics.load(this.#words, IN_SLEEPERS);
  }

  /** Threads asleep until there is room to write, blocked or on their event loop. */
  get sleepingWriters(): number {
    return Atomics.load(this.#words, OUT_SLEEPERS);
  }

  /** Kernel-side signal: adds 1, stays at 2^64-1 once there, and wakes either way. Allocates nothing below 2^32-1. */
  override signal(): void {
    if (this.refusesSignal()) return;
    this.#count.add(1, 0, MAX);
    this.#readableNow();
  }

  /**
   * The read without an object; a count above 2^32-2 passes through a bigint.
   *
   * @param out Takes the value: low word first
   * @returns False at 0, with `out` untouched
   */
  override readWords(out: Int32Array): boolean {
    if (!this.#count.take(out, this.semaphore)) return false;
    this.#writableNow();
    return true;
  }

  /**
   * As {@linkcode EventfdContext.read}, without the exception.
   *
   * @returns The value read, or undefined at 0
   */
  override tryRead(): bigint | undefined {
    return this.readWords(words.pair) ? words.join(words.pair[0]!, words.pair[1]!) : undefined;
  }

  /**
   * The write that allocates nothing below 2^32-1; the caller has refused 2^64-1.
   *
   * @param lo Low word of what to add
   * @param hi High word
   * @returns False when the counter would pass 2^64-2
   */
  override writeWords(lo: number, hi: number): boolean {
    if (!this.#count.add(lo, hi, MAX - 1n)) return false;
    this.#readableNow();
    return true;
  }

  /**
   * read(2) of a blocking descriptor: the thread sleeps until there is something.
   *
   * @param options When to give up
   * @returns The value read
   * @throws {KvmError} EINTR when it gave up
   * @throws {TypeError} where the host forbids sleep, as a browser's main thread does
   */
  readBlocking(options: BlockingOptions = {}): bigint {
    this.#sleep.until(() => this.readWords(words.pair), IN_SEQUENCE, IN_SLEEPERS, options);
    return words.join(words.pair[0]!, words.pair[1]!);
  }

  /**
   * write(2) to a blocking descriptor: the thread sleeps until there is room.
   *
   * @param value What to add (u64)
   * @param options When to give up
   * @throws {KvmError} EINVAL for 2^64-1; EINTR when it gave up
   * @throws {RangeError} when `value` is not a u64
   * @throws {TypeError} where the host forbids sleep
   */
  writeBlocking(value: bigint, options: BlockingOptions = {}): void {
    this.#sleep.until(() => this.tryWrite(value), OUT_SEQUENCE, OUT_SLEEPERS, options);
  }

  /** The read of a blocking descriptor: sleeps at 0, and returns true. */
  override readWordsBlocking(out: Int32Array): boolean {
    this.#sleep.until(() => this.readWords(out), IN_SEQUENCE, IN_SLEEPERS, {});
    return true;
  }

  /** The write of a blocking descriptor: sleeps without room, and returns true. */
  override writeWordsBlocking(lo: number, hi: number): boolean {
    this.#sleep.until(() => this.writeWords(lo, hi), OUT_SEQUENCE, OUT_SLEEPERS, {});
    return true;
  }

  /** What poll(2) would report with every bit asked for. */
  override pollMask(): number {
    words.split(this.#count.value);
    const lo = words.pair[0]!;
    const hi = words.pair[1]!;
    if ((lo | hi) === 0) return POLLOUT;
    if (hi !== -1 || lo >>> 0 < 0xffff_fffe) return POLLIN | POLLOUT;
    return lo === -1 ? POLLIN | POLLERR : POLLIN;
  }

  /** Queues a waiter of this thread, which the signals, writes and reads of every thread wake. */
  override addWaiter(waiter: Waiter, options?: WaiterOptions): WaitEntry {
    const entry = super.addWaiter(waiter, options);
    this.#readable.start();
    this.#writable.start();
    return entry;
  }

  /** Takes a waiter of this thread out. */
  override removeWaiter(entry: WaitEntry): boolean {
    const removed = super.removeWaiter(entry);
    if (!this.hasWaiters) {
      this.#readable.stop();
      this.#writable.stop();
    }
    return removed;
  }

  /** Reads the counter from within a wake callback. Wakes nobody. */
  override drain(): bigint {
    const isUnderflow = this.semaphore && this.rules.semaphoreUnderflow && this.#count.underflow();
    if (isUnderflow) return 1n;
    if (!this.#count.take(words.pair, this.semaphore)) return 0n;
    return words.join(words.pair[0]!, words.pair[1]!);
  }

  /** Wakes the waiters of this thread, and for POLLIN and POLLOUT those of the others. */
  override wakeWaiters(mask: number, guarded = true): void {
    if ((mask & POLLIN) !== 0) this.#move(IN_SEQUENCE, IN_SLEEPERS, this.#readable);
    if ((mask & POLLOUT) !== 0) this.#move(OUT_SEQUENCE, OUT_SLEEPERS, this.#writable);
    super.wakeWaiters(mask, guarded);
  }

  #readableNow(): void {
    this.#move(IN_SEQUENCE, IN_SLEEPERS, this.#readable);
    if (this.hasWaiters) super.wakeWaiters(POLLIN);
  }

  #writableNow(): void {
    this.#move(OUT_SEQUENCE, OUT_SLEEPERS, this.#writable);
    if (this.hasWaiters) super.wakeWaiters(POLLOUT);
  }

  #move(sequence: number, sleepers: number, own: ForeignWakes): void {
    if (Atomics.load(this.#words, sleepers) === 0) return;
    own.moved();
    Atomics.add(this.#words, sequence, 1);
    Atomics.notify(this.#words, sequence);
  }
}

function attachedOptions(
  buffer: SharedArrayBuffer,
  rules: EventfdRules | undefined,
): { semaphore: boolean; id: number; rules?: EventfdRules } {
  const shared = buffer instanceof SharedArrayBuffer && buffer.byteLength === BYTES
    ? new Int32Array(buffer)
    : undefined;
  if (shared === undefined || Atomics.load(shared, MAGIC) !== magic) {
    throw new TypeError("The buffer is not the memory of a shared eventfd");
  }
  const attached = { semaphore: shared[MODE] === 1, id: shared[ID]! };
  return rules === undefined ? attached : { ...attached, rules };
}

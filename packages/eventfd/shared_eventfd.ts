/**
 * An eventfd in shared memory, for threads that are workers.
 *
 * @module
 */
import type { EventfdRules } from "@ioeventfd/uapi";
import { EventfdContext } from "./eventfd_context.ts";
import { ForeignWakes } from "./_foreign_wakes.ts";
import * as sharedCount from "./_shared_count.ts";
import { POLLERR, POLLIN, POLLOUT } from "./poll_events.ts";
import { READERS, WRITERS } from "./_sleepers.ts";
import { ThreadSleep } from "./_thread_sleep.ts";
import type { BlockingOptions } from "./_thread_sleep.ts";
import type { WaitEntry, Waiter, WaiterOptions } from "./wait_queue.ts";
import * as scratch from "./_words.ts";

export type { BlockingOptions } from "./_thread_sleep.ts";

/** Words of the shared memory besides those of the counter and of who sleeps. */
const MODE = 6, ID = 7, MAGIC = 8, BYTES = 64;
const magic = 0x6576_6664;
// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { words } = scratch;
const { SharedCount } = sharedCount;

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
 * one wakes who sleeps in another, blocked or on its event loop. Who waits says so beside the count, so that a signal nobody
 * waits for costs no system call. Threads woken together run in the order the host likes, as the kernel's do.
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
  readonly #count: sharedCount.SharedCount;
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
    this.#sleep = new ThreadSleep(this.#words, this.#count);
    if (buffer === undefined) {
      this.#count.start(initialValue);
      this.#words[MODE] = this.semaphore ? 1 : 0;
      this.#words[ID] = this.id;
      Atomics.store(this.#words, MAGIC, magic);
    }
    this.#readable = new ForeignWakes(this.#words, this.#count, READERS, () => {
      super.wakeWaiters(POLLIN);
    });
    this.#writable = new ForeignWakes(this.#words, this.#count, WRITERS, () => {
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
    return Atomics.load(this.#words, READERS.number);
  }

  /** Threads asleep until there is room to write, blocked or on their event loop. */
  get sleepingWriters(): number {
    return Atomics.load(this.#words, WRITERS.number);
  }

  /** Kernel-side signal: adds 1, stays at 2^64-1 once there, and wakes either way. Allocates nothing below 2^29-1. */
  override signal(): void {
    if (this.refusesSignal()) return;
    this.#readableNow(this.#count.addOne(), true);
  }

  /**
   * The read without an object; a count above 2^29-2 passes through a bigint.
   *
   * @param out Takes the value: low word first
   * @returns False at 0, with `out` untouched
   */
  override readWords(out: Int32Array): boolean {
    const wants = this.#count.take(out, this.semaphore);
    if (wants < 0) return false;
    this.#writableNow(wants);
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

  /** As {@linkcode EventfdContext.tryWrite}; beside it, that V8 compiles each for its own kind of counter. */
  override tryWrite(value: bigint): boolean {
    words.splitWritten(value);
    return this.writeWords(words.pair[0]!, words.pair[1]!);
  }

  /**
   * The write that allocates nothing below 2^29-1; the caller has refused 2^64-1.
   *
   * @param lo Low word of what to add
   * @param hi High word
   * @returns False when the counter would pass 2^64-2
   */
  override writeWords(lo: number, hi: number): boolean {
    const wants = this.#count.add(lo, hi);
    if (wants < 0) return false;
    this.#readableNow(wants, this.rules.guardsFileCalls);
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
    this.readWordsBlocking(words.pair, options);
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
    this.#sleep.until(() => this.tryWrite(value), WRITERS, options);
  }

  /** The read of a blocking descriptor: sleeps at 0, and returns true. */
  override readWordsBlocking(out: Int32Array, options: BlockingOptions = {}): boolean {
    this.#sleep.until(() => this.readWords(out), READERS, options);
    return true;
  }

  /** The write of a blocking descriptor: sleeps without room, and returns true. */
  override writeWordsBlocking(lo: number, hi: number): boolean {
    this.#sleep.until(() => this.writeWords(lo, hi), WRITERS);
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
    this.#readable.start();
    this.#writable.start();
    return super.addWaiter(waiter, options);
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
    if (this.#count.take(words.pair, this.semaphore, 0) < 0) return 0n;
    return words.join(words.pair[0]!, words.pair[1]!);
  }

  /** Wakes the waiters of this thread, and for POLLIN and POLLOUT those of the others. */
  override wakeWaiters(mask: number, guarded = true): void {
    if ((mask & POLLIN) !== 0 && this.#count.unwant(READERS.flag)) this.#readable.wakeOthers();
    if ((mask & POLLOUT) !== 0 && this.#count.unwant(WRITERS.flag)) this.#writable.wakeOthers();
    super.wakeWaiters(mask, guarded);
  }

  #readableNow(wants: number, guarded: boolean): void {
    if (wants !== 0) this.#readable.wakeOthers();
    if (this.hasWaiters) super.wakeWaiters(POLLIN, guarded);
  }

  #writableNow(wants: number): void {
    if (wants !== 0) this.#writable.wakeOthers();
    if (this.hasWaiters) super.wakeWaiters(POLLOUT, this.rules.guardsFileCalls);
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

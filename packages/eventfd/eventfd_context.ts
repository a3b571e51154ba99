/**
 * The kernel's `eventfd_ctx`: a 64-bit counter with a wait queue, apart from any descriptor.
 *
 * @module
 */
import { KvmError, latestRelease } from "@ioeventfd/uapi";
import type { EventfdRules } from "@ioeventfd/uapi";
import { addOne, signalSlowly } from "./_counter_cells.ts";
import { LowestFree } from "./_lowest_free.ts";
import * as scratch from "./_words.ts";
import { waitFor } from "./_wait_for.ts";
import type { WaitOptions } from "./_wait_for.ts";
import { EventfdWaiters } from "./eventfd_waiters.ts";
import { POLLERR, POLLIN, POLLOUT } from "./poll_events.ts";
import * as signal from "./signal_cell.ts";
import type { WaitEntry } from "./wait_queue.ts";

export type { EventfdRules } from "@ioeventfd/uapi";
export type { WaitOptions } from "./_wait_for.ts";

/** Options of {@linkcode EventfdContext}. */
export interface EventfdContextOptions {
  /** `EFD_SEMAPHORE`: a read takes 1. */
  readonly semaphore?: boolean;
  /** Rules of the kernel release; the latest unless told otherwise. */
  readonly rules?: EventfdRules;
  /** Its `eventfd-id`; the lowest free one unless told otherwise. */
  readonly id?: number;
}

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { signalCell } = signal;
const { words } = scratch;

const ids = new LowestFree();

/**
 * A counter that signals add to and reads take from. It lives as long as somebody holds a reference: the open file is
 * one holder, each KVM registration another.
 *
 * Calls here never wait; {@linkcode EventfdContext.readAsync} and {@linkcode EventfdContext.writeAsync} do.
 *
 * @example Two signals, one read
 * ```ts
 * import { EventfdContext } from "@ioeventfd/eventfd";
 *
 * const context = new EventfdContext();
 * context.signal();
 * context.signal();
 * if (context.read() !== 2n) throw new Error("signals add up");
 * ```
 */
export class EventfdContext extends EventfdWaiters {
  /** `EFD_SEMAPHORE`: a read takes 1. */
  declare readonly semaphore: boolean;
  /** The `eventfd-id` of fdinfo: one for each eventfd, shared by its dups. */
  declare readonly id: number;
  readonly #ownsId: boolean;
  #references = 1;

  /**
   * A new counter, with one reference held by the caller.
   *
   * @param initialValue First value of the counter (u32)
   * @param options Mode, rules and id
   * @throws {RangeError} when `initialValue` is not an integer from 0 to 2^32-1
   */
  constructor(initialValue = 0, options: EventfdContextOptions = {}) {
    super(options.rules ?? latestRelease.eventfd);
    if (!Number.isInteger(initialValue) || initialValue < 0 || initialValue > 0xffff_ffff) {
      throw new RangeError(`Initial value ${initialValue} is not a u32`);
    }
    this.cells[this.at] = initialValue;
    if (this.signal !== EventfdContext.prototype.signal) signalSlowly(this);
    this.semaphore = options.semaphore === true;
    this.#ownsId = options.id === undefined;
    this.id = options.id ?? ids.take();
  }

  /** The counter (u64), as fdinfo shows it. */
  get count(): bigint {
    return words.join(this.cells[this.at]!, this.cells[this.at + 1]!);
  }

  /** References held: the open file's and one for each that {@linkcode EventfdContext.acquire} took. */
  get references(): number {
    return this.#references;
  }

  /**
   * Takes a reference, as a KVM registration does.
   *
   * @returns The same context
   */
  acquire(): this {
    this.#references++;
    return this;
  }

  /** Drops a reference; after the last one the id is free for the next eventfd. */
  release(): void {
    if (this.#references === 0) throw new TypeError("The context has no reference left to drop");
    if (--this.#references === 0 && this.#ownsId) ids.free(this.id);
  }

  /**
   * Kernel-side signal: adds 1, stays at 2^64-1 once there, and wakes either way. Never waits, allocates nothing.
   * Within the callbacks of an eventfd wake it is refused where the release does so.
   */
  signal(): void {
    // KERNEL 6.19 fs/eventfd.c eventfd_signal_mask
    if (signalCell(this.cells, this.at) || this.refusesSignal()) return;
    addOne(this);
    if (this.queue !== null) this.wakeWaiters(POLLIN);
  }

  /**
   * read(2) of 8 bytes, without waiting: takes the counter, or 1 of a semaphore, and wakes writers.
   *
   * @returns The value read
   * @throws {KvmError} EAGAIN at 0
   */
  read(): bigint {
    const value = this.tryRead();
    if (value === undefined) throw new KvmError("EAGAIN", empty);
    return value;
  }

  /**
   * As {@linkcode EventfdContext.read}, without the exception.
   *
   * @returns The value read, or undefined at 0
   */
  tryRead(): bigint | undefined {
    const { cells, at } = this;
    const lo = cells[at]!;
    if (cells[at + 1] === 0 && lo !== 0 && !this.semaphore) {
      const value = BigInt(lo >>> 0);
      cells[at] = 0;
      if (this.queue !== null) this.wakeWaiters(POLLOUT, this.rules.guardsFileCalls);
      return value;
    }
    return this.readWords(words.pair) ? words.join(words.pair[0]!, words.pair[1]!) : undefined;
  }

  /**
   * The read that allocates nothing.
   *
   * @param out Takes the value: low word first
   * @returns False at 0, with `out` untouched
   */
  readWords(out: Int32Array): boolean {
    // KERNEL 6.19 fs/eventfd.c eventfd_read
    if ((this.cells[this.at]! | this.cells[this.at + 1]!) === 0) return false;
    this.#take(out);
    if (this.queue !== null) this.wakeWaiters(POLLOUT, this.rules.guardsFileCalls);
    return true;
  }

  /**
   * write(2) of 8 bytes, without waiting: adds to the counter and wakes readers, also when it adds 0.
   *
   * @param value What to add (u64)
   * @throws {KvmError} EINVAL for 2^64-1; EAGAIN when the counter would pass 2^64-2
   * @throws {RangeError} when `value` is not a u64
   */
  write(value: bigint): void {
    if (!this.tryWrite(value)) throw new KvmError("EAGAIN", full);
  }

  /**
   * As {@linkcode EventfdContext.write}, without the exception for want of room.
   *
   * @param value What to add (u64)
   * @returns False when the counter would pass 2^64-2
   * @throws {KvmError} EINVAL for 2^64-1
   * @throws {RangeError} when `value` is not a u64
   */
  tryWrite(value: bigint): boolean {
    words.splitWritten(value);
    return this.writeWords(words.pair[0]!, words.pair[1]!);
  }

  /**
   * The write that allocates nothing; the caller has refused 2^64-1.
   *
   * @param lo Low word of what to add
   * @param hi High word
   * @returns False when the counter would pass 2^64-2
   */
  writeWords(lo: number, hi: number): boolean {
    // KERNEL 6.19 fs/eventfd.c eventfd_write: ULLONG_MAX - count > value
    const { cells, at } = this;
    const seenLo = cells[at]!, seenHi = cells[at + 1]!;
    const roomLo = ~seenLo >>> 0;
    const roomHi = ~seenHi >>> 0;
    if (roomHi < hi >>> 0 || (roomHi === hi >>> 0 && roomLo <= lo >>> 0)) return false;
    const sum = (seenLo + lo) | 0;
    cells[at + 1] = seenHi + hi + (sum >>> 0 < lo >>> 0 ? 1 : 0);
    cells[at] = sum;
    if (this.queue !== null) this.wakeWaiters(POLLIN, this.rules.guardsFileCalls);
    return true;
  }

  /**
   * The read of a blocking descriptor. A thread cannot wait for itself, so this one does not; that of an eventfd shared
   * between threads does.
   *
   * @param out Takes the value: low word first
   * @returns False at 0, where the kernel would wait
   */
  readWordsBlocking(out: Int32Array): boolean {
    return this.readWords(out);
  }

  /**
   * The write of a blocking descriptor; see {@linkcode EventfdContext.readWordsBlocking}.
   *
   * @param lo Low word of what to add
   * @param hi High word
   * @returns False without room, where the kernel would wait
   */
  writeWordsBlocking(lo: number, hi: number): boolean {
    return this.writeWords(lo, hi);
  }

  /**
   * A blocking read: as {@linkcode EventfdContext.read}, but waits for the counter to leave 0.
   *
   * @param options How it may be called off
   * @returns The value read
   * @throws {KvmError} EINTR when called off
   */
  readAsync(options: WaitOptions = {}): Promise<bigint> {
    return this.#blocked(() => this.tryRead(), options);
  }

  /**
   * A blocking write: as {@linkcode EventfdContext.write}, but waits for room.
   *
   * @param value What to add (u64)
   * @param options How it may be called off
   * @throws {KvmError} EINVAL for 2^64-1; EINTR when called off
   * @throws {RangeError} when `value` is not a u64
   */
  async writeAsync(value: bigint, options: WaitOptions = {}): Promise<void> {
    await this.#blocked(() => this.tryWrite(value) || undefined, options);
  }

  /**
   * What poll(2) would report with every bit asked for.
   *
   * @returns POLLIN above 0, POLLOUT below 2^64-2, POLLERR at 2^64-1
   */
  pollMask(): number {
    // KERNEL 6.19 fs/eventfd.c eventfd_poll
    const lo = this.cells[this.at]!, hi = this.cells[this.at + 1]!;
    if ((lo | hi) === 0) return POLLOUT;
    if (hi !== -1 || lo >>> 0 < 0xffff_fffe) return POLLIN | POLLOUT;
    return lo === -1 ? POLLIN | POLLERR : POLLIN;
  }

  /**
   * Takes a waiter out and reads the counter in one step, as an irqfd does when it goes.
   *
   * @param entry Its place
   * @returns The value read; 0 stands for the kernel's EAGAIN
   */
  removeWaiterAndRead(entry: WaitEntry): bigint {
    // KERNEL 6.19 fs/eventfd.c eventfd_ctx_remove_wait_queue
    const value = this.drain();
    this.removeWaiter(entry);
    if (value !== 0n) this.wakeWaiters(POLLOUT, false);
    return value;
  }

  /**
   * Reads the counter from within a wake callback, as an irqfd does since v5.11. Wakes nobody.
   *
   * @returns The value read, 0 at 0; the quirk `eventfd-sem-underflow` reads 1 of an empty semaphore and leaves 2^64-1
   */
  drain(): bigint {
    // KERNEL 6.19 fs/eventfd.c eventfd_ctx_do_read
    const isEmpty = (this.cells[this.at]! | this.cells[this.at + 1]!) === 0;
    if (isEmpty && !(this.semaphore && this.rules.semaphoreUnderflow)) return 0n;
    this.#take(words.pair);
    return words.join(words.pair[0]!, words.pair[1]!);
  }

  #take(out: Int32Array): void {
    const { cells, at } = this;
    if (this.semaphore) {
      out[0] = 1;
      out[1] = 0;
      if (cells[at] === 0) cells[at + 1]!--;
      cells[at]!--;
      return;
    }
    out[0] = cells[at]!;
    out[1] = cells[at + 1]!;
    cells[at] = cells[at + 1] = 0;
  }

  #blocked<T>(attempt: () => T | undefined, options: WaitOptions): Promise<T> {
    return waitFor({
      ...options,
      attempt,
      enqueue: (waiter) => {
        const entry = this.addWaiter(waiter, { place: this.rules.blockedWaiterQueuesAt });
        return () => this.removeWaiter(entry);
      },
    });
  }
}

const empty = { check: "empty", detail: "The counter is 0x0" };
const full = { check: "full", detail: "The counter would pass 0xfffffffffffffffe" };

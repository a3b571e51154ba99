/**
 * The open file of an eventfd.
 *
 * @module
 */
import { hex, KvmError } from "@ioeventfd/uapi";
import { O_NONBLOCK, O_RDWR } from "./fcntl.ts";
import type { EventfdContext } from "./eventfd_context.ts";
import { fdinfoText } from "./fdinfo.ts";
import { FileReferences } from "./_file_references.ts";
import type { FileStat, OpenFile, ReadOptions } from "./open_file.ts";
import { POLLHUP } from "./poll_events.ts";
import { UnmappedBuffer } from "./user_buffer.ts";
import type { UserBuffer } from "./user_buffer.ts";
import { words } from "./_words.ts";
import type { WaitOptions } from "./_wait_for.ts";
import type { Waiter } from "./wait_queue.ts";

/** The open file of an eventfd: the size rules, the order of checks, and `O_NONBLOCK`. */
export class EventfdFile implements OpenFile {
  /** An eventfd. */
  readonly kind = "eventfd";
  /** The counter. */
  readonly context: EventfdContext;
  /** `O_RDWR`, and `O_NONBLOCK` or not. */
  statusFlags: number;
  /** All eventfds have the same. */
  readonly path: string = "anon_inode:[eventfd]";
  /** All eventfds have the same. */
  readonly stat: FileStat = { size: 0, mode: 0o600, nlink: 1 };
  /** An epoll set may watch it. */
  readonly pollable: boolean = true;
  readonly #references = new FileReferences();

  /**
   * Opens it.
   *
   * @param context The counter, with a reference for the file to keep
   * @param nonblock `O_NONBLOCK`
   */
  constructor(context: EventfdContext, nonblock: boolean) {
    this.context = context;
    this.statusFlags = O_RDWR | (nonblock ? O_NONBLOCK : 0);
  }

  /** Its lines in fdinfo after the common ones. */
  get fdinfo(): string {
    return fdinfoText(this.context);
  }

  /** Takes a reference. */
  acquire(): void {
    this.#references.acquire();
  }

  /** Drops a reference; the last one wakes who still waits and drops the context's. */
  release(): void {
    // KERNEL 6.19 fs/eventfd.c eventfd_release
    if (!this.#references.release()) return;
    this.context.wakeWaiters(POLLHUP, false);
    this.context.release();
  }

  /** Asks to be told when the last reference goes; returns how to take that back. */
  onClose(callback: () => void): () => void {
    return this.#references.onClose(callback);
  }

  /** read(2): 8 bytes into a buffer of 8 or more. */
  read(buffer: UserBuffer): number {
    return this.#readInto([buffer], false);
  }

  /** readv(2): one read over all segments, or before 5.8 a read for each. */
  readv(segments: readonly UserBuffer[], options: ReadOptions = {}): number {
    const nowait = options.nowait === true;
    if (this.context.rules.readIter) {
      return totalBytes(segments) === 0 ? 0 : this.#readInto(segments, nowait);
    }
    if (nowait) throw new KvmError("EOPNOTSUPP", noNowait);
    return this.#eachSegment(segments, (segment) => this.#readInto([segment], false));
  }

  /** write(2): exactly 8 bytes, or on older releases the first 8 of 8 or more. */
  write(buffer: UserBuffer): number {
    const length = this.#fetch(buffer);
    const lo = words.pair[0]!;
    const hi = words.pair[1]!;
    const { context } = this;
    if (!(this.#nonblock ? context.writeWords(lo, hi) : context.writeWordsBlocking(lo, hi))) {
      this.#wouldWait("full");
    }
    return length;
  }

  /** writev(2): a write for each segment. */
  writev(segments: readonly UserBuffer[]): number {
    return this.#eachSegment(segments, (segment) => this.write(segment));
  }

  /** read(2) that waits unless the file is non-blocking. */
  async readAsync(buffer: UserBuffer, options: WaitOptions = {}): Promise<number> {
    if (this.#nonblock) return this.read(buffer);
    checkReadSize([buffer]);
    return await this.#held(async () => {
      words.split(await this.context.readAsync(options));
      return deliver([buffer]);
    });
  }

  /** write(2) that waits unless the file is non-blocking. */
  async writeAsync(buffer: UserBuffer, options: WaitOptions = {}): Promise<number> {
    if (this.#nonblock) return this.write(buffer);
    const length = this.#fetch(buffer);
    const value = words.join(words.pair[0]!, words.pair[1]!);
    return await this.#held(async () => {
      await this.context.writeAsync(value, options);
      return length;
    });
  }

  /** `POLL*` bits in force. */
  pollMask(): number {
    return this.context.pollMask();
  }

  /** Queues a waiter at the head; an exclusive one at the tail. Returns how to take it out. */
  addWaiter(waiter: Waiter, exclusive = false): () => void {
    const place = exclusive ? "tail" : "head";
    const entry = this.context.addWaiter(waiter, { place, exclusive });
    return () => this.context.removeWaiter(entry);
  }

  get #nonblock(): boolean {
    return (this.statusFlags & O_NONBLOCK) !== 0;
  }

  #readInto(segments: readonly UserBuffer[], nowait: boolean): number {
    // KERNEL 6.19 fs/eventfd.c eventfd_read: size, then emptiness, then address
    checkReadSize(segments);
    const { context } = this;
    const atOnce = nowait || this.#nonblock;
    if (!(atOnce ? context.readWords(words.pair) : context.readWordsBlocking(words.pair))) {
      this.#wouldWait("empty", nowait);
    }
    return deliver(segments);
  }

  /** Checks a write up to the value, and leaves that in the scratch words. */
  #fetch(buffer: UserBuffer): number {
    // KERNEL 6.19 fs/eventfd.c eventfd_write: size, then address, then value
    const length = buffer.byteLength;
    if (length < 8 || (this.context.rules.writeExactly8 && length !== 8)) {
      throw new KvmError("EINVAL", { check: "size", detail: `Cannot write ${hex(length)} bytes` });
    }
    if (buffer instanceof UnmappedBuffer) throw new KvmError("EFAULT", badAddress);
    for (let i = 0; i < 8; i++) words.bytes[i] = buffer[i]!;
    words.refuseAllOnes();
    return 8;
  }

  /** A call for each segment; a failure after the first success ends it with what was done. */
  #eachSegment(segments: readonly UserBuffer[], call: (segment: UserBuffer) => number): number {
    // KERNEL 6.19 fs/read_write.c do_loop_readv_writev
    const { skipsEmptySegments } = this.context.rules;
    let left = totalBytes(segments);
    let done = 0;
    for (const segment of segments) {
      if (left === 0) break;
      if (done > 0 && segment.byteLength === 0 && skipsEmptySegments) continue;
      let moved: number;
      try {
        moved = call(segment);
      } catch (error) {
        if (done > 0 && error instanceof KvmError) return done;
        throw error;
      }
      done += moved;
      left -= segment.byteLength;
      if (moved !== segment.byteLength) break;
    }
    return done;
  }

  #wouldWait(check: "empty" | "full", nowait = false): never {
    const why = this.#nonblock || nowait ? "" : ", and a wait needs readAsync or writeAsync";
    throw new KvmError("EAGAIN", { check, detail: `The counter is ${check}${why}` });
  }

  /** A call under way keeps the file open. */
  async #held<T>(call: () => Promise<T>): Promise<T> {
    this.acquire();
    try {
      return await call();
    } finally {
      this.release();
    }
  }
}

function totalBytes(segments: readonly UserBuffer[]): number {
  return segments.reduce((sum, segment) => sum + segment.byteLength, 0);
}

function checkReadSize(segments: readonly UserBuffer[]): void {
  const length = totalBytes(segments);
  if (length >= 8) return;
  throw new KvmError("EINVAL", { check: "size", detail: `Cannot read into ${hex(length)} bytes` });
}

/** Copies the scratch words out: they are lost when the address is bad. */
function deliver(segments: readonly UserBuffer[]): number {
  let done = 0;
  for (const segment of segments) {
    const part = Math.min(segment.byteLength, 8 - done);
    if (part === 0) continue;
    if (segment instanceof UnmappedBuffer) throw new KvmError("EFAULT", badAddress);
    for (let i = 0; i < part; i++) segment[i] = words.bytes[done + i]!;
    done += part;
  }
  return 8;
}

const badAddress = { check: "address", detail: "The buffer is not mapped" };
const noNowait = { check: "nowait", detail: "RWF_NOWAIT needs read_iter, which came with 5.8" };

/**
 * An open file, apart from the descriptors that name it.
 *
 * @module
 */
import type { OtherFile } from "@ioeventfd/uapi";
import type { EventfdContext } from "./eventfd_context.ts";
import type { UserBuffer } from "./user_buffer.ts";
import type { WaitOptions } from "./_wait_for.ts";
import type { Waiter } from "./wait_queue.ts";

/** Options of a read. */
export interface ReadOptions {
  /** `RWF_NOWAIT` of preadv2: EAGAIN in place of a wait. */
  readonly nowait?: boolean;
}

/** What fstat(2) says of a file. */
export interface FileStat {
  /** Size in bytes; 0 of an eventfd. */
  readonly size: number;
  /** Permission bits; 0600 of an eventfd. */
  readonly mode: number;
  /** Names it has. */
  readonly nlink: number;
}

/** An open file. Descriptors, forked processes and calls under way hold references to it. */
export interface OpenFile {
  /** What it is. */
  readonly kind: "eventfd" | OtherFile;
  /** The counter behind it, of an eventfd. */
  readonly context: EventfdContext | undefined;
  /** `O_*` status flags, as F_GETFL returns them. */
  statusFlags: number;
  /** What readlink(2) of `/proc/self/fd/N` says. */
  readonly path: string;
  /** Its lines in fdinfo after the common ones. */
  readonly fdinfo: string;
  /** What fstat(2) says. */
  readonly stat: FileStat;
  /** May be watched by an epoll set. */
  readonly pollable: boolean;
  /** Takes a reference. */
  acquire(): void;
  /** Drops a reference; the last one closes the file. */
  release(): void;
  /**
   * Asks to be told when the last reference goes.
   *
   * @returns How to take that back
   */
  onClose(callback: () => void): () => void;
  /** read(2). */
  read(buffer: UserBuffer): number;
  /** readv(2) and preadv2(2) with offset -1. */
  readv(segments: readonly UserBuffer[], options?: ReadOptions): number;
  /** write(2). */
  write(buffer: UserBuffer): number;
  /** writev(2). */
  writev(segments: readonly UserBuffer[]): number;
  /** read(2) that waits. */
  readAsync(buffer: UserBuffer, options?: WaitOptions): Promise<number>;
  /** write(2) that waits. */
  writeAsync(buffer: UserBuffer, options?: WaitOptions): Promise<number>;
  /** `POLL*` bits in force. */
  pollMask(): number;
  /**
   * Queues a waiter for changes of {@linkcode OpenFile.pollMask}.
   *
   * @returns How to take it out
   */
  addWaiter(waiter: Waiter, exclusive?: boolean): () => void;
}

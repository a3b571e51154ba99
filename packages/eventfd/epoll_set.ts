/**
 * epoll(7) over the descriptors of a process.
 *
 * @module
 */
import { hex, KvmError } from "@ioeventfd/uapi";
import type { FileTable } from "./file_table.ts";
import type { OpenFile } from "./open_file.ts";
import type { TimedWaitOptions } from "./poll_descriptors.ts";
import { EPOLLET, EPOLLEXCLUSIVE, EPOLLONESHOT, EPOLLWAKEUP } from "./poll_events.ts";
import { POLLERR, POLLHUP, POLLIN, POLLOUT } from "./poll_events.ts";
import { waitFor } from "./_wait_for.ts";
import { WaitQueue } from "./wait_queue.ts";

/** An event, as epoll_wait(2) returns it. */
export interface EpollEvent<Data> {
  /** `POLL*` bits in force. */
  readonly events: number;
  /** What the entry was added with. */
  readonly data: Data;
}

/** Options of {@linkcode EpollSet.waitAsync}. */
export interface EpollWaitOptions extends TimedWaitOptions {
  /** Events at most; 64 unless told otherwise. */
  readonly maxEvents?: number;
}

interface Item<Data> {
  readonly file: OpenFile;
  readonly fd: number;
  events: number;
  data: Data;
  /** How to take it from the file. */
  detach: () => void;
}

// KERNEL 6.19 fs/eventpoll.c EP_PRIVATE_BITS, EPOLLEXCLUSIVE_OK_BITS
const privateBits = EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE;
const exclusiveBits = POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

// KERNEL 6.19 fs/eventpoll.c EP_MAX_EVENTS: of 12 bytes each
const MAX_EVENTS = Math.floor(0x7fff_ffff / 12);

/**
 * An epoll set. An entry is a descriptor together with its file: a dup is another entry, and closing the descriptor leaves
 * the entry as long as a dup keeps the file open.
 *
 * @example Edge-triggered: one event for each write
 * ```ts
 * import { EPOLLET, EpollSet, FileTable, POLLIN } from "@ioeventfd/eventfd";
 *
 * const table = new FileTable();
 * const fd = table.eventfd(0, 0);
 * const epoll = new EpollSet<string>(table);
 * epoll.add(fd, POLLIN | EPOLLET, "doorbell");
 * table.eventfdWrite(fd, 3n);
 * const [first] = epoll.wait();
 * if (first?.data !== "doorbell") throw new Error("the write is an event");
 * if (epoll.wait().length !== 0) throw new Error("and only one");
 * ```
 */
export class EpollSet<Data = number> {
  readonly #table: FileTable;
  readonly #items = new Map<OpenFile, Map<number, Item<Data>>>();
  readonly #waiting = new WaitQueue();
  #ready = new Set<Item<Data>>();

  /**
   * epoll_create(2).
   *
   * @param table The process
   */
  constructor(table: FileTable) {
    this.#table = table;
  }

  /** Entries in the set. */
  get size(): number {
    let size = 0;
    for (const items of this.#items.values()) size += items.size;
    return size;
  }

  /**
   * `EPOLL_CTL_ADD`.
   *
   * @param fd A descriptor
   * @param events `POLL*` and `EPOLL*` bits
   * @param data Comes back with its events
   * @throws {KvmError} EBADF; EPERM for a file that cannot be watched; EEXIST; EINVAL for EPOLLEXCLUSIVE with bits that
   *   do not go with it
   */
  add(fd: number, events: number, data: Data): void {
    // KERNEL 6.19 fs/eventpoll.c do_epoll_ctl, ep_insert
    const file = this.#pollable(fd);
    const exclusive = (events & EPOLLEXCLUSIVE) !== 0;
    if (exclusive && (file.kind === "epoll" || (events & ~exclusiveBits) !== 0)) {
      throw refuseExclusive(events);
    }
    if (this.#find(file, fd) !== undefined) {
      throw new KvmError("EEXIST", {
        check: "entry",
        detail: `Descriptor ${hex(fd)} is in the set`,
      });
    }
    const item: Item<Data> = { file, fd, events: withErrors(events), data, detach: () => {} };
    const wake = (mask: number): boolean => this.#onWake(item, mask);
    const dequeue = file.addWaiter({ wake }, exclusive);
    const forget = file.onClose(() => this.#remove(item));
    item.detach = () => {
      dequeue();
      forget();
    };
    const items = this.#items.get(file) ?? new Map<number, Item<Data>>();
    this.#items.set(file, items.set(fd, item));
    this.#look(item);
  }

  /**
   * `EPOLL_CTL_MOD`: also looks anew, and ends the silence of EPOLLONESHOT.
   *
   * @param fd A descriptor
   * @param events `POLL*` and `EPOLL*` bits
   * @param data Comes back with its events
   * @throws {KvmError} EBADF; EPERM; ENOENT; EINVAL with EPOLLEXCLUSIVE, now or before
   */
  modify(fd: number, events: number, data: Data): void {
    // KERNEL 6.19 fs/eventpoll.c ep_modify
    const file = this.#pollable(fd);
    if ((events & EPOLLEXCLUSIVE) !== 0) throw refuseExclusive(events);
    const item = this.#present(file, fd);
    if ((item.events & EPOLLEXCLUSIVE) !== 0) throw refuseExclusive(item.events);
    item.events = withErrors(events);
    item.data = data;
    this.#look(item);
  }

  /**
   * `EPOLL_CTL_DEL`.
   *
   * @param fd A descriptor
   * @throws {KvmError} EBADF; EPERM; ENOENT
   */
  delete(fd: number): void {
    const file = this.#pollable(fd);
    this.#remove(this.#present(file, fd));
  }

  /**
   * epoll_wait(2) with timeout 0.
   *
   * @param maxEvents Events at most
   * @returns Events in the order in which they became ready
   * @throws {KvmError} EINVAL when `maxEvents` is not positive, or beyond 178,956,970
   */
  wait(maxEvents = 64): EpollEvent<Data>[] {
    // KERNEL 6.19 fs/eventpoll.c ep_send_events
    if (!(maxEvents > 0) || maxEvents > MAX_EVENTS) {
      const detail = `No room for events: ${hex(maxEvents)}`;
      throw new KvmError("EINVAL", { check: "maxevents", detail });
    }
    const events: EpollEvent<Data>[] = [];
    const again: Item<Data>[] = [];
    for (const item of this.#ready) {
      if (events.length >= maxEvents) break;
      this.#ready.delete(item);
      const revents = item.file.pollMask() & item.events;
      if (revents === 0) continue;
      events.push({ events: revents, data: item.data });
      if ((item.events & EPOLLONESHOT) !== 0) item.events &= privateBits;
      else if ((item.events & EPOLLET) === 0) again.push(item);
    }
    for (const item of again) this.#ready.add(item);
    if (this.#ready.size > 0) this.#waiting.wake(POLLIN);
    return events;
  }

  /**
   * epoll_wait(2) on a thread of its own.
   *
   * @param options Events at most, timeout, and how it may be called off
   * @returns Events; none when time was up
   * @throws {KvmError} EINVAL when `maxEvents` is not positive; EINTR when called off
   */
  waitAsync(options: EpollWaitOptions = {}): Promise<EpollEvent<Data>[]> {
    return waitFor({
      ...options,
      attempt: () => {
        const events = this.wait(options.maxEvents);
        return events.length > 0 ? events : undefined;
      },
      timedOut: () => [],
      enqueue: (waiter) => {
        // KERNEL 6.19 fs/eventpoll.c ep_poll: at the head, so that the newest waiter is woken
        const entry = this.#waiting.add(waiter, { place: "head", exclusive: true });
        return () => this.#waiting.remove(entry);
      },
    });
  }

  /** Closes the set: nothing is watched any more. */
  close(): void {
    for (const items of [...this.#items.values()]) {
      for (const item of [...items.values()]) this.#remove(item);
    }
  }

  #pollable(fd: number): OpenFile {
    const file = this.#table.file(fd);
    if (file.pollable) return file;
    const detail = `A ${file.kind} cannot be watched`;
    throw new KvmError("EPERM", { check: "file", detail });
  }

  #find(file: OpenFile, fd: number): Item<Data> | undefined {
    return this.#items.get(file)?.get(fd);
  }

  #present(file: OpenFile, fd: number): Item<Data> {
    const item = this.#find(file, fd);
    if (item !== undefined) return item;
    const detail = `Descriptor ${hex(fd)} is not in the set`;
    throw new KvmError("ENOENT", { check: "entry", detail });
  }

  #remove(item: Item<Data>): void {
    item.detach();
    this.#ready.delete(item);
    const items = this.#items.get(item.file);
    items?.delete(item.fd);
    if (items?.size === 0) this.#items.delete(item.file);
  }

  #look(item: Item<Data>): void {
    if ((item.file.pollMask() & item.events) !== 0) this.#queue(item);
  }

  #queue(item: Item<Data>): void {
    this.#ready.add(item);
    this.#waiting.wake(POLLIN);
  }

  /** A wake of the file. Its answer matters for EPOLLEXCLUSIVE: whether somebody waits and wants it. */
  #onWake(item: Item<Data>, mask: number): boolean {
    // KERNEL 6.19 fs/eventpoll.c ep_poll_callback
    const exclusive = (item.events & EPOLLEXCLUSIVE) !== 0;
    if ((item.events & ~privateBits) === 0 || (mask & item.events) === 0) return !exclusive;
    const taken = !this.#waiting.empty;
    this.#queue(item);
    return !exclusive || taken;
  }
}

function withErrors(events: number): number {
  return events | POLLERR | POLLHUP;
}

function refuseExclusive(events: number): KvmError {
  const detail = `EPOLLEXCLUSIVE does not go with events ${hex(events >>> 0)}`;
  return new KvmError("EINVAL", { check: "events", detail });
}

/**
 * select(2).
 *
 * @module
 */
import { F_GETFD } from "./fcntl.ts";
import type { FileTable } from "./file_table.ts";
import type { TimedWaitOptions } from "./poll_descriptors.ts";
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI } from "./poll_events.ts";
import { POLLRDBAND, POLLRDNORM, POLLWRBAND, POLLWRNORM } from "./poll_events.ts";
import { waitFor } from "./_wait_for.ts";
import { watchFiles } from "./_watch_files.ts";

// KERNEL 6.19 fs/select.c POLLIN_SET, POLLOUT_SET, POLLEX_SET
const readable = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR | POLLNVAL;
const writable = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR | POLLNVAL;
const exceptional = POLLPRI | POLLNVAL;

/** The three sets of select(2), as lists of descriptors. */
export interface SelectSets {
  /** Readable, or with an error. */
  readonly read?: readonly number[];
  /** Writable, or with an error. */
  readonly write?: readonly number[];
  /** With priority data, which an eventfd never has. */
  readonly except?: readonly number[];
}

/** What select(2) leaves in the sets. */
export interface SelectAnswer extends Required<SelectSets> {
  /** Bits set, over all sets. */
  readonly count: number;
}

/**
 * select(2) with timeout 0.
 *
 * @param table The process
 * @param sets What is asked
 * @returns What holds of it
 * @throws {KvmError} EBADF when a descriptor is not open
 *
 * @example The overflow is readable and writable
 * ```ts
 * import { FileTable, selectDescriptors } from "@ioeventfd/eventfd";
 *
 * const table = new FileTable();
 * const fd = table.eventfd(0, 0);
 * table.eventfdWrite(fd, 2n ** 64n - 2n);
 * table.lookupEventfd(fd).signal();
 * const { count } = selectDescriptors(table, { read: [fd], write: [fd], except: [fd] });
 * if (count !== 2) throw new Error("readable and writable, not exceptional");
 * ```
 */
export function selectDescriptors(table: FileTable, sets: SelectSets): SelectAnswer {
  // KERNEL 6.19 fs/select.c select_poll_one; 4.4, 5.15 do_select
  const pollOne = (fd: number): number => {
    const file = table.fileIfOpen(fd);
    if (file !== undefined) return file.pollMask();
    table.fcntl(fd, F_GETFD);
    return table.rules.selectReportsPaths ? POLLNVAL : 0;
  };
  const having = (fds: readonly number[] | undefined, mask: number): number[] =>
    (fds ?? []).filter((fd) => (pollOne(fd) & mask) !== 0);
  const read = having(sets.read, readable);
  const write = having(sets.write, writable);
  const except = having(sets.except, exceptional);
  return { read, write, except, count: read.length + write.length + except.length };
}

/**
 * select(2) on a thread of its own.
 *
 * @param table The process
 * @param sets What is asked
 * @param options Timeout, and how it may be called off
 * @returns What holds of it; nothing when time was up
 * @throws {KvmError} EBADF when a descriptor is not open; EINTR when called off
 */
export function selectAsync(
  table: FileTable,
  sets: SelectSets,
  options: TimedWaitOptions = {},
): Promise<SelectAnswer> {
  const watched = (
    fds: readonly number[] | undefined,
    key: number,
  ): { fd: number; key: number }[] => (fds ?? []).map((fd) => ({ fd, key }));
  return waitFor({
    ...options,
    attempt: () => {
      const answer = selectDescriptors(table, sets);
      return answer.count > 0 ? answer : undefined;
    },
    timedOut: () => ({ read: [], write: [], except: [], count: 0 }),
    enqueue: (waiter) =>
      watchFiles(table, [
        ...watched(sets.read, readable),
        ...watched(sets.write, writable),
        ...watched(sets.except, exceptional),
      ], waiter),
  });
}

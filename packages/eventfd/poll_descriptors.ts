/**
 * poll(2) of several descriptors.
 *
 * @module
 */
import type { FileTable } from "./file_table.ts";
import { POLLERR, POLLHUP } from "./poll_events.ts";
import { waitFor } from "./_wait_for.ts";
import { watchFiles } from "./_watch_files.ts";
import type { WaitOptions } from "./_wait_for.ts";

/** `struct pollfd` without the answer. */
export interface PollRequest {
  /** A descriptor; a negative one is passed over. */
  readonly fd: number;
  /** `POLL*` bits asked for; POLLERR, POLLHUP and POLLNVAL come unasked. */
  readonly events: number;
}

/** How long to wait, and how it may be called off. */
export interface TimedWaitOptions extends WaitOptions {
  /** Gives up after so many milliseconds; below 0 or left out: never. */
  readonly timeoutMs?: number;
}

/**
 * poll(2) with timeout 0.
 *
 * @param table The process
 * @param requests What is asked of which descriptors
 * @returns The `revents` of each request
 *
 * @example An empty eventfd takes a write
 * ```ts
 * import { FileTable, pollDescriptors, POLLIN, POLLOUT } from "@ioeventfd/eventfd";
 *
 * const table = new FileTable();
 * const fd = table.eventfd(0, 0);
 * const [revents] = pollDescriptors(table, [{ fd, events: POLLIN | POLLOUT }]);
 * if (revents !== POLLOUT) throw new Error("POLLOUT alone");
 * ```
 */
export function pollDescriptors(table: FileTable, requests: readonly PollRequest[]): number[] {
  // KERNEL 6.19 fs/select.c do_pollfd
  return requests.map(({ fd, events }) => fd < 0 ? 0 : table.poll(fd, events));
}

/**
 * poll(2) on a thread of its own.
 *
 * @param table The process
 * @param requests What is asked of which descriptors
 * @param options Timeout, and how it may be called off
 * @returns The `revents` of each request; all 0 when time was up
 * @throws {KvmError} EINTR when called off
 */
export function pollAsync(
  table: FileTable,
  requests: readonly PollRequest[],
  options: TimedWaitOptions = {},
): Promise<number[]> {
  return waitFor({
    ...options,
    attempt: () => {
      const answers = pollDescriptors(table, requests);
      return answers.some((revents) => revents !== 0) ? answers : undefined;
    },
    timedOut: () => requests.map(() => 0),
    enqueue: (waiter) =>
      watchFiles(
        table,
        requests.map(({ fd, events }) => ({ fd, key: events | POLLERR | POLLHUP })),
        waiter,
      ),
  });
}

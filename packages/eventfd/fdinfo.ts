/**
 * `/proc/PID/fdinfo/FD` of an eventfd.
 *
 * @module
 */
import type { EventfdContext } from "./eventfd_context.ts";

/**
 * The lines of an eventfd, after the common `pos`, `flags`, `mnt_id` and `ino`.
 *
 * @param context The eventfd; its release says which lines there are
 * @returns Lines, each with its newline
 *
 * @example A counter of 42
 * ```ts
 * import { EventfdContext, fdinfoText } from "@ioeventfd/eventfd";
 *
 * const [count] = fdinfoText(new EventfdContext(42)).split("\n");
 * if (count !== "eventfd-count:               2a") throw new Error(count);
 * ```
 */
export function fdinfoText(context: EventfdContext): string {
  // KERNEL 6.19 fs/eventfd.c eventfd_show_fdinfo
  const values = {
    count: context.count.toString(16).padStart(16),
    id: String(context.id),
    semaphore: context.semaphore ? "1" : "0",
  };
  return context.rules.fdinfo.map((line) => `eventfd-${line}: ${values[line]}\n`).join("");
}

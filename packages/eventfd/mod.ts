/**
 * Linux's eventfd(2) in userspace: counter, descriptor table, poll, select and epoll, waits on the event loop and across
 * workers, by kernel release.
 *
 * @module
 */
export { EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE } from "@ioeventfd/uapi";
export type { OtherFile } from "@ioeventfd/uapi";
export * from "./descriptor_table.ts";
export * from "./epoll_set.ts";
export * from "./eventfd_context.ts";
export * from "./eventfd_file.ts";
export * from "./eventfd_waiters.ts";
export * from "./fcntl.ts";
export * from "./fdinfo.ts";
export * from "./file_table.ts";
export * from "./open_file.ts";
export * from "./other_open_file.ts";
export * from "./poll_descriptors.ts";
export * from "./poll_events.ts";
export * from "./refused_calls.ts";
export * from "./select_descriptors.ts";
export * from "./shared_eventfd.ts";
export * from "./signal_cell.ts";
export * from "./user_buffer.ts";
export * from "./wait_queue.ts";

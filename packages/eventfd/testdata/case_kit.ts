/** What the tests of this package share. */
import { kernelReleases, KvmError } from "@ioeventfd/uapi";
import type { EventfdRules } from "@ioeventfd/uapi";
import { FileTable } from "../mod.ts";

/** 2^64-1: only kernel-side signals reach it. */
export const MAX = 0xffff_ffff_ffff_ffffn;
/** 2^64-2: the largest count that writes reach. */
export const FULL = MAX - 1n;

/** Runs a case on the eventfd rules of every release, in a process of its own. */
export function onEveryRelease(run: (table: FileTable, rules: EventfdRules) => void): void {
  for (const { eventfd } of kernelReleases) run(new FileTable(eventfd), eventfd);
}

/** The same for a case that waits. */
export async function onEveryReleaseAsync(
  run: (table: FileTable, rules: EventfdRules) => Promise<void>,
): Promise<void> {
  for (const { eventfd } of kernelReleases) await run(new FileTable(eventfd), eventfd);
}

/** The errno a call is refused with, or what it returns. */
export function outcome<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (error instanceof KvmError) return error.code;
    throw error;
  }
}

/** The same for a call that waits. */
export async function outcomeAsync<T>(call: Promise<T>): Promise<T | string> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof KvmError) return error.code;
    throw error;
  }
}

/** Buffer of a size, its first bytes a little-endian u64. */
export function bytesOf(value: bigint, length = 8): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < Math.min(length, 8); i++) bytes[i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return bytes;
}

/** Little-endian value of a buffer's first 8 bytes. */
export function valueOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = 0; i < Math.min(bytes.length, 8); i++) value |= BigInt(bytes[i]!) << BigInt(8 * i);
  return value;
}

/** write(2) of 8 bytes: what it returns, or its errno. */
export function write(table: FileTable, fd: number, value: bigint, length = 8): number | string {
  return outcome(() => table.write(fd, bytesOf(value, length)));
}

/** read(2) of 8 bytes: the value, or its errno. */
export function read(table: FileTable, fd: number): bigint | string {
  return outcome(() => table.eventfdRead(fd));
}

/** A read on a thread of its own: the value, or its errno. */
export function readLater(
  table: FileTable,
  fd: number,
  interrupt?: AbortSignal,
): Promise<bigint | string> {
  const bytes = new Uint8Array(8);
  const options = interrupt === undefined ? {} : { interrupt };
  return outcomeAsync(table.readAsync(fd, bytes, options).then(() => valueOf(bytes)));
}

/** A write on a thread of its own: what it returns, or its errno. */
export function writeLater(
  table: FileTable,
  fd: number,
  value: bigint,
  interrupt?: AbortSignal,
): Promise<number | string> {
  const options = interrupt === undefined ? {} : { interrupt };
  return outcomeAsync(table.writeAsync(fd, bytesOf(value), options));
}

/** The counter, unread. */
export function count(table: FileTable, fd: number): bigint {
  return table.lookupEventfd(fd).count;
}

/** Lets everything that can run do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Whether a call still waits once everything that can run has run. */
export async function blocked(call: Promise<unknown>): Promise<boolean> {
  let done = false;
  const mark = (): void => {
    done = true;
  };
  call.then(mark, mark);
  await settle();
  return !done;
}

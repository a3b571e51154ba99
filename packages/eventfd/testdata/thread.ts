import type { SharedEventfd } from "../mod.ts";

/** What a thread is told to do, blocking where the call blocks. */
export interface Command {
  readonly call: "read" | "echo" | "readAsync" | "tryRead" | "write" | "signal";
  readonly buffer: SharedArrayBuffer;
  /** Calls in a row; 1 unless told otherwise. */
  readonly times?: number;
  /** What each write adds; 1 unless told otherwise. */
  readonly value?: bigint;
  /** Where `echo` writes what it has read. */
  readonly reply?: SharedArrayBuffer;
  /** Memory whose first word is looked at after the calls. */
  readonly flag?: SharedArrayBuffer;
}

/** What a thread has to say. */
export interface Reply {
  /** Sum of what it read. */
  readonly sum: bigint;
  /** First word of the flag. */
  readonly seen: number;
  /** Why it failed. */
  readonly failed?: string;
}

/** A worker that makes calls on a shared eventfd. */
export class Thread implements AsyncDisposable {
  readonly #worker = new Worker(new URL("./eventfd_worker.ts", import.meta.url), {
    type: "module",
  });

  /** Starts a call; resolves when the thread is back. */
  call(
    eventfd: SharedEventfd,
    call: Command["call"],
    rest: Omit<Command, "call" | "buffer"> = {},
  ): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#worker.onmessage = ({ data }: MessageEvent<Reply>): void => {
      if (data.failed === undefined) resolve(data);
      else reject(new Error(data.failed));
    };
    this.#worker.onerror = (event): void => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    this.#worker.postMessage({ call, buffer: eventfd.buffer, ...rest });
    return promise;
  }

  /** Ends the thread. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#worker.terminate();
    // The host reports the end of a worker on a later turn.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Waits until so many threads sleep for something to read or for room to write. */
export async function untilAsleep(
  eventfd: SharedEventfd,
  what: "readers" | "writers",
  threads: number,
): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    const asleep = what === "readers" ? eventfd.sleepingReaders : eventfd.sleepingWriters;
    if (asleep === threads) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`${threads} ${what} did not go to sleep`);
}

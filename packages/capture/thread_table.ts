/**
 * The threads of a recording, each with a small index.
 *
 * @module
 */

/** A thread as the lines name it. */
export interface TraceThread {
  /** Process, or -1 where the text gives the thread alone. */
  readonly pid: number;
  /** Thread. */
  readonly tid: number;
  /** Its name at its first line. */
  readonly comm: string;
}

const decoder = new TextDecoder();

/** Threads by number; a process and a thread of the same numbers are one entry. */
export class ThreadTable {
  /** Threads in order of appearance. */
  readonly threads: TraceThread[] = [];
  readonly #byTid = new Map<number, number>();
  #lastPid = 0;
  #lastTid = 0;
  #lastIndex = -1;

  /**
   * The index of a thread, new or known.
   *
   * @param pid Process or -1 @param tid Thread @param bytes Line @param from Start of its name @param to End
   */
  index(pid: number, tid: number, bytes: Uint8Array, from: number, to: number): number {
    if (tid === this.#lastTid && pid === this.#lastPid && this.#lastIndex >= 0) {
      return this.#lastIndex;
    }
    let index = this.#byTid.get(tid);
    if (index === undefined || this.threads[index]!.pid !== pid) {
      index = this.threads.length;
      this.threads.push({ pid, tid, comm: decoder.decode(bytes.subarray(from, to)).trim() });
      this.#byTid.set(tid, index);
    }
    this.#lastPid = pid;
    this.#lastTid = tid;
    this.#lastIndex = index;
    return index;
  }
}

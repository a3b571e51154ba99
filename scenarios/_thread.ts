/**
 * Threads of a scenario.
 *
 * @module
 */

const patienceMs = 120_000;

/** A worker that is asked once and answers once. */
export class Thread implements Disposable {
  readonly #worker: Worker;

  /**
   * Starts a worker.
   *
   * @param url Its module
   */
  constructor(url: URL) {
    this.#worker = new Worker(url.href, { type: "module" });
  }

  /**
   * Asks, and waits for the answer.
   *
   * @param question What the module gets as a message
   * @returns What it posts
   * @throws {Error} when it fails, or is not done in two minutes
   */
  ask<Answer>(question: unknown): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const late = setTimeout(() => reject(new Error("A thread did not answer")), patienceMs);
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    this.#worker.onerror = (event: ErrorEvent) => {
      event.preventDefault();
      reject(new Error(`A thread failed: ${event.message}`));
    };
    this.#worker.postMessage(question);
    return promise.finally(() => clearTimeout(late));
  }

  /** Ends the worker. */
  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/**
 * Closing many VMs without waiting for each.
 *
 * @module
 */

/**
 * Resources to be disposed a little later, the oldest first.
 *
 * The kernel closes a VM only when the grace period that its last registration began is over, some ten milliseconds;
 * a VM that is closed later than that is closed at once. Whoever makes thousands of them puts each in here, and 64 are
 * open at a time.
 *
 * @example
 * ```ts
 * import { DisposeLater } from "@ioeventfd/kvm-live";
 *
 * const closed: number[] = [];
 * {
 *   using later = new DisposeLater(2);
 *   for (let i = 0; i < 3; i++) later.push({ [Symbol.dispose]: () => void closed.push(i) });
 *   if (closed.join() !== "0") throw new Error("the oldest goes when there are more than two");
 * }
 * if (closed.join() !== "0,1,2") throw new Error("the rest goes at the end");
 * ```
 */
export class DisposeLater implements Disposable {
  readonly #waiting: Disposable[] = [];
  readonly #atMost: number;

  /**
   * An empty queue.
   *
   * @param atMost Resources that may wait
   * @throws {RangeError} for a number that is not whole, or below 0
   */
  constructor(atMost = 64) {
    if (!Number.isSafeInteger(atMost) || atMost < 0) {
      throw new RangeError(`A queue holds 0 or more resources: got ${atMost}`);
    }
    this.#atMost = atMost;
  }

  /**
   * Takes a resource over, and disposes the oldest when too many wait.
   *
   * @param resource What to dispose later
   * @returns The resource
   */
  push<T extends Disposable>(resource: T): T {
    this.#waiting.push(resource);
    if (this.#waiting.length > this.#atMost) this.#waiting.shift()?.[Symbol.dispose]();
    return resource;
  }

  /** Disposes all that wait, even when one of them throws. */
  [Symbol.dispose](): void {
    using stack = new DisposableStack();
    for (const resource of this.#waiting.splice(0).reverse()) stack.use(resource);
  }
}

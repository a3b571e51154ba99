/**
 * Waiting for code that is not ours.
 *
 * @module
 */

/**
 * Waits for work that may throw where nobody catches it, in a timer or a promise left alone, or wait for what never
 * comes. Either ends the process otherwise, with a stack.
 *
 * @param work What is waited for
 * @param name What to call it
 * @returns What it gives
 * @throws What it threw, wherever; an Error when nothing is left that could settle it
 */
export async function guarded<T>(work: () => T | Promise<T>, name: string): Promise<T> {
  using listening = new AbortOnDispose();
  const { signal } = listening;
  return await new Promise<T>((resolve, reject) => {
    const listen = (event: string, reason: (event: Event) => unknown): void =>
      globalThis.addEventListener(event, (caught) => {
        caught.preventDefault();
        reject(reason(caught));
      }, { signal });
    listen("error", (event) => (event as ErrorEvent).error);
    listen("unhandledrejection", (event) => (event as PromiseRejectionEvent).reason);
    listen(
      "beforeunload",
      () =>
        Object.assign(new Error(`${name} waits for a promise that nothing is left to settle`), {
          stack: "", // it would be ours
        }),
    );
    Promise.resolve().then(work).then(resolve, reject);
  });
}

class AbortOnDispose {
  readonly #controller = new AbortController();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    this.#controller.abort();
  }
}

/**
 * Runs test files in a worker, where an endless loop can be ended: the shortest tests first, up to the first failure.
 *
 * @module
 */
import fc from "fast-check";

/** What the worker is told. */
export interface Assignment {
  /** Addresses of test files. */
  readonly files: readonly string[];
  /** Milliseconds that each test took without a mistake; those that are not known come last. */
  readonly durations: Readonly<Record<string, number>>;
  /** Tests to run before the others, by name. */
  readonly first: readonly string[];
  /** Tests not to run. */
  readonly without: readonly string[];
  /** Go on after a failure. */
  readonly goesOn: boolean;
}

/** What the worker tells: the name of a test before each, and the outcome at the end. */
export type Report = string | Outcome;

/** What became of it. */
export interface Outcome {
  /** The first test that failed, "loading", or null. */
  readonly failed: string | null;
  /** All that failed, where it went on. */
  readonly failures: readonly string[];
  /** Milliseconds of each test that ran. */
  readonly durations: Readonly<Record<string, number>>;
}

interface Definition {
  readonly name: string;
  readonly ignore?: boolean;
  readonly fn: (context: unknown) => unknown;
}

const tests: Definition[] = [];
const context = {
  async step(
    first: string | Pick<Definition, "fn">,
    second?: (context: unknown) => unknown,
  ): Promise<boolean> {
    await (typeof first === "string" ? second! : first.fn)(context);
    return true;
  },
};

function collect(first: string | Definition, second?: Definition["fn"]): void {
  tests.push(typeof first === "string" ? { name: first, fn: second! } : first);
}

async function run({ files, durations, first, without, goesOn }: Assignment): Promise<Outcome> {
  const took: Record<string, number> = {};
  const failures: string[] = [];
  try {
    for (const file of files) await import(file);
  } catch {
    return { failed: "loading", failures, durations: took };
  }
  const places = new Map(first.slice(0, 5).map((name, i) => [name, i - 5]));
  const place = ({ name }: Definition): number => places.get(name) ?? durations[name] ?? 1e9;
  for (const test of tests.toSorted((a, b) => place(a) - place(b))) {
    if (test.ignore || without.includes(test.name)) continue;
    self.postMessage(test.name satisfies Report);
    const start = performance.now();
    try {
      await test.fn(context);
    } catch {
      failures.push(test.name);
      if (!goesOn) break;
    }
    took[test.name] = performance.now() - start;
  }
  return { failed: failures[0] ?? null, failures, durations: took };
}

// The same draws for every mistake, and nothing made small that is not shown.
fc.configureGlobal({ seed: 20_141, endOnFailure: true });
Object.defineProperty(Deno, "test", { value: collect });
self.onmessage = async ({ data }: MessageEvent<Assignment>): Promise<void> => {
  self.postMessage(await run(data) satisfies Report);
};

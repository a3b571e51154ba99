/**
 * Tries mistakes in the copy of the sources that this file is run from: a file with {@linkcode Orders} in, a line of JSON
 * for each mistake out.
 *
 * @module
 */
import type { Assignment, Outcome, Report } from "./mutant_worker.ts";

/** Test files that are run together. */
export interface Round {
  readonly files: readonly string[];
  /** Some tests fail here without any mistake, for want of a permission, and are left out. */
  readonly lacks: boolean;
}

/** Mistakes to try, and what should find them. */
export interface Orders {
  /** The next round is for what the one before did not find. */
  readonly rounds: readonly Round[];
  /** What to write to which file, both from the root, for each mistake. */
  readonly mistakes: readonly (readonly { readonly path: string; readonly text: string }[])[];
}

/** What became of a mistake: the name of the test that found it, "loading", "time" or null. */
export interface Verdict {
  /** Position in {@linkcode Orders.mistakes}; −1 for the sources as they are. */
  readonly index: number;
  readonly foundBy: string | null;
}

const root = new URL("../", import.meta.url);
const orders: Orders = JSON.parse(Deno.readTextFileSync(Deno.args[0]!));

/** Milliseconds that a test may take beyond twenty times what it took without a mistake. */
const patience = 3000;

function play(assignment: Assignment): Promise<Outcome | "time"> {
  const worker = new Worker(new URL("mutant_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve } = Promise.withResolvers<Outcome | "time">();
  let timer: ReturnType<typeof setTimeout> | undefined;
  worker.onmessage = ({ data }: MessageEvent<Report>) => {
    clearTimeout(timer);
    if (typeof data !== "string") return resolve(data);
    const known = assignment.durations[data];
    if (known !== undefined) {
      timer = setTimeout(() => resolve("time"), patience + 20 * known);
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    resolve({ failed: "loading", failures: [], durations: {} });
  };
  worker.postMessage(assignment);
  return promise.finally(() => {
    clearTimeout(timer);
    worker.terminate();
  });
}

function say(verdict: Verdict): void {
  console.log(JSON.stringify(verdict));
}

const rounds = orders.rounds.map(({ files, lacks }) => ({
  files: files.map((path) => new URL(path, root).href),
  lacks,
  durations: {} as Record<string, number>,
  finders: new Set<string>(),
  /** What fails in a worker without any mistake, for want of a permission. */
  without: [] as readonly string[],
}));

/** First round that finds something decides. */
async function judge(isSound = true): Promise<string | null> {
  for (const round of rounds) {
    const { files, durations, finders } = round;
    const first = [...finders].toReversed();
    const goesOn = !isSound && round.lacks;
    const outcome = await play({ files, durations, first, without: round.without, goesOn });
    if (outcome === "time") return "time";
    if (goesOn && outcome.failed !== "loading" && outcome.failures.length <= 5) {
      round.without = outcome.failures;
    } else if (outcome.failed !== null) {
      // What found one mistake finds its neighbours.
      finders.delete(outcome.failed);
      finders.add(outcome.failed);
      return outcome.failed;
    }
    if (Object.keys(durations).length === 0) round.durations = { ...outcome.durations };
  }
  return null;
}

const first = await judge(false);
say({ index: -1, foundBy: first });
if (first === null) {
  for (const [index, files] of orders.mistakes.entries()) {
    const before = files.map(({ path }) => Deno.readTextFileSync(new URL(path, root)));
    for (const { path, text } of files) Deno.writeTextFileSync(new URL(path, root), text);
    say({ index, foundBy: await judge() });
    files.forEach(({ path }, i) => Deno.writeTextFileSync(new URL(path, root), before[i]!));
  }
}
// A worker that was ended within an endless loop would keep the process.
Deno.exit();

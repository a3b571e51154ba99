/**
 * Random input for every parser, for as long as it is given: `deno task fuzz --minutes 10`.
 *
 * `--seed N` repeats a run; `--only WORD` takes the parsers whose name has that word. Ends with 1 when something was
 * found, with the input shrunk and the seed and path that repeat it.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import fc from "fast-check";
import { fuzzTargets } from "../tests/fuzz/fuzz_targets.ts";

const args = parseArgs(Deno.args, { string: ["minutes", "seed", "only"] });
const minutes = Number(args["minutes"] ?? 1), only = String(args["only"] ?? "");
let seed = Number(args["seed"] ?? Date.now() % 2 ** 31);
if (!(minutes > 0) || !Number.isInteger(seed) || args._.length > 0) {
  console.error("fuzz: --minutes is a number above 0, --seed an integer");
  Deno.exit(2);
}

const targets = fuzzTargets.filter(({ name }) => name.includes(only));
const runs = new Map<string, number>();
const end = performance.now() + minutes * 60_000;
// Round after round, so that every parser has its share however the time ends.
while (performance.now() < end && targets.length > 0) {
  for (const { name, property } of targets) {
    const left = end - performance.now();
    if (left <= 0) break;
    const result = await fc.check(property, {
      seed,
      numRuns: 5000,
      interruptAfterTimeLimit: Math.min(left, 5000),
    });
    runs.set(name, (runs.get(name) ?? 0) + result.numRuns);
    if (result.failed && !result.interrupted) {
      console.error(`${name}: ${fc.defaultReportMessage(result)}`);
      Deno.exit(1);
    }
  }
  seed = (seed + 1) % 2 ** 31;
}
for (const [name, count] of runs) console.log(`${String(count).padStart(9)}  ${name}`);

// A moment of what `deno task fuzz` does for as long as it is given: always the same inputs.
import fc from "fast-check";
import { fuzzTargets } from "./fuzz_targets.ts";

for (const { name, property } of fuzzTargets) {
  Deno.test(`fuzzing ${name} finds nothing but the parser's own errors`, async () => {
    await fc.assert(property, { seed: 20140418, numRuns: 300 });
  });
}

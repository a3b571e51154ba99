/**
 * Registration vectors (`register` and `collide`) against the model, parsed beforehand, each in a VM of its own:
 * `conform.ts CHUNKS OPS`. A vector that the model fails ends it.
 *
 * @module
 */
import { parseVector, runVector, type Vector } from "@ioeventfd/conform";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { answer, timeSamples } from "../sampling.ts";

const [chunks, ops] = Deno.args.map(Number) as [number, number];
const vectors = ["register", "collide"].flatMap((kind) => {
  const path = new URL(`../../vectors/${kind}.jsonl`, import.meta.url);
  const lines = Deno.readTextFileSync(path).split("\n");
  return lines.flatMap((line, i) => line === "" ? [] : [parseVector(line, kind, i + 1)]);
});
const backend = new CoreBackend();
let next = 0;
const [ns] = timeSamples(chunks, [{ ops, period: vectors.length, run }]);
answer({ casesPerS: 1e9 / ns! });

function run(ops: number): void {
  for (let i = 0; i < ops; i++) {
    // Both kinds in turn, so that every chunk is of the same sort.
    const vector: Vector = vectors[next * 7919 % vectors.length]!;
    next = (next + 1) % vectors.length;
    const { outcome } = runVector(backend, vector);
    if (outcome !== "passed") throw new Error(`Vector ${vector.id} is ${outcome}`);
  }
}

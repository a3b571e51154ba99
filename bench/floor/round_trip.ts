/**
 * A round trip between two workers with nothing but `Atomics.wait` and `Atomics.notify`, two words each way: what
 * JavaScript can do at best. `round_trip.ts CHUNKS OPS`
 *
 * @module
 */
import { answer, timeSamples } from "../sampling.ts";

const [chunks, ops] = Deno.args.map(Number) as [number, number];
const words = new Int32Array(new SharedArrayBuffer(256));
const REQUEST = 0, REPLY = 32;
const code = `onmessage = ({ data: words }) => {
  for (let turn = 0;; turn++) {
    while (Atomics.load(words, ${REQUEST}) === turn) Atomics.wait(words, ${REQUEST}, turn);
    Atomics.store(words, ${REPLY}, turn + 1);
    Atomics.notify(words, ${REPLY});
  }
};`;
const worker = new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" });
worker.onerror = (): never => Deno.exit(1);
worker.postMessage(words);
let turn = 0;
const [ns] = timeSamples(chunks, [{ ops, run }]);
answer({ ns });
Deno.exit(0); // the worker waits for the next request

function run(ops: number): void {
  for (let i = 0; i < ops; i++) {
    turn++;
    Atomics.store(words, REQUEST, turn);
    Atomics.notify(words, REQUEST);
    while (Atomics.load(words, REPLY) !== turn) Atomics.wait(words, REPLY, turn - 1);
  }
}

/**
 * A round trip between two workers on eventfds in shared memory, both blocking: `round_trip.ts CHUNKS OPS LOOKS`, where
 * LOOKS is 0 for workers that sleep at once; else they look as often as has paid.
 *
 * @module
 */
import { SharedEventfd } from "@ioeventfd/eventfd";
import { answer, timeSamples } from "../sampling.ts";
import type { EchoRequest } from "./echo_worker.ts";

const [chunks, ops, looks] = Deno.args.map(Number) as [number, number, number];
const sleepsAtOnce = looks === 0;
const [request, reply] = [new SharedEventfd(), new SharedEventfd()];
const worker = new Worker(new URL("./echo_worker.ts", import.meta.url), { type: "module" });
worker.onerror = (): never => Deno.exit(1);
const message: EchoRequest = { buffers: [request.buffer, reply.buffer], sleepsAtOnce };
worker.postMessage(message);
request.write(1n); // answered by memory: a message of a worker that then blocks may not arrive
while (reply.count === 0n) await new Promise((resolve) => setTimeout(resolve, 1));
reply.read();
let sum = 0n;
const [ns] = timeSamples(chunks, [{ ops, run, reset: () => void (sum = 0n) }]);
if (sum !== BigInt(chunks * ops)) throw new Error(`${sum} replies to ${chunks * ops} requests`);
answer({ ns });
Deno.exit(0); // the worker waits for the next request

function run(ops: number): void {
  for (let i = 0; i < ops; i++) {
    request.write(1n);
    sum += reply.readBlocking({ sleepsAtOnce });
  }
}

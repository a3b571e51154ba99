/**
 * write + read of an eventfd in the model, through its public interface with bigints and on words, in memory of one
 * thread and in shared memory: `eventfd.ts CHUNKS OPS`.
 *
 * @module
 */
import { EventfdContext, SharedEventfd } from "@ioeventfd/eventfd";
import { answer, type Sample, timeSamples } from "../sampling.ts";

interface Counted extends Sample {
  /** Calls in which what was read is what was written. */
  right: number;
}

const [chunks, ops] = Deno.args.map(Number) as [number, number];
const local = new EventfdContext();
const shared = new SharedEventfd();
const words = new Int32Array(2);

const samples = [
  counted((ops) => onBigints(local, ops)),
  counted((ops) => onSharedBigints(shared, ops)),
  counted((ops) => onWords(local, ops)),
  counted((ops) => onSharedWords(shared, ops)),
];
const [localNs, sharedNs, localWordsNs, sharedWordsNs] = timeSamples(chunks, samples);
for (const { right } of samples) {
  if (right !== chunks * ops) throw new Error(`${right} of ${chunks * ops} reads were right`);
}
answer({ localNs, sharedNs, localWordsNs, sharedWordsNs });

function counted(call: (ops: number) => number): Counted {
  return {
    ops,
    right: 0,
    run(ops): void {
      this.right += call(ops);
    },
    reset(): void {
      this.right = 0;
    },
  };
}

function onBigints(eventfd: EventfdContext, ops: number): number {
  let right = 0;
  for (let i = 0; i < ops; i++) {
    eventfd.write(1n);
    if (eventfd.read() === 1n) right++;
  }
  return right;
}

function onSharedBigints(eventfd: SharedEventfd, ops: number): number {
  let right = 0;
  for (let i = 0; i < ops; i++) {
    eventfd.write(1n);
    if (eventfd.read() === 1n) right++;
  }
  return right;
}

function onWords(eventfd: EventfdContext, ops: number): number {
  let right = 0;
  for (let i = 0; i < ops; i++) {
    eventfd.writeWords(1, 0);
    if (eventfd.readWords(words) && words[0] === 1) right++;
  }
  return right;
}

function onSharedWords(eventfd: SharedEventfd, ops: number): number {
  let right = 0;
  for (let i = 0; i < ops; i++) {
    eventfd.writeWords(1, 0);
    if (eventfd.readWords(words) && words[0] === 1) right++;
  }
  return right;
}

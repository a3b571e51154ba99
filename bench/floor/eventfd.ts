/**
 * The floor of write + read of an eventfd with bigints: in by way of scratch memory, a 64-bit addition on two words,
 * out as a new bigint; no checks but that of the range. For shared memory, one atomic addition and one exchange.
 * `eventfd.ts CHUNKS OPS`
 *
 * @module
 */
import { answer, timeSamples } from "../sampling.ts";

const scratch = new BigUint64Array(1), pair = new Int32Array(scratch.buffer);
const counter = new Int32Array(2), shared = new Int32Array(new SharedArrayBuffer(64));

const [chunks, ops] = Deno.args.map(Number) as [number, number];
let right = 0;
const samples = [local, atomic].map((call) => ({
  ops,
  run: (ops: number): void => void (right += call(ops)),
}));
const [localNs, sharedNs] = timeSamples(chunks, samples);
if (right < 2 * chunks * ops) throw new Error(`${right} reads were right`);
answer({ localNs, sharedNs });

function local(ops: number): number {
  let right = 0;
  for (let i = 0; i < ops; i++) {
    write(1n);
    if (read() === 1n) right++;
  }
  return right;
}

function write(value: bigint): void {
  scratch[0] = value;
  if (scratch[0] !== value) throw new RangeError("Not a u64");
  const lo = pair[0]!, sum = (counter[0]! + lo) | 0;
  counter[1] = counter[1]! + pair[1]! + (sum >>> 0 < lo >>> 0 ? 1 : 0);
  counter[0] = sum;
}

function read(): bigint {
  const lo = counter[0]!, hi = counter[1]!;
  counter[0] = counter[1] = 0;
  return hi === 0 ? BigInt(lo >>> 0) : (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

function atomic(ops: number): number {
  let right = 0;
  for (let i = 0; i < ops; i++) {
    Atomics.add(shared, 0, 1);
    if (Atomics.exchange(shared, 0, 0) === 1) right++;
  }
  return right;
}

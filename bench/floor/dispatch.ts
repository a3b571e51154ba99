/**
 * The floor of a write on a bus: an open-addressing table over typed arrays of the module, a wildcard at every address,
 * and nothing else that could be there. `dispatch.ts CHUNKS N:OPS…`
 *
 * @module
 */
import {
  answer,
  BASE,
  checksum,
  parseSizes,
  randomNumbers,
  type Sample,
  type Size,
  STREAM,
  STRIDE,
  timeSamples,
} from "../sampling.ts";

/** Here, as V8 reads an imported constant from its module each time. */
const LAST = STREAM - 1;

/** One table at a time is in use: its records of address, high word, number + 1, and a word to spare. */
let records = new Int32Array(4), counters = new Int32Array(2), mask = 3, shift = 32;

interface Doorbells extends Sample {
  readonly n: number;
  readonly own: Int32Array;
  hits: number;
  next: number;
}

const { chunks, sizes } = parseSizes(Deno.args);
const samples = sizes.map(doorbells);
const ns = timeSamples(chunks, samples);
answer(Object.fromEntries(samples.map(({ n, hits, own }, i) => {
  const counts = Array.from({ length: n }, (_, at) => BigInt(own[2 * at]! >>> 0));
  return [n, { ns: ns[i], hits, checksum: checksum(counts) }];
})));

function doorbells({ n, ops }: Size): Doorbells {
  const bits = 32 - Math.clz32(3 * n);
  const own = {
    records: new Int32Array(4 << bits),
    counters: new Int32Array(2 * n),
    mask: (4 << bits) - 1,
    shift: 32 - bits,
  };
  const use = (): void => void ({ records, counters, mask, shift } = own);
  use();
  for (let i = 0; i < n; i++) {
    let at = home(BASE + i * STRIDE | 0, 0);
    while (records[at + 2] !== 0) at = (at + 4) & mask;
    records.set([BASE + i * STRIDE, 0, i + 1], at);
  }
  const stream = new Int32Array(randomNumbers(STREAM, n).map((at) => BASE + at * STRIDE));
  return {
    n,
    ops,
    period: STREAM,
    own: own.counters,
    hits: 0,
    next: 0,
    run(ops): void {
      use();
      this.hits += write(stream, this.next, ops);
      this.next = (this.next + ops) & LAST;
    },
    reset(): void {
      this.hits = 0;
      this.next = 0;
      own.counters.fill(0);
    },
  };
}

function write(stream: Int32Array, from: number, ops: number): number {
  const end = from + ops;
  let hits = 0;
  for (let i = from; i < end; i++) if (signal(stream[i & LAST]!, 0)) hits++;
  return hits;
}

function signal(lo: number, hi: number): boolean {
  for (let at = home(lo, hi);; at = (at + 4) & mask) {
    const tag = records[at + 2]!;
    if (tag === 0) return false;
    if (records[at] !== lo || records[at + 1] !== hi) continue;
    const counter = (tag - 1) << 1;
    const count = (counters[counter]! + 1) | 0;
    counters[counter] = count;
    if (count === 0) counters[counter + 1]!++;
    return true;
  }
}

function home(lo: number, hi: number): number {
  return Math.imul(lo ^ Math.imul(hi, 0x27d4eb2f), 0x9e3779b1 | 0) >>> shift << 2;
}

/**
 * What every variant does alike: it takes the native peer's arguments, makes the same stream of addresses, warms up,
 * times in chunks, and prints one JSON object.
 *
 * @module
 */

/** Addresses in a stream; a power of two. */
export const STREAM = 65_536;
/** First guest physical address of the devices. */
export const BASE = 0xd000_0000;
/** Bytes from one device to the next. */
export const STRIDE = 4096;
/** Registrations timed together. */
export const BATCH = 64;

/** Milliseconds of work before anything counts: the compiler is then through. */
export const warmUpMs = 400;

/** One size to measure. */
export interface Size {
  /** Devices. */
  readonly n: number;
  /** Operations in a chunk. */
  readonly ops: number;
}

/** Something to be timed. */
export interface Sample {
  /** Operations in a chunk. */
  readonly ops: number;
  /** Operations after which it begins anew. */
  readonly period?: number;
  /** Does so many operations, from where it stopped. */
  run(ops: number): void;
  /** Called before the first chunk that counts. */
  reset?(): void;
}

/** `CHUNKS N:OPS…`, as on the native peer's command line. */
export function parseSizes(args: readonly string[]): { chunks: number; sizes: Size[] } {
  const [chunks, ...sizes] = args;
  return {
    chunks: Number(chunks),
    sizes: sizes.map((size) => {
      const [n, ops] = size.split(":");
      return { n: Number(n), ops: Number(ops ?? 0) };
    }),
  };
}

/** The native peer's xorshift: random u32 below `n`, the same in every process. */
export function randomNumbers(count: number, n: number): Uint32Array {
  const numbers = new Uint32Array(count);
  let state = 12345;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    numbers[i] = (state >>> 0) % n;
  }
  return numbers;
}

/**
 * Nanoseconds an operation of each sample: the median of its chunks. All samples warm up together, so that what the
 * compiler learns from one holds for the others, and each once more before its own chunks, for the caches. Chunks are to
 * be short: on a machine with other load most then end before their thread loses its CPU.
 *
 * @param chunks Chunks that count
 * @param samples What is timed
 */
export function timeSamples(chunks: number, samples: readonly Sample[]): number[] {
  const start = performance.now();
  do {
    for (const sample of samples) sample.run(Math.max(sample.ops >> 3, 1));
  } while (performance.now() - start < warmUpMs);
  return samples.map((sample) => {
    for (let done = 0; done < (sample.period ?? 0); done += sample.ops) sample.run(sample.ops);
    sample.reset?.();
    const ns: number[] = [];
    for (let chunk = 0; chunk < chunks; chunk++) {
      const start = performance.now();
      sample.run(sample.ops);
      ns.push((performance.now() - start) * 1e6 / sample.ops);
    }
    return median(ns);
  });
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Which device took how many writes, in one number that the native peer prints too. */
export function checksum(counts: readonly bigint[]): number {
  let sum = 0n;
  for (const [i, count] of counts.entries()) sum += count * BigInt(i + 1);
  return Number(sum & 0xffff_ffffn);
}

/** Prints a variant's answer. */
export function answer(result: unknown): void {
  console.log(JSON.stringify(result));
}

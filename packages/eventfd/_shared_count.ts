import { words as scratch } from "./_words.ts";

/** Words of the shared memory; the count above 2^32-2 is the u64 at words 10 and 11. */
const SMALL = 0, LARGE = 5;
/** Stands in SMALL for a count that is in LARGE; 0 there says that a thread is moving it. */
const ELSEWHERE = -1;
const LEAST_LARGE = 0xffff_ffffn;

/**
 * A 64-bit counter that threads share. Up to 2^32-2, where all but tests stay, it is one word: an addition is one
 * compare-exchange, without a bigint. Who takes it past that, or back, moves it while the others spin.
 */
export class SharedCount {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #large: BigUint64Array<SharedArrayBuffer>;

  constructor(words: Int32Array<SharedArrayBuffer>) {
    this.#words = words;
    this.#large = new BigUint64Array(words.buffer);
  }

  get value(): bigint {
    for (;;) {
      const small = Atomics.load(this.#words, SMALL);
      if (small !== ELSEWHERE) return BigInt(small >>> 0);
      const large = Atomics.load(this.#large, LARGE);
      if (large !== 0n) return large;
    }
  }

  /** To be called before others know of it. */
  start(value: number): void {
    if (value === 0xffff_ffff) Atomics.store(this.#large, LARGE, LEAST_LARGE);
    Atomics.store(this.#words, SMALL, value | 0);
  }

  /** Adds if the sum stays within the limit. */
  add(lo: number, hi: number, limit: bigint): boolean {
    if (hi === 0) {
      let seen = this.#words[SMALL]!; // a guess, which the exchange checks
      while ((seen >>> 0) + (lo >>> 0) < 0xffff_ffff) {
        const now = Atomics.compareExchange(this.#words, SMALL, seen, (seen + lo) | 0);
        if (now === seen) return true;
        seen = now;
      }
    }
    return this.#addLarge(scratch.join(lo, hi), limit);
  }

  /** Takes all of it, or 1, low word first; false at 0. */
  take(out: Int32Array, one: boolean): boolean {
    let seen = this.#words[SMALL]!;
    for (;;) {
      if (seen === 0) {
        // Perhaps old; and a sleeper that looks again and again must not keep the memory from the writer.
        seen = Atomics.load(this.#words, SMALL);
        if (seen === 0) return false;
      }
      if (seen === ELSEWHERE) {
        if (this.#takeLarge(out, one)) return true;
        seen = Atomics.load(this.#words, SMALL);
        continue;
      }
      const now = Atomics.compareExchange(this.#words, SMALL, seen, one ? (seen - 1) | 0 : 0);
      if (now === seen) {
        out[0] = one ? 1 : seen;
        out[1] = 0;
        return true;
      }
      seen = now;
    }
  }

  /** Takes 1 of an empty counter, which leaves 2^64-1; false when it is not empty. */
  underflow(): boolean {
    if (Atomics.compareExchange(this.#words, SMALL, 0, ELSEWHERE) !== 0) return false;
    Atomics.store(this.#large, LARGE, 0xffff_ffff_ffff_ffffn);
    return true;
  }

  #addLarge(value: bigint, limit: bigint): boolean {
    for (;;) {
      const small = Atomics.load(this.#words, SMALL);
      if (small === ELSEWHERE) {
        const large = Atomics.load(this.#large, LARGE);
        if (large === 0n) continue;
        if (value > limit - large) return false;
        const sum = large + value;
        if (Atomics.compareExchange(this.#large, LARGE, large, sum) === large) return true;
        continue;
      }
      const sum = BigInt(small >>> 0) + value;
      if (sum > limit) return false;
      const isSmall = sum < LEAST_LARGE;
      const next = isSmall ? Number(sum) | 0 : ELSEWHERE;
      if (Atomics.compareExchange(this.#words, SMALL, small, next) !== small) continue;
      if (!isSmall) Atomics.store(this.#large, LARGE, sum);
      return true;
    }
  }

  /** False when it is being moved, or another took it. */
  #takeLarge(out: Int32Array, one: boolean): boolean {
    const large = Atomics.load(this.#large, LARGE);
    if (large === 0n) return false;
    const left = one ? large - 1n : 0n;
    const isSmall = left < LEAST_LARGE;
    const next = isSmall ? 0n : left;
    if (Atomics.compareExchange(this.#large, LARGE, large, next) !== large) return false;
    if (isSmall) Atomics.store(this.#words, SMALL, Number(left) | 0);
    scratch.split(one ? 1n : large);
    out[0] = scratch.pair[0]!;
    out[1] = scratch.pair[1]!;
    return true;
  }
}

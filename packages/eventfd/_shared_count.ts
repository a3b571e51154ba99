import { READERS, WRITERS } from "./_sleepers.ts";
import { words as scratch } from "./_words.ts";

/** Words of the shared memory; a count of 2^29-1 and more is the u64 at words 10 and 11. */
const SMALL = 0, LARGE = 5;
/** The count in SMALL. All ones there say that it is in LARGE, and 0 in LARGE that a thread is moving it. */
const COUNT = 0x1fff_ffff;
const LEAST_LARGE = BigInt(COUNT);
const MAX = 0xffff_ffff_ffff_ffffn, FULL = 0xffff_ffff_ffff_fffen;

/** Flags beside the count in SMALL: somebody wants to know of the next addition, of the next read. */
const IN = READERS.flag, OUT = WRITERS.flag;

/**
 * A 64-bit counter that threads share. Up to 2^29-2, where all but tests stay, it is one word together with who waits: an
 * addition is one compare-exchange, without a bigint, and learns whom to wake. Who takes it past that, or back, moves it
 * while the others spin.
 *
 * Whoever waits sets a flag, looks again, and sleeps. Who adds or reads takes the flag down and wakes all who set it.
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
      const count = Atomics.load(this.#words, SMALL) & COUNT;
      if (count !== COUNT) return BigInt(count);
      const large = Atomics.load(this.#large, LARGE);
      if (large !== 0n) return large;
    }
  }

  /** To be called before others know of it. */
  start(value: number): void {
    if (value >= COUNT) Atomics.store(this.#large, LARGE, BigInt(value));
    Atomics.store(this.#words, SMALL, Math.min(value, COUNT));
  }

  /** From now on the next addition, or read, says that somebody wants to know. */
  want(flag: number): void {
    Atomics.or(this.#words, SMALL, flag);
  }

  /** Takes a flag down; whether it was up. */
  unwant(flag: number): boolean {
    return (Atomics.and(this.#words, SMALL, ~flag) & flag) !== 0;
  }

  /**
   * Adds a u64.
   *
   * @returns -1 when the sum passes 2^64-2; else whether somebody wants to know: not 0
   */
  add(lo: number, hi: number): number {
    if (hi === 0 && lo >= 0) {
      let seen = this.#words[SMALL]!; // a guess, which the exchange checks
      for (;;) {
        const sum = (seen & COUNT) + lo;
        if (sum >= COUNT) break;
        const now = Atomics.compareExchange(this.#words, SMALL, seen, (seen & OUT) | sum);
        if (now === seen) return seen & IN;
        seen = now;
      }
    }
    return this.#addLarge(scratch.join(lo, hi), FULL);
  }

  /** Adds 1, to 2^64-1 and no further; whether somebody wants to know: not 0. */
  addOne(): number {
    let seen = this.#words[SMALL]!;
    for (;;) {
      const sum = (seen & COUNT) + 1;
      if (sum >= COUNT) {
        const wants = this.#addLarge(1n, MAX);
        if (wants >= 0) return wants;
        return this.unwant(IN) ? IN : 0;
      }
      const now = Atomics.compareExchange(this.#words, SMALL, seen, (seen & OUT) | sum);
      if (now === seen) return seen & IN;
      seen = now;
    }
  }

  /**
   * Takes all of it, or 1, low word first.
   *
   * @param told The flag to take down; 0 leaves it to the next read
   * @returns -1 at 0; else whether somebody wants to know: not 0
   */
  take(out: Int32Array, one: boolean, told: number = OUT): number {
    let seen = this.#words[SMALL]!;
    for (;;) {
      if ((seen & COUNT) === 0) {
        // Perhaps old; and a sleeper that looks again and again must not keep the memory from the writer.
        seen = Atomics.load(this.#words, SMALL);
        if ((seen & COUNT) === 0) return -1;
      }
      const count = seen & COUNT;
      if (count === COUNT) {
        if (this.#takeLarge(out, one)) return this.unwant(told) ? told : 0;
        seen = Atomics.load(this.#words, SMALL);
        continue;
      }
      const next = (seen & ~(COUNT | told)) | (one ? count - 1 : 0);
      const now = Atomics.compareExchange(this.#words, SMALL, seen, next);
      if (now === seen) {
        out[0] = one ? 1 : count;
        out[1] = 0;
        return seen & told;
      }
      seen = now;
    }
  }

  /** Takes 1 of an empty counter, which leaves 2^64-1; false when it is not empty. */
  underflow(): boolean {
    for (;;) {
      const seen = Atomics.load(this.#words, SMALL);
      if ((seen & COUNT) !== 0) return false;
      if (Atomics.compareExchange(this.#words, SMALL, seen, seen | COUNT) === seen) break;
    }
    Atomics.store(this.#large, LARGE, MAX);
    return true;
  }

  #addLarge(value: bigint, limit: bigint): number {
    for (;;) {
      const seen = Atomics.load(this.#words, SMALL);
      const count = seen & COUNT;
      if (count === COUNT) {
        const large = Atomics.load(this.#large, LARGE);
        if (large === 0n) continue;
        if (value > limit - large) return -1;
        if (Atomics.compareExchange(this.#large, LARGE, large, large + value) !== large) continue;
      } else {
        const sum = BigInt(count) + value;
        if (sum > limit) return -1;
        const isSmall = sum < LEAST_LARGE;
        const next = isSmall ? (seen & ~COUNT) | Number(sum) : seen | COUNT;
        if (Atomics.compareExchange(this.#words, SMALL, seen, next) !== seen) continue;
        if (!isSmall) Atomics.store(this.#large, LARGE, sum);
      }
      return this.unwant(IN) ? IN : 0;
    }
  }

  /** False when it is being moved, or another took it. */
  #takeLarge(out: Int32Array, one: boolean): boolean {
    const large = Atomics.load(this.#large, LARGE);
    if (large === 0n) return false;
    const left = one ? large - 1n : 0n;
    const isSmall = left < LEAST_LARGE;
    if (Atomics.compareExchange(this.#large, LARGE, large, isSmall ? 0n : left) !== large) {
      return false;
    }
    // All ones become what is left; the flags may change meanwhile.
    if (isSmall) Atomics.sub(this.#words, SMALL, COUNT - Number(left));
    scratch.split(one ? 1n : large);
    out[0] = scratch.pair[0]!;
    out[1] = scratch.pair[1]!;
    return true;
  }
}

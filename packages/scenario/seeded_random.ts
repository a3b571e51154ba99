/**
 * Chance that comes out the same every time.
 *
 * @module
 */

/**
 * Random numbers from a seed, for scenarios and for property tests of their own.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "@ioeventfd/scenario";
 *
 * const one = new SeededRandom(7), other = new SeededRandom(7);
 * if (one.below(1000) !== other.below(1000)) throw new Error("one seed, one sequence");
 * ```
 */
export class SeededRandom {
  #state: number;

  /**
   * A sequence from its beginning.
   *
   * @param seed A whole number; its low 32 bits count
   * @throws {TypeError} for anything else
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new TypeError(`Seed ${seed} is not a whole number`);
    this.#state = seed | 0;
  }

  /** 32 random bits, as a whole number from 0. */
  bits(): number {
    // SplitMix32: a Weyl sequence, each step mixed.
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return (z ^ (z >>> 15)) >>> 0;
  }

  /**
   * A whole number from 0, below a limit.
   *
   * @param limit 1 to 2^32
   * @throws {RangeError} for another limit
   */
  below(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32) {
      throw new RangeError(`Limit ${limit} is not from 1 to 2^32`);
    }
    return Math.floor((this.bits() / 2 ** 32) * limit);
  }

  /**
   * One of a list.
   *
   * @throws {RangeError} when the list is empty
   */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** A copy of a list in random order. */
  shuffle<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  }
}

/**
 * Drawing values from fast-check's generator.
 *
 * @module
 */

/** The part of fast-check's `Random` that draws take from. */
export interface RandomSource {
  /** A whole number from `min` to `max`, both included. */
  nextInt(min: number, max: number): number;
}

/** Draws that histories and guests are made of. */
export class Draw {
  readonly #random: RandomSource;

  /**
   * Draws from a generator.
   *
   * @param random fast-check's generator
   */
  constructor(random: RandomSource) {
    this.#random = random;
  }

  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number {
    return this.#random.nextInt(least, most);
  }

  /** True once in `of` draws. */
  oneIn(of: number): boolean {
    return this.#random.nextInt(1, of) === 1;
  }

  /** One element of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.#random.nextInt(0, list.length - 1)]!;
  }

  /** Any u32. */
  u32(): number {
    return this.#random.nextInt(-0x8000_0000, 0x7fff_ffff) >>> 0;
  }

  /** Any u64. */
  u64(): bigint {
    return BigInt(this.u32()) << 32n | BigInt(this.u32());
  }
}

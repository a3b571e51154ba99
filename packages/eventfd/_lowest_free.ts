/** Hands out the lowest free number, as descriptor tables and the kernel's id allocator do. */
export class LowestFree {
  #used: number[] = []; // 32 numbers each
  #firstWord = 0;

  /** Takes the lowest free number that is `from` or more. */
  take(from = 0): number {
    let word = Math.max(from >>> 5, this.#firstWord);
    let free = this.#freeIn(word) & (word === from >>> 5 ? -1 << (from & 31) : -1);
    while (free === 0) free = this.#freeIn(++word);
    const number = word * 32 + 31 - Math.clz32(free & -free);
    if (from === 0) this.#firstWord = word;
    this.reserve(number);
    return number;
  }

  /** Takes this number, free or not. */
  reserve(number: number): void {
    const word = number >>> 5;
    while (word >= this.#used.length) this.#used.push(0);
    this.#used[word] = this.#used[word]! | (1 << (number & 31));
  }

  /** Gives a number back. */
  free(number: number): void {
    const word = number >>> 5;
    this.#used[word] = this.#used[word]! & ~(1 << (number & 31));
    if (word < this.#firstWord) this.#firstWord = word;
  }

  /** The same numbers taken. */
  clone(): LowestFree {
    const copy = new LowestFree();
    copy.#used = this.#used.slice();
    copy.#firstWord = this.#firstWord;
    return copy;
  }

  #freeIn(word: number): number {
    return word < this.#used.length ? ~this.#used[word]! : -1;
  }
}

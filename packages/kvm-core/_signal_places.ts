import * as eventfd from "@ioeventfd/eventfd";
import type { CounterCell } from "@ioeventfd/eventfd";

const { signalCell } = eventfd; // V8 folds constants of this module alone: see docs/speed.md

/** Bits of a place that say where in its array a counter is: no array is longer. */
const BITS = 10, WORD = (1 << BITS) - 1;

/**
 * Where counters are, in 26 bits each: an array by number, and the word in it. So a record of the index can name the
 * counter itself, and a signal touches nothing between the two.
 */
export class SignalPlaces {
  readonly #arrays: Int32Array[] = [];
  /** Places handed out of each array; at 0 its number is free, and the array may go, but for the last. */
  readonly #uses: number[] = [];
  readonly #free: number[] = [];
  #numbers: Map<Int32Array, number> | null = null; // made with the second array: most buses have one
  #last = 0;

  /** The place of a counter, to be given back. */
  take({ cells, at }: CounterCell): number {
    if (this.#arrays[this.#last] !== cells) {
      const before = this.#last;
      this.#last = this.#numberOf(cells);
      if (before !== this.#last && this.#uses[before] === 0) this.#letGo(before);
    }
    this.#uses[this.#last]!++;
    return this.#last << BITS | at;
  }

  giveBack(place: number): void {
    const number = place >>> BITS;
    // The array in use stays: the next counter is likely to be in it too.
    if (--this.#uses[number]! === 0 && number !== this.#last) this.#letGo(number);
  }

  #letGo(number: number): void {
    this.#numbers?.delete(this.#arrays[number]!);
    this.#arrays[number] = NONE;
    this.#free.push(number);
  }

  /** Adds 1 to a counter, where that is all there is to do; see `signalCell`. */
  signal(place: number): boolean {
    return signalCell(this.#arrays[place >>> BITS]!, place & WORD);
  }

  #numberOf(cells: Int32Array): number {
    if (this.#arrays.length > 0) {
      this.#numbers ??= new Map(this.#arrays.map((array, number) => [array, number]));
      const known = this.#numbers.get(cells);
      if (known !== undefined) return known;
    }
    const number = this.#free.pop() ?? this.#arrays.length;
    this.#arrays[number] = cells;
    this.#uses[number] = 0;
    this.#numbers?.set(cells, number);
    return number;
  }
}

/** Stands where an array was. */
const NONE = new Int32Array(0);

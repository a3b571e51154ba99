import { Arbitrary, type Random, type Stream, stream, Value } from "fast-check";
import { Draw } from "./draw.ts";

/** What fast-check draws and shrinks: values made by a function of chance, and simpler ones made of a value. */
export class DrawnArbitrary<T> extends Arbitrary<T> {
  readonly #draw: (draw: Draw) => T;
  readonly #simpler: (value: T) => Iterable<T>;

  constructor(draw: (draw: Draw) => T, simpler: (value: T) => Iterable<T>) {
    super();
    this.#draw = draw;
    this.#simpler = simpler;
  }

  generate(random: Random): Value<T> {
    return new Value(this.#draw(new Draw(random)), undefined);
  }

  canShrinkWithoutContext(_value: unknown): _value is T {
    return true;
  }

  shrink(value: T): Stream<Value<T>> {
    return stream(this.#values(value));
  }

  *#values(value: T): IterableIterator<Value<T>> {
    for (const simpler of this.#simpler(value)) yield new Value(simpler, undefined);
  }
}

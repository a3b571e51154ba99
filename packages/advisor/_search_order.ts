import type { IoRange } from "@ioeventfd/kvm-core";
import type { OrderModel } from "./_order_model.ts";

/** What a search came to. `proven`: there is no such order, every one was looked at. */
export interface FoundOrder {
  readonly order: readonly number[] | null;
  readonly proven: boolean;
}

/** Most arrays looked at when all are looked at. */
const mostStates = 400_000;
/** Steps of the models spent on the usual orders, and on climbing. */
const climbingWork = 40_000_000;

/** What is searched. */
export interface OrderQuestion {
  /** One for each bus of each rule set. */
  readonly models: readonly OrderModel[];
  /** The order at hand. */
  readonly given: readonly number[];
  /** Steps whose turn may change, with the range by which to sort them. */
  readonly movable: ReadonlyMap<number, IoRange>;
  /** Pairs that keep their turns: the second is refused while the first is there, on some release. */
  readonly turns: readonly Turn[];
}

/** Two steps, the first of which has to come first. */
export type Turn = readonly [first: number, second: number];

/**
 * An order of steps that leaves no need of any model unmet; of those tried first, one that is safe wherever else
 * registrations are made.
 */
export function searchOrder(question: OrderQuestion): FoundOrder {
  const search = new OrderSearch(question);
  return search.tryUsual() ?? search.tryAll() ?? search.climb();
}

class OrderSearch {
  readonly #models: readonly OrderModel[];
  readonly #given: readonly number[];
  readonly #ranges: ReadonlyMap<number, IoRange>;
  readonly #free: readonly number[];
  readonly #turns: readonly Turn[];
  /** Where in the order a step that may move stands. */
  readonly #slots: readonly number[];
  #state = 0x2545_f491;

  constructor({ models, given, movable, turns }: OrderQuestion) {
    this.#models = models;
    this.#given = given;
    this.#ranges = movable;
    this.#free = given.filter((step) => movable.has(step));
    this.#turns = turns.filter((pair) => pair.every((step) => given.includes(step)));
    this.#slots = given.flatMap((step, i) => (movable.has(step) ? [i] : []));
  }

  /** As given, ascending, descending, long first, and the like. */
  tryUsual(): FoundOrder | undefined {
    const free = this.#free;
    let found: FoundOrder | undefined;
    for (const usual of [free, ...this.#sorted()]) {
      if (this.#work() > climbingWork) break;
      const order = this.#filled(this.#inTurn(usual));
      if (this.#lost(order) > 0) continue;
      if (this.#models.every((model) => model.robust(order))) return { order, proven: false };
      found ??= { order, proven: false };
    }
    return found;
  }

  /** Every array that any order can give, unless they are too many. */
  tryAll(): FoundOrder | undefined {
    const seen = new Set<string>();
    let tooMany = false;
    const visit = (
      placed: readonly number[],
      arrays: readonly (readonly number[])[],
    ): number[] | undefined => {
      if (tooMany) return undefined;
      if (placed.length === this.#given.length) {
        const lost = this.#models.some((model, i) => model.lostIn(arrays[i]!) > 0);
        return lost ? undefined : [...placed];
      }
      const key = arrays.map((array) => String.fromCharCode(...array)).join("\uffff");
      if (seen.has(key)) return undefined;
      tooMany = seen.add(key).size > mostStates;
      const turn = this.#given[placed.length]!;
      const open = this.#ranges.has(turn)
        ? this.#free.filter((step) => !placed.includes(step) && this.#mayFollow(placed, step))
        : [turn];
      for (const step of open) {
        const next = this.#models.map((model, i) => model.after(arrays[i]!, step));
        const found = visit([...placed, step], next);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    if (this.#free.length > 16) return undefined;
    const order = visit([], this.#models.map(() => []));
    if (order !== undefined) return { order, proven: false };
    return tooMany ? undefined : { order: null, proven: true };
  }

  /** Moves one item after another, keeping what does not make it worse, from several starts. */
  climb(): FoundOrder {
    const limit = this.#work() + climbingWork;
    let start = [...this.#free];
    while (this.#work() < limit) {
      let order = start;
      let lost = this.#lost(this.#filled(order));
      for (let idle = 0; idle < 60 + 12 * order.length && this.#work() < limit; idle++) {
        const next = this.#moved(order);
        const nextLost = this.#lost(this.#filled(next));
        if (nextLost > lost) continue;
        if (nextLost < lost) idle = 0;
        [order, lost] = [next, nextLost];
        if (lost === 0) return { order: this.#filled(order), proven: false };
      }
      start = this.#shuffled();
    }
    return { order: null, proven: false };
  }

  #sorted(): number[][] {
    const range = (step: number): IoRange => this.#range(step);
    const address = (a: number, b: number) =>
      range(a).hi - range(b).hi || range(a).lo - range(b).lo;
    const length = (a: number, b: number) => range(a).len - range(b).len;
    const end = (a: number, b: number) =>
      range(a).hi - range(b).hi || range(a).lo + range(a).len - range(b).lo - range(b).len;
    const orders = [
      (a: number, b: number) => address(a, b) || length(a, b),
      (a: number, b: number) => address(a, b) || length(b, a),
      (a: number, b: number) => address(b, a) || length(b, a),
      (a: number, b: number) => length(a, b) || address(a, b),
      (a: number, b: number) => length(b, a) || address(a, b),
      (a: number, b: number) => end(a, b) || address(b, a),
      (a: number, b: number) => end(b, a) || address(a, b),
    ];
    return orders.map((compare) => [...this.#free].sort(compare));
  }

  #range(step: number): IoRange {
    return this.#ranges.get(step)!;
  }

  #filled(free: readonly number[]): number[] {
    const order = [...this.#given];
    this.#slots.forEach((slot, i) => order[slot] = free[i]!);
    return order;
  }

  #lost(order: readonly number[]): number {
    let lost = 0;
    for (const model of this.#models) lost += model.lost(order);
    for (const [first, second] of this.#turns) {
      if (order.indexOf(first) > order.indexOf(second)) lost++;
    }
    return lost;
  }

  #mayFollow(placed: readonly number[], step: number): boolean {
    return this.#turns.every(([first, second]) => second !== step || placed.includes(first));
  }

  /** The order, each step that has to wait put off until after those it waits for. */
  #inTurn(order: readonly number[]): readonly number[] {
    if (this.#turns.length === 0) return order;
    const placed: number[] = [];
    let waiting = [...order];
    while (waiting.length > 0) {
      const next = waiting.find((step) => this.#mayFollow(placed, step))!;
      placed.push(next);
      waiting = waiting.filter((step) => step !== next);
    }
    return placed;
  }

  #work(): number {
    return this.#models.reduce((sum, model) => sum + model.work, 0);
  }

  #moved(order: readonly number[]): number[] {
    const from = this.#random(order.length), to = this.#random(order.length);
    const next = order.filter((_, i) => i !== from);
    next.splice(to, 0, order[from]!);
    return next;
  }

  #shuffled(): number[] {
    const order = [...this.#free];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.#random(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  /** xorshift: the same search each time. */
  #random(below: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % below;
  }
}

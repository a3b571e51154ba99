import { compareRanges } from "@ioeventfd/kvm-core";
import type { IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";
import { safeInAnyOrder } from "./_groups_apart.ts";

/** Something on the bus. */
export interface OrderItem {
  /** Step of the set that puts it there. */
  readonly step: number;
  readonly range: IoRange;
  /** A device that takes what it contains. */
  readonly claims: boolean;
}

/** A write that must reach an item. */
export interface OrderNeed {
  /** Index of the item. */
  readonly item: number;
  readonly key: IoRange;
}

/** What an order is judged by: one bus of one release. */
export interface OrderProblem {
  readonly rules: BusRules;
  readonly items: readonly OrderItem[];
  readonly needs: readonly OrderNeed[];
  /** Entries of the bus that lie below all items and above them, far enough never to be confused with them. */
  readonly below: number;
  readonly above: number;
}

/**
 * The bus array as a function of the order of registration, fast enough to try many orders: every comparison is looked
 * up in a table.
 */
export class OrderModel {
  /** Steps taken so far: comparisons looked up. */
  work = 0;
  readonly problem: OrderProblem;
  readonly #itemsOf = new Map<number, number[]>();
  readonly #size: number;
  readonly #itemOrder: Int8Array;
  readonly #keyOrder: Int8Array;
  readonly #array: Int32Array;

  constructor(problem: OrderProblem) {
    const { rules, items, needs } = problem;
    this.problem = problem;
    items.forEach(({ step }, item) => {
      const others = this.#itemsOf.get(step);
      if (others === undefined) this.#itemsOf.set(step, [item]);
      else others.push(item);
    });
    this.#size = items.length;
    this.#array = new Int32Array(items.length);
    this.#itemOrder = table(items.map((item) => item.range), items, rules);
    this.#keyOrder = table(needs.map((need) => need.key), items, rules);
  }

  /** Needs that an order leaves unmet; 0 is safe. */
  lost(order: readonly number[]): number {
    const length = this.#build(order);
    let lost = 0;
    for (let need = 0; need < this.problem.needs.length; need++) {
      if (!this.#reached(need, this.#array, length)) lost++;
    }
    return lost;
  }

  /** Needs unmet by a finished array. */
  lostIn(array: readonly number[]): number {
    return this.problem.needs.filter((_, need) => !this.#reached(need, array, array.length)).length;
  }

  /** The array, as items, after one more step. */
  after(array: readonly number[], step: number): readonly number[] {
    let next = array;
    for (const item of this.#itemsOf.get(step) ?? []) next = this.#inserted(next, item);
    return next;
  }

  /**
   * Whether the array that an order gives is safe wherever the search comes from, so that no registration elsewhere on
   * the bus can break it.
   */
  robust(order: readonly number[]): boolean {
    const { rules, items } = this.problem;
    if (rules.insertion === "heapsort" && !safeInAnyOrder(items.map((item) => item.range), rules)) {
      return false;
    }
    const length = this.#build(order);
    const array = this.#array.subarray(0, length);
    return this.problem.needs.every(({ item }, need) => {
      const at = array.indexOf(item);
      let equalEnds = false;
      for (let i = at - 1; i >= 0; i--) {
        const order = this.#key(need, array[i]!);
        if (order < 0 || (order === 0 && (equalEnds || this.#claims(array[i]!)))) return false;
        if (order !== 0) equalEnds = true;
      }
      equalEnds = false;
      for (let i = at + 1; i < length; i++) {
        const order = this.#key(need, array[i]!);
        if (order > 0 || (order === 0 && equalEnds)) return false;
        if (order !== 0) equalEnds = true;
      }
      return true;
    });
  }

  #build(order: readonly number[]): number {
    const array = this.#array, size = this.#size, compare = this.#itemOrder;
    const heap = this.problem.rules.insertion === "heapsort";
    let length = 0;
    for (const step of order) {
      for (const item of this.#itemsOf.get(step) ?? []) {
        if (heap) {
          array[length++] = item;
          this.#heapSort(array, length);
          continue;
        }
        let at = 0;
        while (at < length && compare[array[at]! * size + item]! <= 0) at++;
        this.work += at + 1;
        array.copyWithin(at + 1, at, length);
        array[at] = item;
        length++;
      }
    }
    return length;
  }

  #inserted(array: readonly number[], item: number): number[] {
    if (this.problem.rules.insertion === "heapsort") {
      const next = Int32Array.from([...array, item]);
      this.#heapSort(next, next.length);
      return [...next];
    }
    const at = array.findIndex((other) => this.#itemOrder[other * this.#size + item]! > 0);
    return at === -1 ? [...array, item] : [...array.slice(0, at), item, ...array.slice(at)];
  }

  #reached(need: number, array: ArrayLike<number>, length: number): boolean {
    const { item } = this.problem.needs[need]!;
    const { below, above } = this.problem;
    let start = 0, end = below + length + above;
    while (start < end) {
      const middle = (start + end) >>> 1;
      this.work++;
      const at = middle - below;
      const order = at < 0 ? 1 : at >= length ? -1 : this.#key(need, array[at]!);
      if (order < 0) end = middle;
      else if (order > 0) start = middle + 1;
      else return this.#scan(need, item, at, array, length);
    }
    return false;
  }

  #scan(need: number, item: number, from: number, array: ArrayLike<number>, end: number): boolean {
    let at = from;
    while (at > 0 && this.#key(need, array[at - 1]!) === 0) at--;
    for (; at < end && this.#key(need, array[at]!) === 0; at++) {
      this.work++;
      if (array[at] === item) return true;
      if (this.#claims(array[at]!)) return false;
    }
    return false;
  }

  #key(need: number, item: number): number {
    return this.#keyOrder[need * this.#size + item]!;
  }

  #claims(item: number): boolean {
    return this.problem.items[item]!.claims;
  }

  // KERNEL 4.4 lib/sort.c sort
  #heapSort(array: Int32Array, length: number): void {
    for (let root = (length >> 1) - 1; root >= 0; root--) this.#siftDown(array, root, length);
    for (let end = length - 1; end > 0; end--) {
      const top = array[0]!;
      array[0] = array[end]!;
      array[end] = top;
      this.#siftDown(array, 0, end);
    }
  }

  #siftDown(array: Int32Array, from: number, length: number): void {
    const size = this.#size, compare = this.#itemOrder;
    let root = from;
    for (let child = 2 * root + 1; child < length; child = 2 * root + 1) {
      this.work += 2;
      const right = child + 1;
      if (right < length && compare[array[child]! * size + array[right]!]! < 0) child = right;
      if (compare[array[root]! * size + array[child]!]! >= 0) return;
      const moved = array[root]!;
      array[root] = array[child]!;
      array[child] = moved;
      root = child;
    }
  }
}

function table(
  rows: readonly IoRange[],
  items: readonly OrderItem[],
  rules: BusRules,
): Int8Array {
  const cells = new Int8Array(rows.length * items.length);
  rows.forEach((row, i) => {
    items.forEach((item, j) => {
      cells[i * items.length + j] = compareRanges(rules, row, item.range);
    });
  });
  return cells;
}

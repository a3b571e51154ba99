/**
 * An order of registration in which everything fires.
 *
 * @module
 */
import type { IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";
import { OrderModel } from "./_order_model.ts";
import type { OrderItem, OrderNeed } from "./_order_model.ts";
import { searchOrder } from "./_search_order.ts";

/** One bus of one release, as far as order matters. */
export interface BusOrder {
  /** Rules of its array. */
  readonly rules: BusRules;
  /** What is on it, in the order in which it was put there. */
  readonly items: readonly OrderItem[];
  /** The writes that must reach their items. */
  readonly needs: readonly OrderNeed[];
}

/** An order, or why there is none. */
export interface SafeOrder {
  /** Steps of the set in the new order; null when there is none. */
  readonly order: readonly number[] | null;
  /** Safe also when registrations elsewhere come and go, on releases that insert in order. */
  readonly robust: boolean;
  /** Every order was tried, none is safe. */
  readonly proven: boolean;
  /** Steps among which no safe order is known. */
  readonly stuck: readonly number[];
}

/**
 * Searches an order in which each write reaches its registration, on several buses and releases at once.
 *
 * @param buses What must hold together
 * @param given Steps in the order at hand
 * @param movable Those whose turn may change, with their ranges
 * @returns The order, or what stands in the way
 */
export function safeOrder(
  buses: readonly BusOrder[],
  given: readonly number[],
  movable: ReadonlyMap<number, IoRange>,
): SafeOrder {
  const order = [...given];
  let robust = true;
  for (const steps of independent(buses, given)) {
    const parts = buses.map((bus) => part(bus, steps)).filter((one) => one.needs.length > 0);
    const models = parts.map((one) => new OrderModel(one));
    const here = given.filter((step) => steps.has(step));
    const found = searchOrder({ models, given: here, movable });
    if (found.order === null) {
      return { order: null, robust: false, proven: found.proven, stuck: here };
    }
    robust &&= models.every((model) => model.robust(found.order!));
    const slots = given.flatMap((step, i) => (steps.has(step) ? [i] : []));
    slots.forEach((slot, i) => order[slot] = found.order![i]!);
  }
  return { order, robust, proven: false, stuck: [] };
}

/** Sets of steps that cannot disturb one another: far apart, and inserted in order. */
function independent(
  buses: readonly BusOrder[],
  given: readonly number[],
): ReadonlySet<number>[] {
  if (buses.some((bus) => bus.rules.insertion === "heapsort" || !simple(bus.items))) {
    return [new Set(given)];
  }
  const groupOf = new Map(given.map((step) => [step, new Set([step])]));
  for (const { items } of buses) {
    const sorted = [...items].sort((a, b) => (address(a) < address(b) ? -1 : 1));
    let end = -1n;
    let last = -1;
    for (const item of sorted) {
      if (address(item) <= end) join(groupOf, last, item.step);
      const itsEnd = address(item) + BigInt(item.range.len);
      if (itsEnd >= end) [end, last] = [itsEnd, item.step];
    }
  }
  return [...new Set(groupOf.values())];
}

/** Whether each step puts one entry on the bus, and none goes round the end of the address space. */
function simple(items: readonly OrderItem[]): boolean {
  const steps = new Set(items.map((item) => item.step));
  return steps.size === items.length &&
    items.every((item) =>
      item.range.len >= 0 && address(item) + BigInt(item.range.len) < 1n << 64n
    );
}

function address({ range }: OrderItem): bigint {
  return (BigInt(range.hi >>> 0) << 32n) | BigInt(range.lo >>> 0);
}

function join(groupOf: Map<number, Set<number>>, a: number, b: number): void {
  const into = groupOf.get(a)!, from = groupOf.get(b)!;
  if (into === from) return;
  for (const step of from) {
    into.add(step);
    groupOf.set(step, into);
  }
}

/** The part of a bus that a group of steps makes, and how many entries lie beside it. */
function part(
  { rules, items, needs }: BusOrder,
  steps: ReadonlySet<number>,
): ConstructorParameters<typeof OrderModel>[0] {
  const kept = items.flatMap((item, i) => (steps.has(item.step) ? [i] : []));
  const place = new Map(kept.map((item, i) => [item, i]));
  const others = items.filter((item) => !steps.has(item.step));
  const from = kept.length === 0 ? 0n : address(items[kept[0]!]!);
  const below = others.filter((other) => address(other) < from);
  return {
    rules,
    items: kept.map((i) => items[i]!),
    needs: needs.filter((need) => place.has(need.item))
      .map((need) => ({ ...need, item: place.get(need.item)! })),
    below: below.length,
    above: others.length - below.length,
  };
}

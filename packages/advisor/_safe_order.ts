/**
 * An order of registration in which everything fires.
 *
 * @module
 */
import type { IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";
import { addressOf, groupsApart, safeInAnyOrder } from "./_groups_apart.ts";
import { OrderModel } from "./_order_model.ts";
import type { OrderItem, OrderNeed } from "./_order_model.ts";
import { searchOrder } from "./_search_order.ts";
import type { Turn } from "./_search_order.ts";

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
 * @param turns Pairs of them of which the first has to come first
 * @returns The order, or what stands in the way
 */
export function safeOrder(
  buses: readonly BusOrder[],
  given: readonly number[],
  movable: ReadonlyMap<number, IoRange>,
  turns: readonly Turn[] = [],
): SafeOrder {
  const order = [...given];
  let robust = true;
  for (const steps of groupsToOrder(buses, given, turns)) {
    const parts = buses.map((bus) => part(bus, steps)).filter((one) => one.needs.length > 0);
    const models = parts.map((one) => new OrderModel(one));
    const here = given.filter((step) => steps.has(step));
    const found = searchOrder({ models, given: here, movable, turns });
    if (found.order === null) {
      return { order: null, robust: false, proven: found.proven, stuck: here };
    }
    robust &&= models.every((model) => model.robust(found.order!));
    const slots = given.flatMap((step, i) => (steps.has(step) ? [i] : []));
    slots.forEach((slot, i) => order[slot] = found.order![i]!);
  }
  return { order, robust, proven: false, stuck: [] };
}

/** Groups of steps whose order matters, each on its own. */
function groupsToOrder(
  buses: readonly BusOrder[],
  given: readonly number[],
  turns: readonly Turn[],
): ReadonlySet<number>[] {
  const unsettled = buses.filter((bus) => !settled(bus, bus.items));
  if (unsettled.length === 0) return [];
  const groupOf = new Map<number, Set<number>>();
  for (const bus of unsettled) {
    const groups = bus.rules.insertion === "ordered" ? groupsApart(bus.items) : null;
    if (groups === null) return [new Set(given)];
    for (const group of new Set(groups.values())) {
      if (settled(bus, bus.items.filter((item) => group.has(item.step)))) continue;
      for (const step of group) join(groupOf, step, group);
    }
  }
  for (const [first, second] of turns) {
    if (groupOf.has(first) || groupOf.has(second)) join(groupOf, first, new Set([second]));
  }
  return [...new Set(groupOf.values())];
}

/** Whether some items are safe in any order: registrations alone, none within another. */
function settled({ rules }: BusOrder, items: readonly OrderItem[]): boolean {
  return !items.some((item) => item.claims) &&
    safeInAnyOrder(items.map((item) => item.range), rules);
}

/** Puts a step into one group with others. */
function join(
  groupOf: Map<number, Set<number>>,
  step: number,
  others: ReadonlySet<number>,
): void {
  const merged = groupOf.get(step) ?? new Set([step]);
  for (const other of others) {
    for (const one of groupOf.get(other) ?? [other]) {
      merged.add(one);
      groupOf.set(one, merged);
    }
  }
  groupOf.set(step, merged);
}

/** The part of a bus that a group of steps makes, and how many entries lie beside it. */
function part(
  { rules, items, needs }: BusOrder,
  steps: ReadonlySet<number>,
): ConstructorParameters<typeof OrderModel>[0] {
  const kept = items.flatMap((item, i) => (steps.has(item.step) ? [i] : []));
  const place = new Map(kept.map((item, i) => [item, i]));
  const others = items.filter((item) => !steps.has(item.step));
  const from = kept.length === 0 ? 0n : addressOf(items[kept[0]!]!.range);
  const below = others.filter((other) => addressOf(other.range) < from);
  return {
    rules,
    items: kept.map((i) => items[i]!),
    needs: needs.filter((need) => place.has(need.item))
      .map((need) => ({ ...need, item: place.get(need.item)! })),
    below: below.length,
    above: others.length - below.length,
  };
}

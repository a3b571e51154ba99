import type { IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";
import { busIndexOf } from "./_describe.ts";
import { addressOf, groupsApart, safeInAnyOrder } from "./_groups_apart.ts";
import type { PlanOp } from "./_plan_diff.ts";
import type { PlanLane } from "./_plan_lane.ts";
import { rangeOf } from "./_range_of.ts";

/** Operations whose order matters to each other, and to no others. */
export interface PlanPart {
  /** Indices of operations, as the sets have them. */
  readonly ops: readonly number[];
  /** For each lane, the needs that these operations can touch. */
  readonly needs: readonly (readonly number[])[];
  /** For each lane, the buses whose array depends on the order taken. */
  readonly buses: readonly (readonly number[])[];
}

interface Item {
  readonly range: IoRange;
  readonly claims: boolean;
  readonly op: number | null;
}

interface Entangled {
  readonly lane: number;
  readonly bus: number;
  readonly ops: readonly number[];
  readonly addresses: ReadonlySet<bigint>;
}

/** Splits operations into parts: one address, one move, or ranges that a search of the bus may confuse. */
export function partsOf(ops: readonly PlanOp[], lanes: readonly PlanLane[]): PlanPart[] {
  const union = new Union(ops.length);
  const atPlace = new Map<string, number>();
  ops.forEach(({ entry: { registration }, pair }, op) => {
    const place = `${busIndexOf(registration)} ${registration.addr}`;
    union.join(op, atPlace.get(place) ?? op);
    atPlace.set(place, op);
    if (pair !== null) union.join(op, pair);
  });
  const entangled = lanes.flatMap((lane, i) => entangledOf(lane, i, ops));
  for (const { ops } of entangled) for (const op of ops) union.join(op, ops[0]!);
  const byRoot = Map.groupBy(ops.keys(), (op) => union.root(op));
  const needsAt = lanes.map(({ needs }) =>
    Map.groupBy(needs.keys(), (need) => `${needs[need]!.bus} ${needs[need]!.addr}`)
  );
  const ofRoot = Map.groupBy(entangled, (one) => union.root(one.ops[0]!));
  return [...byRoot].map(([root, members]) =>
    partOf(members, ops, needsAt, ofRoot.get(root) ?? [])
  );
}

function partOf(
  members: readonly number[],
  ops: readonly PlanOp[],
  needsAt: readonly ReadonlyMap<string, readonly number[]>[],
  own: readonly Entangled[],
): PlanPart {
  const needs = needsAt.map((at, lane) => {
    const places = new Set(members.map((op) => {
      const { registration } = ops[op]!.entry;
      return `${busIndexOf(registration)} ${registration.addr}`;
    }));
    for (const { bus, addresses } of own.filter((one) => one.lane === lane)) {
      for (const addr of addresses) places.add(`${bus} ${addr}`);
    }
    return [...places].flatMap((place) => at.get(place) ?? []);
  });
  const buses = needsAt.map((_, lane) => [
    ...new Set(own.filter((one) => one.lane === lane).map((one) => one.bus)),
  ]);
  return { ops: members, needs, buses };
}

/** Groups of operations of a release whose order decides what its searches find. */
function entangledOf(lane: PlanLane, index: number, ops: readonly PlanOp[]): Entangled[] {
  return [...lane.start.keys()].flatMap((bus) => {
    const items = itemsOf(lane, bus, ops);
    if (!items.some(({ op }) => op !== null) || settled(items, lane.release.bus)) return [];
    return groupsOf(items, lane.release.bus).flatMap((group): Entangled[] => {
      const own = group.flatMap(({ op }) => (op === null ? [] : [op]));
      if (own.length === 0 || settled(group, lane.release.bus)) return [];
      const addresses = new Set(group.map(({ range }) => addressOf(range)));
      return [{ lane: index, bus, ops: own, addresses }];
    });
  });
}

/** Whether what becomes of a write on a bus depends on the registrations at its address alone. */
export function isSettled(lane: PlanLane, bus: number, ops: readonly PlanOp[]): boolean {
  return settled(itemsOf(lane, bus, ops), lane.release.bus);
}

/** One part of everything. */
export function wholePart(ops: readonly PlanOp[], lanes: readonly PlanLane[]): PlanPart {
  return {
    ops: [...ops.keys()],
    needs: lanes.map(({ needs }) => [...needs.keys()]),
    buses: lanes.map((lane) => [...lane.start.keys()].filter((bus) => !isSettled(lane, bus, ops))),
  };
}

function itemsOf({ start }: PlanLane, bus: number, ops: readonly PlanOp[]): Item[] {
  const leaves = new Map<string, number>();
  const items: Item[] = [];
  ops.forEach(({ op, entry: { registration } }, i) => {
    if (busIndexOf(registration) !== bus) return;
    const range = rangeOf(registration);
    items.push({ range, claims: false, op: i });
    const key = rangeKey(range);
    if (op === "deassign") leaves.set(key, (leaves.get(key) ?? 0) + 1);
  });
  for (const { lo, hi, len, device } of start.get(bus)?.entries() ?? []) {
    const key = rangeKey({ lo, hi, len });
    const left = leaves.get(key) ?? 0;
    if (left > 0) leaves.set(key, left - 1);
    else items.push({ range: { lo, hi, len }, claims: device.wouldWrite === undefined, op: null });
  }
  return items;
}

function rangeKey({ lo, hi, len }: IoRange): string {
  return `${hi} ${lo} ${len}`;
}

function groupsOf(items: readonly Item[], rules: BusRules): Item[][] {
  if (rules.insertion !== "ordered") return [[...items]];
  const groups = groupsApart(items.map(({ range }, step) => ({ step, range })));
  if (groups === null) return [[...items]];
  return [...new Set(groups.values())].map((group) => [...group].map((step) => items[step]!));
}

/** Safe whatever comes and goes when: nothing lies within another, and no device takes what is another's. */
function settled(items: readonly Item[], rules: BusRules): boolean {
  if (!safeInAnyOrder(items.map(({ range }) => range), rules)) return false;
  const sorted = items.map(({ range, claims }) => ({ from: addressOf(range), claims, range }))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  return sorted.every((a, i) => {
    for (let j = i + 1; j < sorted.length; j++) {
      const b = sorted[j]!;
      if (b.from - a.from > BigInt(a.range.len)) break;
      if (a.claims || b.claims) return false;
    }
    return true;
  });
}

class Union {
  readonly #parent: number[];

  constructor(size: number) {
    this.#parent = Array.from({ length: size }, (_, i) => i);
  }

  root(of: number): number {
    let at = of;
    while (this.#parent[at] !== at) at = this.#parent[at] = this.#parent[this.#parent[at]!]!;
    return at;
  }

  /** The smaller index stays the root, so that parts come in the order of the operations. */
  join(a: number, b: number): void {
    const [one, other] = [this.root(a), this.root(b)];
    this.#parent[Math.max(one, other)] = Math.min(one, other);
  }
}

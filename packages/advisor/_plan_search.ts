import type { PlanOp } from "./_plan_diff.ts";
import type { PlanLane, PlanState } from "./_plan_lane.ts";
import type { PlanPart } from "./_plan_parts.ts";

/** What an order costs; the first number that differs decides. */
export interface PlanCost {
  /** Writes that are not signalled in the end. */
  readonly dead: number;
  /** Times that a write stops being signalled. */
  readonly lost: number;
  /** Steps that pass until it is again, over all writes. */
  readonly steps: number;
  /** Steps in which a moved eventfd has no doorbell. */
  readonly placeless: number;
}

/** An order of a part's operations. */
export interface PlanOrder {
  readonly order: readonly number[];
  readonly cost: PlanCost;
  /** Every order was looked at. */
  readonly exact: boolean;
}

/** No cost. */
export const nothing: PlanCost = { dead: 0, lost: 0, steps: 0, placeless: 0 };

/** Most operations of a part for which every order is looked at. */
const mostExact = 12;
/** Most questions asked of the buses while every order is looked at. */
const mostAsked = 600_000;

/** Below 0 when `a` is the better one. */
export function compareCosts(a: PlanCost, b: PlanCost): number {
  return a.dead - b.dead || a.lost - b.lost || a.steps - b.steps || a.placeless - b.placeless;
}

/** Adds costs of parts that do not touch each other. */
export function addCosts(a: PlanCost, b: PlanCost): PlanCost {
  return {
    dead: a.dead + b.dead,
    lost: a.lost + b.lost,
    steps: a.steps + b.steps,
    placeless: a.placeless + b.placeless,
  };
}

/** The buses of all lanes at one point of an order. */
interface Node {
  readonly done: bigint;
  readonly states: readonly PlanState[];
  /** For each lane, the needs of the part that are not signalled now. */
  readonly unserved: readonly ReadonlySet<number>[];
  readonly cost: PlanCost;
  readonly last: number;
  readonly before: Node | null;
}

/** Looks for the order of a part's operations that loses least. */
export class PlanSearch {
  readonly #ops: readonly PlanOp[];
  readonly #lanes: readonly PlanLane[];
  readonly #part: PlanPart;
  #asked = 0;

  constructor(ops: readonly PlanOp[], lanes: readonly PlanLane[], part: PlanPart) {
    this.#ops = ops;
    this.#lanes = lanes;
    const makes = part.ops.filter((op) => ops[op]!.op === "assign");
    const leaves = part.ops.filter((op) => ops[op]!.op === "deassign");
    this.#part = { ...part, ops: [...makes, ...leaves] };
  }

  /** The best order: of all where they are few, else of some. */
  best(): PlanOrder {
    return this.#all() ?? this.#some();
  }

  /** Layer by layer: of orders that lead to the same arrays only the cheapest goes on. */
  #all(): PlanOrder | null {
    const size = this.#part.ops.length;
    if (size > mostExact) return null;
    let layer = new Map([["", this.#start()]]);
    for (let taken = 0; taken < size; taken++) {
      const next = new Map<string, Node>();
      for (const node of layer.values()) {
        for (const op of this.#open(node)) {
          if (this.#asked > mostAsked) return null;
          const after = this.#step(node, op);
          const key = this.#key(after);
          const known = next.get(key);
          if (known === undefined || compareCosts(after.cost, known.cost) < 0) next.set(key, after);
        }
      }
      layer = next;
    }
    const ends = [...layer.values()].map((node) => this.#end(node));
    return { ...best(ends), exact: true };
  }

  /** Harmless operations first; where none is, the replacement that waits for fewest. From several starts. */
  #some(): PlanOrder {
    const { ops } = this.#part;
    const address = (op: number): bigint => this.#ops[op]!.entry.registration.addr;
    const length = (op: number): number => this.#ops[op]!.entry.registration.len;
    const up = (a: number, b: number): number => (address(a) < address(b) ? -1 : 1);
    const starts = [
      [...ops],
      ops.toSorted((a, b) => up(a, b) || length(a) - length(b)),
      ops.toSorted((a, b) => up(b, a) || length(b) - length(a)),
      ops.toSorted((a, b) => length(b) - length(a) || up(a, b)),
      ops.toSorted((a, b) => length(a) - length(b) || up(b, a)),
    ];
    const found: PlanOrder[] = [];
    const forced = forcedLosses(this.#ops, this.#lanes, new Set(ops));
    const limit = this.#asked + 4 * mostAsked;
    for (const start of starts) {
      if (found.length > 0 && this.#asked > limit) break;
      const order = this.#greedy(start);
      found.push(order);
      if (order.cost.dead === 0 && order.cost.lost === forced) break;
    }
    return this.#late(best(found));
  }

  /** What goes before its other half is made goes right behind it instead, where that loses no more. */
  #late(found: PlanOrder): PlanOrder {
    let least = found;
    for (const op of found.order) {
      const { op: kind, pair } = this.#ops[op]!;
      const from = least.order.indexOf(op);
      const to = pair === null ? -1 : least.order.indexOf(pair);
      if (kind !== "deassign" || to < from) continue;
      const order = least.order.toSpliced(from, 1).toSpliced(to, 0, op);
      const tried = this.#along(order);
      if (tried !== null && compareCosts(tried.cost, least.cost) < 0) least = tried;
    }
    return least;
  }

  /** An order as it is given; null where something would not wait for what it has to. */
  #along(order: readonly number[]): PlanOrder | null {
    let node = this.#start();
    for (const op of order) {
      if (!this.#open(node).includes(op)) return null;
      node = this.#step(node, op);
    }
    return this.#end(node);
  }

  #greedy(preferred: readonly number[]): PlanOrder {
    let node = this.#start();
    const takeAll = (ops: readonly number[]): void => {
      for (const op of ops) node = this.#step(node, op);
    };
    while (node.done !== this.#whole()) {
      const open = new Set(this.#open(node));
      const candidates = preferred.filter((op) => open.has(op))
        .toSorted((a, b) => this.#rank(node, a) - this.#rank(node, b));
      const harmless = candidates.map((op) => this.#lazily(node, op))
        .find((step) => step().cost.lost === node.cost.lost);
      if (harmless !== undefined) node = harmless();
      else takeAll(this.#cheapest(node, candidates));
    }
    return this.#end(node);
  }

  #lazily(node: Node, op: number): () => Node {
    let after: Node | undefined;
    return () => after ??= this.#step(node, op);
  }

  /** What saves a write comes first, then what is made, then what goes and has its other half made. */
  #rank(node: Node, op: number): number {
    const { op: kind, pair, index } = this.#ops[op]!;
    if (kind === "assign") {
      const saves = this.#lanes.some(({ needs }, lane) =>
        [...node.unserved[lane]!].some((need) =>
          needs[need]!.old !== null && needs[need]!.next.index === index
        )
      );
      return saves ? 0 : 1;
    }
    return pair === null || node.done & bit(pair) ? 2 : 3;
  }

  /** The replacement with fewest to wait for, behind those; or the removal that loses least. */
  #cheapest(node: Node, open: readonly number[]): number[] {
    const waiting = this.#part.ops.filter((op) =>
      this.#ops[op]!.op === "assign" && !(node.done & bit(op)) && !open.includes(op)
    ).map((op) => [...this.#ops[op]!.after.filter((one) => !(node.done & bit(one))), op])
      .toSorted((a, b) => a.length - b.length);
    const runs = [...waiting.slice(0, 8), ...open.slice(0, 24).map((op) => [op])];
    const tried = runs.map((run) => ({
      run,
      cost: run.reduce((at, op) => this.#step(at, op), node).cost,
    }));
    return tried.reduce((a, b) => (compareCosts(b.cost, a.cost) < 0 ? b : a)).run;
  }

  #start(): Node {
    const states = this.#lanes.map((lane) => lane.start);
    return {
      done: 0n,
      states,
      unserved: this.#lanes.map((_, lane) => this.#unserved(lane, states[lane]!)),
      cost: nothing,
      last: -1,
      before: null,
    };
  }

  #open({ done }: Node): number[] {
    return this.#part.ops.filter((op) =>
      !(done & bit(op)) && this.#ops[op]!.after.every((one) => done & bit(one))
    );
  }

  #step(node: Node, op: number): Node {
    const done = node.done | bit(op);
    const states = this.#lanes.map((lane, i) => lane.after(node.states[i]!, op, this.#ops[op]!));
    const unserved = this.#lanes.map((_, lane) => this.#unserved(lane, states[lane]!));
    let { lost, steps, placeless } = node.cost;
    unserved.forEach((set, lane) => {
      for (const need of set) {
        if (this.#lanes[lane]!.needs[need]!.old === null) continue;
        steps++;
        if (!node.unserved[lane]!.has(need)) lost++;
      }
    });
    for (const one of this.#part.ops) {
      const { op: kind, pair } = this.#ops[one]!;
      if (kind === "deassign" && pair !== null && done & bit(one) && !(done & bit(pair))) {
        placeless++;
      }
    }
    return {
      done,
      states,
      unserved,
      cost: { dead: 0, lost, steps, placeless },
      last: op,
      before: node,
    };
  }

  #unserved(lane: number, state: PlanState): Set<number> {
    const { needs } = this.#lanes[lane]!;
    this.#asked += this.#part.needs[lane]!.length;
    return new Set(
      this.#part.needs[lane]!.filter((need) => !this.#lanes[lane]!.served(state, needs[need]!)),
    );
  }

  #end(node: Node): PlanOrder {
    const dead = node.unserved.reduce((sum, set) => sum + set.size, 0);
    const order: number[] = [];
    for (let at: Node | null = node; at !== null && at.last >= 0; at = at.before) {
      order.push(at.last);
    }
    return { order: order.reverse(), cost: { ...node.cost, dead }, exact: false };
  }

  #key({ done, states }: Node): string {
    const arrays = this.#lanes.map((lane, i) =>
      this.#part.buses[i]!.map((bus) => lane.key(states[i]!, bus)).join("\ufffe")
    );
    return `${done}\uffff${arrays.join("\uffff")}`;
  }

  #whole(): bigint {
    return this.#part.ops.reduce((all, op) => all | bit(op), 0n);
  }
}

/**
 * Times that writes must stop being signalled, whatever the order: what replaces their registration waits for it to go.
 *
 * @param among Only these operations
 */
export function forcedLosses(
  ops: readonly PlanOp[],
  lanes: readonly PlanLane[],
  among?: ReadonlySet<number>,
): number {
  const at = new Map(ops.map(({ op, index }, i) => [`${op} ${index}`, i]));
  let forced = 0;
  for (const { needs } of lanes) {
    for (const { old, next } of needs) {
      const goes = old === null ? undefined : at.get(`deassign ${old.index}`);
      const comes = at.get(`assign ${next.index}`);
      if (goes === undefined || comes === undefined) continue;
      if (among !== undefined && !among.has(goes)) continue;
      if (ops[comes]!.after.includes(goes)) forced++;
    }
  }
  return forced;
}

function bit(op: number): bigint {
  return 1n << BigInt(op);
}

function best(orders: readonly PlanOrder[]): PlanOrder {
  return orders.reduce((a, b) => (compareCosts(b.cost, a.cost) < 0 ? b : a));
}

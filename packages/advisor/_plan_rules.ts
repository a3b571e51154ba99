import type { PlanOp } from "./_plan_diff.ts";
import type { PlanLane } from "./_plan_lane.ts";

/**
 * An order by the rules of collision alone, for parts too large to ask the buses: what is made comes before what goes,
 * and what must go first goes right before what replaces it.
 */
export function orderByRules(
  part: readonly number[],
  ops: readonly PlanOp[],
  lanes: readonly PlanLane[],
): number[] {
  const carries = new Set(
    lanes.flatMap(({ needs }) => needs.flatMap(({ old }) => (old === null ? [] : [old.index]))),
  );
  const done = new Set<number>();
  const order: number[] = [];
  const take = (op: number): void => {
    if (done.has(op)) return;
    done.add(op);
    order.push(op);
  };
  const makes = part.filter((op) => ops[op]!.op === "assign");
  const leaves = part.filter((op) => ops[op]!.op === "deassign");
  for (const op of makes) if (ops[op]!.after.length === 0) take(op);
  for (const op of leaves) {
    const { index, pair } = ops[op]!;
    if (!carries.has(index) && (pair === null || done.has(pair))) take(op);
  }
  const waiting = makes.filter((op) => !done.has(op))
    .toSorted((a, b) => ops[a]!.after.length - ops[b]!.after.length);
  for (const op of waiting) {
    for (const one of ops[op]!.after) take(one);
    take(op);
  }
  for (const op of leaves) take(op);
  return order;
}

import type { Placed, PlanOp } from "./_plan_diff.ts";
import type { PlanLane } from "./_plan_lane.ts";
import { isSettled, partsOf, wholePart } from "./_plan_parts.ts";
import type { PlanPart } from "./_plan_parts.ts";
import { orderByRules } from "./_plan_rules.ts";
import { runPlan } from "./_plan_run.ts";
import type { PlanRun } from "./_plan_run.ts";
import { addCosts, compareCosts, forcedLosses, nothing, PlanSearch } from "./_plan_search.ts";
import type { PlanCost } from "./_plan_search.ts";
import { lossStory } from "./_plan_story.ts";
import type { RegistrationSet } from "./registration_set.ts";
import { SetModel } from "./_set_model.ts";
import type { KvmError } from "@ioeventfd/uapi";

/** Operations up to which all of them are ordered together. */
const mostTogether = 9;
/** Operations of a part beyond which the buses are not asked while its order is looked for. */
const mostSearched = 120;

/** An order of all operations, carried out on each release. */
export interface FoundPlan {
  /** Operations in order. */
  readonly order: readonly number[];
  readonly runs: readonly PlanRun[];
  /** Every order was looked at, or there cannot be a better one. */
  readonly optimal: boolean;
  /** A step had to wait because the kernel had no room. */
  readonly waitedForRoom: ReadonlySet<number>;
}

/** What an order is looked for. */
export interface PlanQuestion {
  readonly old: RegistrationSet;
  readonly ops: readonly PlanOp[];
  /** One for each release. */
  readonly lanes: readonly PlanLane[];
  /** What must be in force in the end. */
  readonly wanted: readonly Placed[];
  /** Names a step of the old set, or behind those one of the plan. */
  label(step: number, order: readonly number[]): string;
  readonly ept: boolean;
}

/** Orders each part on its own, puts them one behind the other, and carries the whole out. */
export function searchPlan(question: PlanQuestion): FoundPlan {
  const { ops, lanes } = question;
  const different = unique(lanes);
  const together = ops.length <= mostTogether &&
    different.some((lane) => [...lane.start.keys()].some((bus) => !isSettled(lane, bus, ops)));
  const parts = together ? [wholePart(ops, different)] : partsOf(ops, different);
  const orders = parts.map((part) => orderOf(part, ops, different));
  const exact = together && orders[0]!.exact;
  const least = forcedLosses(ops, lanes);
  let best: FoundPlan | undefined;
  for (const sequence of sequences(parts, ops)) {
    const found = carriedOut(question, sequence.flatMap((part) => orders[part]!.order));
    if (best === undefined || compareCosts(costOf(found), costOf(best)) < 0) best = found;
    const { dead, lost } = costOf(best);
    const leastPossible = dead === 0 && lost === least;
    if (exact || leastPossible) return { ...best, optimal: true };
    if (parts.length === 1) break;
  }
  return best!;
}

function orderOf(
  part: PlanPart,
  ops: readonly PlanOp[],
  lanes: readonly PlanLane[],
): { readonly order: readonly number[]; readonly exact: boolean } {
  if (part.ops.length > mostSearched) {
    return { order: orderByRules(part.ops, ops, lanes), exact: false };
  }
  return new PlanSearch(ops, lanes, part).best();
}

/** Sequences of parts to try: as the sets have them, backwards, those first that take more away, or that make more. */
function* sequences(parts: readonly PlanPart[], ops: readonly PlanOp[]): Generator<number[]> {
  const given = [...parts.keys()];
  const growth = (part: number): number =>
    parts[part]!.ops.reduce((sum, op) => sum + (ops[op]!.op === "assign" ? 1 : -1), 0);
  yield given;
  yield given.toReversed();
  yield given.toSorted((a, b) => growth(a) - growth(b));
  yield given.toSorted((a, b) => growth(b) - growth(a));
}

/** Carries an order out; what finds no room lets something go first. */
function carriedOut(question: PlanQuestion, proposed: readonly number[]): FoundPlan {
  const runs = runsOf(question, proposed);
  const found = { order: proposed, runs, optimal: false, waitedForRoom: new Set<number>() };
  if (!runs.some(({ refusals }) => refusals.some(isFull))) return found;
  const { order, waited } = withRoom(question, proposed);
  return { ...found, order, runs: runsOf(question, order), waitedForRoom: waited };
}

function runsOf(question: PlanQuestion, order: readonly number[]): PlanRun[] {
  const { old, ops, lanes, wanted, ept } = question;
  return lanes.map((lane) =>
    runPlan({
      release: lane.release,
      old,
      ops,
      order,
      needs: lane.needs,
      wanted,
      ept,
      settled: new Set([...lane.start.keys()].filter((bus) => isSettled(lane, bus, ops))),
      tell: (model, write) => lossStory(model, write, (step) => question.label(step, order)),
    })
  );
}

function isFull({ error }: { readonly error: KvmError }): boolean {
  return error.code === "ENOSPC";
}

/** Lets what would go soonest go before a step that finds no room. */
function withRoom(
  { old, ops, lanes }: PlanQuestion,
  proposed: readonly number[],
): { readonly order: readonly number[]; readonly waited: ReadonlySet<number> } {
  const models = lanes.map(({ release }) => new SetModel(old, release));
  const order: number[] = [];
  const waited = new Set<number>();
  const todo = new Set(proposed);
  const take = (op: number): boolean => {
    const { entry, op: kind } = ops[op]!;
    const answers = models.map((model) => model.take({ ...entry, kind }));
    const full = answers.some((error) => error !== null && isFull({ error }));
    if (full) {
      models.filter((_, i) => answers[i] === null)
        .forEach((model) => model.take({ ...entry, kind: "deassign" }));
      return false;
    }
    order.push(op);
    todo.delete(op);
    return true;
  };
  for (const op of proposed) {
    if (!todo.has(op)) continue;
    while (!take(op)) {
      waited.add(op);
      const next = [...todo].find((one) => ops[one]!.op === "deassign");
      if (next === undefined) {
        order.push(op);
        todo.delete(op);
        break;
      }
      take(next);
    }
  }
  for (const model of models) model[Symbol.dispose]();
  return { order, waited };
}

function costOf({ runs }: FoundPlan): PlanCost {
  return runs.reduce((sum, run) => addCosts(sum, run.cost), nothing);
}

/** Releases that differ in what decides an order. */
function unique(lanes: readonly PlanLane[]): PlanLane[] {
  return [...new Map(lanes.map((lane) => [lane.signature(), lane])).values()];
}

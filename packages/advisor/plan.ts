/**
 * The way from one set of registrations to another.
 *
 * @module
 */
import { latestRelease } from "@ioeventfd/uapi";
import type { KernelRelease } from "@ioeventfd/uapi";
import { planDiff } from "./_plan_diff.ts";
import type { Placed, PlanOp } from "./_plan_diff.ts";
import { problemsOf, refusedOf } from "./_plan_problems.ts";
import { needsOf, PlanLane } from "./_plan_lane.ts";
import { searchPlan } from "./_plan_order.ts";
import type { Plan, PlanProblem, PlanStep } from "./plan_report.ts";
import { labeller, windowsOf } from "./_plan_windows.ts";
import type { RegistrationSet } from "./registration_set.ts";
import { SetModel } from "./_set_model.ts";

/** How a plan is made. */
export interface PlanOptions {
  /** Releases on which it must hold; the newest alone unless given. */
  readonly releases?: readonly KernelRelease[];
  /** The host is VMX with EPT, so zero-length MMIO is looked up on the fast MMIO bus too. */
  readonly ept?: boolean;
}

/**
 * Finds the ioctls that lead from what one set leaves in force to what another does: as few as there can be, none of
 * them refused, and in an order in which what both sets signal is signalled all the time, where there is such an order.
 * Each step is made on the model of each release asked for, behind the steps of the old set.
 *
 * Memory, zones and devices are those of the old set: a plan changes registrations alone.
 *
 * @param old What is there, in the order in which it was made
 * @param next What is wanted
 * @param options Releases and host
 * @returns Steps, the windows that are left, and what is wrong with the sets
 *
 * @example A BAR moves: the new place is registered before the old one goes
 * ```ts
 * import { parseRegistrationSet, plan } from "@ioeventfd/advisor";
 *
 * const old = parseRegistrationSet('[{"addr":"0xfebf0000","len":0,"fd":7}]');
 * const next = parseRegistrationSet('[{"addr":"0xfebe0000","len":0,"fd":7}]');
 * const { steps, windows } = plan(old, next);
 * if (steps.map((step) => step.op).join() !== "assign,deassign") throw new Error("new first");
 * if (windows.length !== 0) throw new Error("the eventfd has a doorbell all the time");
 * ```
 */
export function plan(
  old: RegistrationSet,
  next: RegistrationSet,
  options: PlanOptions = {},
): Plan {
  const releases = options.releases ?? [latestRelease];
  const ept = options.ept ?? false;
  const wanted = inPlaceOf(old, next);
  const runs = releases.map((release) => ({
    release,
    old: new SetModel(old, release),
    next: new SetModel(wanted.set, release),
  }));
  try {
    const problems: PlanProblem[] = [
      ...refusedOf("old", old, runs.map((one) => one.old), 0),
      ...refusedOf("new", wanted.set, runs.map((one) => one.next), wanted.offset),
    ];
    const whole = runs.filter((one) => isWhole(one.old) && isWhole(one.next));
    const held = whole.length > 0 ? whole : runs.slice(-1);
    const placedOld = placedIn(old, held[0]!.old, 0);
    const placedNext = placedIn(wanted.set, held[0]!.next, wanted.offset);
    const { kept, ops } = planDiff(placedOld, placedNext, held.map((one) => one.release));
    const lanes = held.map((one) => {
      const needs = needsOf({
        ...one,
        placedOld: byStep(placedOld, 0),
        placedNext: byStep(placedNext, wanted.offset),
        ept,
      });
      return new PlanLane({ old: one.old, ops, needs, ept });
    });
    const label = labeller(old, ops);
    const found = searchPlan({ old, ops, lanes, wanted: placedNext, label, ept });
    const numbers = new Map(found.order.map((op, i) => [op, i + 1]));
    const steps = found.order.map((op): PlanStep => stepOf(ops[op]!, numbers));
    problems.push(...problemsOf(found, ops, kept));
    return {
      kernels: releases.map((release) => release.name),
      checked: whole.map((one) => one.release.name),
      steps,
      kept,
      windows: windowsOf({ ops, found, releases: held.map((one) => one.release) }),
      problems,
      notes: wanted.notes,
      optimal: found.optimal,
    };
  } finally {
    for (const { old, next } of runs) {
      old[Symbol.dispose]();
      next[Symbol.dispose]();
    }
  }
}

function isWhole(model: SetModel): boolean {
  return model.refusals.every((refused) => refused === null);
}

function stepOf(
  { op, index, entry, eventfd, pair }: PlanOp,
  numbers: ReadonlyMap<number, number>,
): PlanStep {
  return {
    op,
    registration: entry.registration,
    eventfd,
    old: op === "deassign" ? index : null,
    new: op === "assign" ? index : null,
    other: pair === null ? null : numbers.get(pair)!,
  };
}

/** Registrations in force at the end of a set; indices are of the set as it was given. */
function placedIn(set: RegistrationSet, model: SetModel, offset: number): Placed[] {
  return model.inForce().flatMap((step) => {
    const entry = set[step]!;
    return entry.kind === "assign" ? [{ index: step - offset, entry }] : [];
  });
}

function byStep(placed: readonly Placed[], offset: number): Map<number, Placed> {
  return new Map(placed.map((one) => [one.index + offset, one]));
}

/** The new set with the old one's memory, zones and devices, where it says nothing of such things. */
function inPlaceOf(
  old: RegistrationSet,
  next: RegistrationSet,
): { readonly set: RegistrationSet; readonly offset: number; readonly notes: readonly string[] } {
  const surroundings = (set: RegistrationSet): RegistrationSet =>
    set.filter(({ kind }) => kind !== "assign" && kind !== "deassign");
  const before = surroundings(old), after = surroundings(next);
  if (after.length === 0) return { set: [...before, ...next], offset: before.length, notes: [] };
  const same = textOf(before) === textOf(after);
  const note = "the sets differ in memory, zones or devices too: a plan changes registrations " +
    "alone, and was checked with what the old set has";
  return { set: next, offset: 0, notes: same ? [] : [note] };
}

function textOf(set: RegistrationSet): string {
  return JSON.stringify(set, (_, value) => typeof value === "bigint" ? String(value) : value);
}

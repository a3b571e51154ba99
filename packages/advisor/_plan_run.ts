import { KVM_MMIO_BUS } from "@ioeventfd/uapi";
import type { KernelRelease, KvmError } from "@ioeventfd/uapi";
import { busIndexOf } from "./_describe.ts";
import type { Placed, PlanOp } from "./_plan_diff.ts";
import type { PlanNeed, PlanWrite } from "./_plan_lane.ts";
import type { PlanCost } from "./_plan_search.ts";
import type { RegistrationSet, SetEntry } from "./registration_set.ts";
import { SetModel } from "./_set_model.ts";
import { valueOf, writesOf } from "./_writes_of.ts";

/** A write that was not signalled from one step on. */
export interface Lapse {
  readonly need: PlanNeed;
  /** Step, from 1. */
  readonly opens: number;
  /** Step, from 1, or null. */
  readonly closes: number | null;
  /** What the search of the bus did, where the registration was in force all the same. */
  readonly story: string | null;
}

/** A registration that is in force in the end and does not get all its writes. */
export interface DeadEnd {
  readonly placed: Placed;
  /** Lengths lost. */
  readonly writes: readonly number[];
  /** How the search loses the first of them. */
  readonly story: string;
}

/** A plan carried out on the model of one release. */
export interface PlanRun {
  readonly release: KernelRelease;
  readonly lapses: readonly Lapse[];
  /** Registrations that the end leaves without some of their writes. */
  readonly dead: readonly DeadEnd[];
  /** Refused steps. */
  readonly refusals: readonly { readonly step: number; readonly error: KvmError }[];
  readonly cost: PlanCost;
}

/** What is carried out, and where. */
export interface PlanRunInit {
  readonly release: KernelRelease;
  readonly old: RegistrationSet;
  readonly ops: readonly PlanOp[];
  readonly order: readonly number[];
  readonly needs: readonly PlanNeed[];
  /** What must be in force in the end. */
  readonly wanted: readonly Placed[];
  readonly ept: boolean;
  /** Buses on which the writes to an address depend on that address alone. */
  readonly settled: ReadonlySet<number>;
  /** Says how a search loses a write at this point. */
  tell(model: SetModel, write: PlanWrite): string | null;
}

/** Carries out the old set and then the plan, and asks after each step for every write that both sets signal. */
export function runPlan(init: PlanRunInit): PlanRun {
  const { release, ops, order, ept } = init;
  using model = new SetModel(init.old, release);
  const stepOf = new Map<number, number>();
  const refusals: { step: number; error: KvmError }[] = [];
  const lapses: Lapse[] = [];
  const open = new Map<PlanNeed, { opens: number; story: string | null }>();
  const both = init.needs.filter((need) => need.old !== null);
  const byPlace = Map.groupBy(both, placeOf);
  const byBus = Map.groupBy(both, (need) => need.bus);
  let steps = 0;
  order.forEach((op, i) => {
    const { entry, op: kind } = ops[op]!;
    const step: SetEntry = { ...entry, kind };
    const error = model.take(step);
    stepOf.set(op, i + 1);
    if (error !== null) refusals.push({ step: i + 1, error });
    const bus = busIndexOf(entry.registration);
    const place = placeOf({ bus, addr: entry.registration.addr });
    const touched = init.settled.has(bus) ? byPlace.get(place) : byBus.get(bus);
    for (const need of touched ?? []) {
      const served = isServed(model, need, ept);
      if (served === !open.has(need)) continue;
      if (served) {
        lapses.push({ need, ...open.get(need)!, closes: i + 1 });
        open.delete(need);
      } else open.set(need, { opens: i + 1, story: init.tell(model, need) });
    }
    steps += open.size;
  });
  for (const [need, { opens, story }] of open) lapses.push({ need, opens, story, closes: null });
  const late = init.needs.filter((need) => need.old === null && !isServed(model, need, ept));
  const cost: PlanCost = {
    dead: late.length + open.size,
    lost: lapses.length,
    steps,
    placeless: placeless(ops, stepOf),
  };
  return { release, lapses, dead: deadEnds(init, model), refusals, cost };
}

function deadEnds({ wanted, release, ept, tell }: PlanRunInit, model: SetModel): DeadEnd[] {
  return wanted.flatMap((placed): DeadEnd[] => {
    const { registration } = placed.entry;
    if (registration.len === 0 && !release.bus.zeroLengthFindable) return [];
    const { addr } = registration;
    const lost = writesOf(registration).map((len) => ({
      bus: busIndexOf(registration),
      addr,
      len,
      value: valueOf(registration),
    })).filter((write) =>
      model.taker(write.bus, addr, write.len, write.value).by === "nobody" &&
      !isServed(model, write, ept)
    );
    const story = lost.length === 0 ? null : tell(model, lost[0]!);
    return story === null ? [] : [{ placed, writes: lost.map(({ len }) => len), story }];
  });
}

function placeOf({ bus, addr }: { readonly bus: number; readonly addr: bigint }): string {
  return `${bus} ${addr}`;
}

/** Whether any registration takes a write; devices and memory signal nothing. */
function isServed(model: SetModel, write: PlanWrite, ept: boolean): boolean {
  const { bus, addr, len, value } = write;
  const taker = model.taker(bus, addr, len, value);
  if (taker.by === "step") return model.isRegistration(taker.step);
  return taker.by === "nobody" && ept && bus === KVM_MMIO_BUS && model.onFastBus(addr);
}

function placeless(ops: readonly PlanOp[], stepOf: ReadonlyMap<number, number>): number {
  return ops.reduce(
    (sum, { op, pair }, i) =>
      op === "deassign" && pair !== null
        ? sum + Math.max(stepOf.get(pair)! - stepOf.get(i)!, 0)
        : sum,
    0,
  );
}

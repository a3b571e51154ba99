/**
 * Registrations that were accepted and do not fire.
 *
 * @module
 */
import type { IoRange } from "@ioeventfd/kvm-core";
import { KVM_MMIO_BUS, KVM_PIO_BUS, latestRelease } from "@ioeventfd/uapi";
import type { KernelRelease } from "@ioeventfd/uapi";
import { busIndexOf, describeStep } from "./_describe.ts";
import { judgeAll } from "./_judge.ts";
import type { Finding, LintReport, ReleaseFindings } from "./lint_report.ts";
import type { OrderItem, OrderNeed } from "./_order_model.ts";
import { rangeOf } from "./_range_of.ts";
import type { RegistrationSet } from "./registration_set.ts";
import { safeOrder } from "./_safe_order.ts";
import type { BusOrder, SafeOrder } from "./_safe_order.ts";
import type { Turn } from "./_search_order.ts";
import { SetModel } from "./_set_model.ts";
import { valueOf, writesOf } from "./_writes_of.ts";

/** How a set is judged. */
export interface LintOptions {
  /** Releases to judge on; the newest alone unless given. */
  readonly releases?: readonly KernelRelease[];
  /** The host is VMX with EPT, so zero-length MMIO is looked up on the fast MMIO bus too. */
  readonly ept?: boolean;
  /** Search a safe order; true unless told otherwise. */
  readonly order?: boolean;
}

/**
 * Carries a set out on the model of each release and asks, for every write that a registration matches, whether it gets
 * there: no errno tells.
 *
 * @param set Steps in order
 * @param options Releases and host
 * @returns Findings, what hides what, and an order in which all fire
 *
 * @example Zero length at A+4, then length 4 at A: the first is dead
 * ```ts
 * import { lint, parseRegistrationSet } from "@ioeventfd/advisor";
 *
 * const set = parseRegistrationSet('[{"addr":"0x1004","len":0},{"addr":"0x1000","len":4}]');
 * const { registrations, safeOrder } = lint(set);
 * if (registrations[0]?.verdict !== "dead" || registrations[0].hiddenBy[0] !== 1) throw new Error("alive");
 * if (safeOrder?.join() !== "1,0") throw new Error("the other way round it works");
 * ```
 */
export function lint(set: RegistrationSet, options: LintOptions = {}): LintReport {
  const releases = options.releases ?? [latestRelease];
  const ept = options.ept ?? false;
  const cases: ReleaseFindings[] = [];
  const buses = new Map<KernelRelease, readonly BusOrder[]>();
  const kept = new Set<number>();
  const turns: Turn[] = [];
  for (const release of releases) {
    using model = new SetModel(set, release);
    const registrations = judgeAll({ set, release, model, ept });
    cases.push({ kernel: release.name, registrations });
    for (const step of model.inForce()) kept.add(step);
    buses.set(release, busOrders(set, model, registrations));
    turns.push(...collisions(model));
  }
  set.forEach((entry, step) => {
    if (entry.kind !== "assign" && entry.kind !== "deassign") kept.add(step);
  });
  const registrations = worst(cases);
  if (options.order === false) {
    return {
      releases: cases,
      registrations,
      safeOrder: null,
      robust: false,
      orderWhy: "not asked",
    };
  }
  const given = [...kept].sort((a, b) => a - b);
  const proposed = safeOrder(
    unique([...buses.values()].flat()),
    given,
    rangesOf(set, given),
    turns,
  );
  const asMade = proposed.order?.length === set.length &&
    proposed.order.every((step, i) => step === i) &&
    registrations.every((one) => one.verdict === "never" || one.writes.length === 0);
  const found = asMade ? proposed : confirmed(set, buses, proposed);
  return {
    releases: cases,
    registrations,
    safeOrder: found.order,
    robust: found.robust,
    orderWhy: orderWhy(set, found),
  };
}

/** The part of each bus that order decides. */
function busOrders(
  set: RegistrationSet,
  model: SetModel,
  findings: readonly Finding[],
): BusOrder[] {
  const judged = new Map(findings.map((finding) => [finding.index, finding]));
  return [KVM_MMIO_BUS, KVM_PIO_BUS].map((bus) => {
    const entries = model.entries(bus).map((entry) => ({ entry, step: model.stepOf(entry) }))
      .sort((a, b) => a.step - b.step);
    const items: OrderItem[] = [];
    const needs: OrderNeed[] = [];
    for (const { entry, step } of entries) {
      const made = set[step]!;
      const range = { lo: entry.lo, hi: entry.hi, len: entry.len };
      items.push({ step, range, claims: made.kind !== "assign" && entry.len !== 0 });
      if (made.kind !== "assign" || judged.get(step)?.verdict === "never") continue;
      const { registration } = made;
      if (registration.len === 0 && !model.release.bus.zeroLengthFindable) continue;
      for (const len of writesOf(registration)) {
        const taker = model.taker(bus, registration.addr, len, valueOf(registration));
        const taken = taker.by !== "nobody" && !(taker.by === "step" && taker.step === step);
        if (!taken) needs.push({ item: items.length - 1, key: { ...range, len } });
      }
    }
    return { rules: model.release.bus, items, needs };
  });
}

/** What was refused for what is still there: another release may take both. */
function collisions(model: SetModel): Turn[] {
  const inForce = new Set(model.inForce());
  return model.refusals.flatMap((refused, step) => {
    const first = refused === null ? null : model.collidedWith(refused);
    return first !== null && inForce.has(first) ? [[first, step] as const] : [];
  });
}

/** Buses that differ in what matters. */
function unique(buses: readonly BusOrder[]): BusOrder[] {
  const seen = new Map<string, BusOrder>();
  for (const bus of buses) {
    const { insertion, zeroLengthFindable } = bus.rules;
    seen.set(JSON.stringify([insertion, zeroLengthFindable, bus.items, bus.needs]), bus);
  }
  return [...seen.values()];
}

function rangesOf(set: RegistrationSet, steps: readonly number[]): Map<number, IoRange> {
  const ranges = new Map<number, IoRange>();
  for (const step of steps) {
    const entry = set[step]!;
    if (entry.kind === "assign") ranges.set(step, rangeOf(entry.registration));
  }
  return ranges;
}

/** The order, once the model has carried it out on every release and each write got there. */
function confirmed(
  set: RegistrationSet,
  buses: ReadonlyMap<KernelRelease, readonly BusOrder[]>,
  found: SafeOrder,
): SafeOrder {
  if (found.order === null) return found;
  const order = found.order;
  const reordered = order.map((step) => set[step]!);
  const holds = [...buses].every(([release, itsBuses]) => {
    using model = new SetModel(reordered, release);
    return itsBuses.every(({ items, needs }) =>
      needs.every(({ item, key }) => {
        const { step } = items[item]!;
        const entry = set[step]!;
        if (entry.kind !== "assign") return true;
        const { registration } = entry;
        const value = valueOf(registration);
        const taker = model.taker(busIndexOf(registration), registration.addr, key.len, value);
        return taker.by === "step" && taker.step === order.indexOf(step);
      })
    );
  });
  return holds ? found : { order: null, robust: false, proven: false, stuck: order };
}

function worst(cases: readonly ReleaseFindings[]): Finding[] {
  const badness = { dead: 2, never: 1, ok: 0 };
  const found = new Map<number, Finding>();
  for (const finding of cases.flatMap((one) => one.registrations)) {
    const other = found.get(finding.index);
    const worse = other === undefined || badness[finding.verdict] > badness[other.verdict] ||
      (finding.verdict === other.verdict && finding.writes.length > other.writes.length);
    if (worse) found.set(finding.index, finding);
  }
  return [...found.values()].sort((a, b) => a.index - b.index);
}

function orderWhy(set: RegistrationSet, { order, robust, proven, stuck }: SafeOrder): string {
  if (order !== null) {
    return robust
      ? "safe whatever is registered elsewhere"
      : "safe for this set alone: a registration more or less, anywhere on the bus, can break it";
  }
  const names = stuck.slice(0, 6).map((step) => describeStep(set[step]!, step)).join(", ");
  const among = `among ${names}${stuck.length > 6 ? ` and ${stuck.length - 6} more` : ""}`;
  const tried = proven ? "every order was tried, none saves all" : "no safe order was found";
  return `${tried} ${among}; safe in any order are zero length alone, one length alone, and ` +
    "lengths whose ranges do not overlap";
}

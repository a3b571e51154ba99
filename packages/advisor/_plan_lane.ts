import { matches, ReferenceBus } from "@ioeventfd/kvm-core";
import type { BusEntry, IoDevice, IoRange, MatchRule } from "@ioeventfd/kvm-core";
import { KVM_IOEVENTFD_FLAG_DATAMATCH, KVM_MMIO_BUS, splitWords } from "@ioeventfd/uapi";
import type { KernelRelease, Registration } from "@ioeventfd/uapi";
import { busIndexOf } from "./_describe.ts";
import { neverReason } from "./_never.ts";
import type { Placed, PlanOp } from "./_plan_diff.ts";
import { rangeOf } from "./_range_of.ts";
import type { SetModel } from "./_set_model.ts";
import { takerOf } from "./_taker_of.ts";
import { valueOf, writesOf } from "./_writes_of.ts";

/** A guest write. */
export interface PlanWrite {
  readonly bus: number;
  readonly addr: bigint;
  readonly len: number;
  readonly value: bigint;
}

/** A write that must be signalled: all the time when both sets signal it, else from the end on. */
export interface PlanNeed extends PlanWrite {
  /** What signals it in the old set. */
  readonly old: Placed | null;
  /** What signals it in the new set. */
  readonly next: Placed;
}

/** Bus arrays between two ioctls. */
export type PlanState = ReadonlyMap<number, ReferenceBus>;

/** One release while a plan is looked for: the bus arrays as a function of the steps taken. */
export class PlanLane {
  readonly release: KernelRelease;
  readonly needs: readonly PlanNeed[];
  /** The buses as the old set leaves them. */
  readonly start: PlanState;
  readonly #ept: boolean;
  readonly #devices: readonly IoDevice[];
  readonly #ids = new Map<IoDevice, number>();

  constructor(
    { old, ops, needs, ept }: {
      readonly old: SetModel;
      readonly ops: readonly PlanOp[];
      readonly needs: readonly PlanNeed[];
      readonly ept: boolean;
    },
  ) {
    this.release = old.release;
    this.needs = needs;
    this.#ept = ept;
    const start = new Map<number, ReferenceBus>();
    const deviceOf = new Map<number, IoDevice>();
    for (const bus of old.events.keys()) {
      const reference = new ReferenceBus(this.release.bus);
      reference.adopt(old.entries(bus));
      start.set(bus, reference);
      for (const entry of old.entries(bus)) deviceOf.set(old.stepOf(entry), entry.device);
    }
    this.start = start;
    this.#devices = ops.map(({ op, index, entry }) =>
      (op === "deassign" ? deviceOf.get(index) : undefined) ?? new Doorbell(entry.registration)
    );
    for (const reference of start.values()) {
      for (const { device } of reference.entries()) this.#ids.set(device, this.#ids.size);
    }
    for (const device of this.#devices) {
      if (!this.#ids.has(device)) this.#ids.set(device, this.#ids.size);
    }
  }

  /** The buses after one operation more. */
  after(state: PlanState, index: number, { op, entry: { registration } }: PlanOp): PlanState {
    const bus = busIndexOf(registration);
    const before = state.get(bus);
    if (before === undefined) return state;
    const reference = new ReferenceBus(this.release.bus);
    reference.adopt(before.entries());
    const device = this.#devices[index]!;
    if (op === "deassign") reference.remove(device);
    else {
      const { lo, hi, len } = rangeOf(registration);
      reference.insert(lo, hi, len, device);
    }
    return new Map(state).set(bus, reference);
  }

  /** Whether a write is signalled. */
  served(state: PlanState, need: PlanNeed): boolean {
    const array = state.get(need.bus);
    if (array === undefined) return true;
    const taker = takerOf(array, need);
    if (taker !== null) return taker.device.wouldWrite !== undefined;
    const { lo, hi } = rangeOf(need);
    return this.#ept && need.bus === KVM_MMIO_BUS && this.release.x86.fastMmio &&
      array.entries().some((entry) => isFast(entry, lo, hi));
  }

  /** The same for releases that differ in nothing that decides an order. */
  signature(): string {
    const { insertion, zeroLengthFindable } = this.release.bus;
    const needs = this.needs.map(({ bus, addr, len, value, old, next }) =>
      [bus, addr, len, value, old?.index ?? -1, next.index].join(" ")
    );
    const arrays = [...this.start.values()].map((reference) =>
      reference.entries().map(({ lo, hi, len }) => `${hi} ${lo} ${len}`).join()
    );
    const fast = this.#ept && this.release.x86.fastMmio;
    return [insertion, zeroLengthFindable, fast, needs.join(), ...arrays].join("\n");
  }

  /** Tells arrays of a bus apart. */
  key(state: PlanState, bus: number): string {
    const entries = state.get(bus)?.entries() ?? [];
    return String.fromCharCode(...entries.map(({ device }) => this.#ids.get(device)!));
  }
}

function isFast(entry: BusEntry, lo: number, hi: number): boolean {
  return entry.len === 0 && entry.lo === lo && entry.hi === hi;
}

/** A registration still to be made, as its bus sees it. */
class Doorbell implements IoDevice, MatchRule {
  readonly len: number;
  readonly wildcard: boolean;
  readonly datamatchLo: number;
  readonly datamatchHi: number;
  readonly #range: IoRange;

  constructor(registration: Registration) {
    const { len, flags, datamatch } = registration;
    this.#range = rangeOf(registration);
    this.len = len;
    this.wildcard = (flags & KVM_IOEVENTFD_FLAG_DATAMATCH) === 0;
    const { lo, hi } = splitWords(datamatch);
    this.datamatchLo = lo;
    this.datamatchHi = hi;
  }

  write(lo: number, hi: number, len: number, vlo: number, vhi: number): number {
    return this.wouldWrite(lo, hi, len, vlo, vhi) ? 0 : -95;
  }

  wouldWrite(lo: number, hi: number, len: number, vlo: number, vhi: number): boolean {
    return lo === this.#range.lo && hi === this.#range.hi && matches(this, len, vlo, vhi);
  }
}

/** The writes that must be signalled on a release. */
export function needsOf(
  { old, next, placedOld, placedNext, ept }: {
    /** The old set, carried out. */
    readonly old: SetModel;
    /** The new set, carried out. */
    readonly next: SetModel;
    /** Registrations in force by the step of each model. */
    readonly placedOld: ReadonlyMap<number, Placed>;
    readonly placedNext: ReadonlyMap<number, Placed>;
    readonly ept: boolean;
  },
): PlanNeed[] {
  const seen = new Set<string>();
  return [...placedNext.values(), ...placedOld.values()].flatMap((placed, i) => {
    const { registration } = placed.entry;
    if (neverReason(registration, next.release, ept) !== null) return [];
    const bus = busIndexOf(registration);
    const { addr } = registration;
    const value = valueOf(registration);
    return writesOf(registration).flatMap((len): PlanNeed[] => {
      const write = `${bus} ${addr} ${len} ${value}`;
      if (seen.has(write)) return [];
      seen.add(write);
      const taker = signaller(next, placedNext, { registration, len, value, ept });
      if (taker === null) {
        // Lost in the new set's own order; another order may save it.
        const lost = i < placedNext.size && next.taker(bus, addr, len, value).by === "nobody";
        return lost ? [{ bus, addr, len, value, old: null, next: placed }] : [];
      }
      const before = signaller(old, placedOld, { registration, len, value, ept });
      return [{ bus, addr, len, value, old: before, next: taker }];
    });
  });
}

/** The registration that a write signals on a model, or null. */
function signaller(
  model: SetModel,
  placed: ReadonlyMap<number, Placed>,
  { registration, len, value, ept }: {
    readonly registration: Registration;
    readonly len: number;
    readonly value: bigint;
    readonly ept: boolean;
  },
): Placed | null {
  const bus = busIndexOf(registration);
  const taker = model.taker(bus, registration.addr, len, value);
  if (taker.by === "step") return placed.get(taker.step) ?? null;
  if (taker.by === "lapic" || !ept || bus !== KVM_MMIO_BUS || !model.onFastBus(registration.addr)) {
    return null;
  }
  for (const one of placed.values()) {
    const { addr, len, flags } = one.entry.registration;
    if (addr === registration.addr && len === 0 && busIndexOf({ ...registration, flags }) === bus) {
      return one;
    }
  }
  return null;
}

import { EOPNOTSUPP, ReferenceBus } from "@ioeventfd/kvm-core";
import type { IoDevice, IoRange } from "@ioeventfd/kvm-core";
import type { BusRules } from "@ioeventfd/uapi";
import type { Beside } from "./_follow_search.ts";
import { groupsApart } from "./_groups_apart.ts";

/** A device put on a bus, or taken off it. */
export interface BusEvent {
  readonly kind: "insert" | "remove";
  readonly step: number;
  readonly range: IoRange;
}

/** An entry of an array that was built again. */
export interface ReplayedEntry extends IoRange {
  readonly step: number;
}

class Placeholder implements IoDevice {
  readonly step: number;

  constructor(step: number) {
    this.step = step;
  }

  write(): number {
    return EOPNOTSUPP;
  }
}

/** Everything that happened to one bus, to be gone through again without some of it. */
export class BusHistory {
  readonly #rules: BusRules;
  readonly #events: readonly BusEvent[];
  readonly #groupOf: ReadonlyMap<number, ReadonlySet<number>>;

  constructor(rules: BusRules, events: readonly BusEvent[]) {
    this.#rules = rules;
    this.#events = events;
    const inserted = events.filter((event) => event.kind === "insert");
    const apart = rules.insertion === "ordered" ? groupsApart(inserted) : null;
    this.#groupOf = apart ?? new Map();
  }

  /** Steps that can disturb a step, itself included: all of them where the release sorts the whole array. */
  around(step: number): ReadonlySet<number> {
    return this.#groupOf.get(step) ?? new Set(this.#events.map((event) => event.step));
  }

  /** The part of the array that a group of steps makes without some of them, and how many entries lie beside it. */
  replay(
    group: ReadonlySet<number>,
    skip: ReadonlySet<number>,
  ): { readonly entries: readonly ReplayedEntry[]; readonly beside: Beside } {
    const bus = new ReferenceBus(this.#rules);
    const devices = new Map<number, Placeholder[]>();
    let below = 0, above = 0;
    const first = this.#events.find((event) => group.has(event.step))?.range;
    for (const { kind, step, range } of this.#events) {
      if (skip.has(step)) continue;
      if (!group.has(step)) {
        const isBelow = first !== undefined &&
          (range.hi < first.hi || (range.hi === first.hi && range.lo < first.lo));
        const change = kind === "insert" ? 1 : -1;
        if (isBelow) below += change;
        else above += change;
        continue;
      }
      const own = devices.get(step) ?? [];
      devices.set(step, own);
      if (kind === "insert") {
        const device = new Placeholder(step);
        own.push(device);
        bus.insert(range.lo, range.hi, range.len, device);
      } else {
        const device = own.pop();
        if (device !== undefined) bus.remove(device);
      }
    }
    const entries = bus.entries().map(({ lo, hi, len, device }) => ({
      lo,
      hi,
      len,
      step: device instanceof Placeholder ? device.step : -1,
    }));
    return { entries, beside: { below, above } };
  }
}

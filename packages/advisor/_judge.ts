import { busFromFlags, hex } from "@ioeventfd/uapi";
import type { KernelRelease, Registration } from "@ioeventfd/uapi";
import { BusHistory } from "./_bus_history.ts";
import { busIndexOf, bytesText, describeStep, lengthsText } from "./_describe.ts";
import { followSearch } from "./_follow_search.ts";
import { hidersOf } from "./_hiders.ts";
import type { Finding } from "./lint_report.ts";
import { neverReason, stayReason, staysInGuest } from "./_never.ts";
import type { RegistrationSet } from "./registration_set.ts";
import type { SetModel } from "./_set_model.ts";
import { valueOf, writesOf } from "./_writes_of.ts";

/** A set carried out on a release, to be judged. */
export interface Case {
  readonly set: RegistrationSet;
  readonly release: KernelRelease;
  readonly model: SetModel;
  /** The host is VMX with EPT. */
  readonly ept: boolean;
}

interface Judged extends Case {
  readonly histories: readonly BusHistory[];
}

/** Judges each registration of a set that was refused or is in force at the end. */
export function judgeAll(given: Case): Finding[] {
  const { bus } = given.release;
  const histories = [0, 1, 2].map((i) => new BusHistory(bus, given.model.events.get(i)!));
  const one: Judged = { ...given, histories };
  const inForce = new Set(one.model.inForce());
  return one.set.flatMap((entry, index) => {
    if (entry.kind !== "assign") return [];
    const refused = one.model.refusals[index] ?? null;
    if (refused === null) return inForce.has(index) ? [judge(one, index, entry.registration)] : [];
    const other = one.model.collidedWith(refused);
    return [{
      index,
      registration: entry.registration,
      errno: refused.code,
      verdict: "never",
      writes: writesOf(entry.registration),
      hiddenBy: other === null ? [] : [other],
      why: `refused with ${refused.code}: ${one.model.refusalText(refused)}`,
    }];
  });
}

function judge(one: Judged, index: number, registration: Registration): Finding {
  const { release } = one;
  const all = writesOf(registration);
  const writes = all.filter((len) => !staysInGuest(registration, len, release));
  if (writes.length === 0 || writes.length === all.length) {
    return judgeWrites(one, index, registration, all);
  }
  const rest = judgeWrites(one, index, registration, writes);
  const why = rest.why === "" ? `only writes of 1 byte are lost: ${stayReason(release)}` : rest.why;
  return { ...rest, writes: all.filter((len) => len === 1 || rest.writes.includes(len)), why };
}

function judgeWrites(
  one: Judged,
  index: number,
  registration: Registration,
  writes: readonly number[],
): Finding {
  const { model, release, ept } = one;
  const found = { index, registration, errno: null };
  const onFastBus = ept && registration.len === 0 && busFromFlags(registration.flags) === "mmio" &&
    model.onFastBus(registration.addr);
  const never = neverReason(registration, release, onFastBus);
  if (never !== null) return { ...found, verdict: "never", writes, hiddenBy: [], why: never };
  const takers = writes.map((len) => takerOf(model, registration, len));
  const lost = writes.filter((_, i) => {
    const taker = takers[i]!;
    return taker.by === "nobody" ? !onFastBus : taker.by !== "step" || taker.step !== index;
  });
  if (lost.length === 0) return { ...found, verdict: "ok", writes: [], hiddenBy: [], why: "" };
  const [first] = takers.filter((_, i) => lost.includes(writes[i]!));
  if (first!.by === "lapic") {
    const why = "the local APIC answers for its page before any bus is asked";
    return { ...found, verdict: "never", writes: lost, hiddenBy: [], why };
  }
  const all = lost.length === writes.length;
  const part = all ? "" : `only writes of ${lengthsText(lost)} are lost: `;
  if (first!.by === "step") {
    const by = first!.step;
    const why = `${part}${describeStep(one.set[by]!, by)} takes the write first${hint(one, by)}`;
    return { ...found, verdict: all ? "never" : "ok", writes: lost, hiddenBy: [by], why };
  }
  const hiddenBy = hidersOf({
    history: one.histories[busIndexOf(registration)]!,
    rules: release.bus,
    step: index,
    writes,
    entries: model.entries(busIndexOf(registration)).map((entry) => ({
      ...{ lo: entry.lo, hi: entry.hi, len: entry.len },
      step: model.stepOf(entry),
    })),
    isDevice: (step) => one.set[step]!.kind !== "assign",
  });
  const why = part + story(one, index, registration, lost[0]!);
  return { ...found, verdict: all ? "dead" : "ok", writes: lost, hiddenBy, why };
}

function takerOf(
  model: SetModel,
  registration: Registration,
  len: number,
): ReturnType<SetModel["taker"]> {
  return model.taker(busIndexOf(registration), registration.addr, len, valueOf(registration));
}

function hint({ set }: Case, by: number): string {
  switch (set[by]!.kind) {
    case "ram":
      return ": it goes to memory, and no exit comes of it";
    case "zone":
      return ": register this before the zone, or take the zone away";
    default:
      return "";
  }
}

/** How the search of a lost write goes astray, in one sentence. */
function story(one: Case, index: number, registration: Registration, len: number): string {
  const { model, set } = one;
  const entries = model.entries(busIndexOf(registration));
  const target = entries.findIndex((entry) => model.stepOf(entry) === index);
  const { lo, hi } = entries[target]!;
  const end = followSearch(model.release.bus, entries, { lo, hi, len }, target);
  const write = `a write of ${bytesText(len)} to ${hex(registration.addr)}`;
  const name = (at: number): string => {
    const step = model.stepOf(entries[at]!);
    return describeStep(set[step]!, step);
  };
  if (end.kind === "turned") {
    const [way, side] = end.above ? ["above", "before"] : ["below", "after"];
    return `the binary search of ${write} takes it to lie ${way} ${name(end.at)} and turns away ` +
      `from this one, which stands ${side} it (place ${target} of ${entries.length}, ` +
      `that one at ${end.at})`;
  }
  if (end.kind === "reached") return `the search of ${write} passes it over`;
  return `the search of ${write} lands on ${name(end.landed)}, which contains it, and its scan ` +
    `stops at ${name(end.at)}, which does not, before it comes to this one`;
}

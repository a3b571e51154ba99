import {
  busFromFlags,
  hex,
  KVM_MMIO_BUS,
  KVM_PIO_BUS,
  KVM_VIRTIO_CCW_NOTIFY_BUS,
} from "@ioeventfd/uapi";
import type { KernelRelease, Registration } from "@ioeventfd/uapi";
import { bytesText, describeStep, lengthsText } from "./_describe.ts";
import type { Finding } from "./lint_report.ts";
import { lookupMiss } from "./_lookup_miss.ts";
import { neverReason } from "./_never.ts";
import type { RegistrationSet } from "./registration_set.ts";
import { SetModel } from "./_set_model.ts";
import { valueOf, writesOf } from "./_writes_of.ts";

const busIndices = { mmio: KVM_MMIO_BUS, pio: KVM_PIO_BUS, ccw: KVM_VIRTIO_CCW_NOTIFY_BUS };

/** Index of the bus that flags choose. */
export function busIndexOf({ flags }: Registration): number {
  return busIndices[busFromFlags(flags)];
}

/** What is being judged. */
export interface Case {
  readonly set: RegistrationSet;
  readonly release: KernelRelease;
  readonly model: SetModel;
  /** The host is VMX with EPT. */
  readonly ept: boolean;
}

/** Judges each registration of a set that was refused or is in force at the end. */
export function judgeAll(one: Case): Finding[] {
  const inForce = new Set(one.model.inForce());
  return one.set.flatMap((entry, index) => {
    if (entry.kind !== "assign") return [];
    const refused = one.model.refusals[index] ?? null;
    if (refused === null) return inForce.has(index) ? [judge(one, index, entry.registration)] : [];
    const { collidesWith, detail } = refused.reason;
    const with_ = collidesWith === undefined
      ? []
      : [one.model.stepOfSequence(collidesWith.sequence)];
    return [{
      index,
      registration: entry.registration,
      errno: refused.code,
      verdict: "never",
      writes: writesOf(entry.registration),
      hiddenBy: with_,
      why: `refused with ${refused.code}: ${detail}`,
    }];
  });
}

function judge(one: Case, index: number, registration: Registration): Finding {
  const { model, release, ept } = one;
  const writes = writesOf(registration);
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
  const hiddenBy = hiders(one, index, registration, lost);
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

/** A smallest set of steps without which all lost writes signal. */
function hiders(
  { set, release }: Case,
  index: number,
  registration: Registration,
  lost: readonly number[],
): number[] {
  const hidden = new Set<number>();
  for (;;) {
    using model = new SetModel(set, release, hidden);
    const len = lost.find((one) => !reaches(model, registration, one, index));
    if (len === undefined) break;
    const culprit = culpritOf(model, registration, len, index);
    if (culprit === null || hidden.has(culprit)) return [];
    hidden.add(culprit);
  }
  for (const step of [...hidden]) {
    hidden.delete(step);
    using model = new SetModel(set, release, hidden);
    if (lost.some((len) => !reaches(model, registration, len, index))) hidden.add(step);
  }
  return [...hidden].sort((a, b) => a - b);
}

function reaches(
  model: SetModel,
  registration: Registration,
  len: number,
  index: number,
): boolean {
  const taker = takerOf(model, registration, len);
  return taker.by === "step" && taker.step === index;
}

/** The step whose entry sends the search astray, or takes the write. */
function culpritOf(
  model: SetModel,
  registration: Registration,
  len: number,
  index: number,
): number | null {
  const taker = takerOf(model, registration, len);
  if (taker.by === "step") return taker.step;
  const miss = missOf(model, registration, len, index);
  if (miss === null) return null;
  const at = miss.kind === "turned" ? miss.at : miss.by;
  return model.stepOf(model.entries(busIndexOf(registration))[at]!);
}

function missOf(
  model: SetModel,
  registration: Registration,
  len: number,
  index: number,
): ReturnType<typeof lookupMiss> {
  const entries = model.entries(busIndexOf(registration));
  const target = entries.findIndex((entry) => model.stepOf(entry) === index);
  const lo = Number(registration.addr & 0xffff_ffffn), hi = Number(registration.addr >> 32n);
  return lookupMiss(model.release.bus, entries, { lo, hi, len }, target);
}

/** How the search of a lost write goes astray, in one sentence. */
function story(one: Case, index: number, registration: Registration, len: number): string {
  const { model, set } = one;
  const entries = model.entries(busIndexOf(registration));
  const target = entries.findIndex((entry) => model.stepOf(entry) === index);
  const miss = missOf(model, registration, len, index);
  const write = `a write of ${bytesText(len)} to ${hex(registration.addr)}`;
  if (miss === null) return `${write} passes it over`;
  const name = (at: number): string => {
    const step = model.stepOf(entries[at]!);
    return describeStep(set[step]!, step);
  };
  if (miss.kind === "turned") {
    const way = miss.above ? "above" : "below";
    const side = miss.above ? "before" : "after";
    return `the binary search of ${write} takes it to lie ${way} ${name(miss.at)} and turns away ` +
      `from this one, which stands ${side} it (place ${target} of ${entries.length}, ` +
      `that one at ${miss.at})`;
  }
  return `the search of ${write} lands on ${name(miss.landed)}, which contains it, and its scan ` +
    `stops at ${name(miss.by)}, which does not, before it comes to this one`;
}

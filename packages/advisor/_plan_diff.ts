import { collides } from "@ioeventfd/kvm-core";
import type { CollisionClause, CollisionShape } from "@ioeventfd/kvm-core";
import { busFromFlags, datamatchOf } from "@ioeventfd/uapi";
import type { KernelRelease, Registration } from "@ioeventfd/uapi";
import type { PlanKept } from "./plan_report.ts";
import type { AssignEntry } from "./registration_set.ts";
import { busAndAddress, placeOf, shapeText } from "./_place_of.ts";

/** A registration in force at the end of a set. */
export interface Placed {
  /** Step of its set. */
  readonly index: number;
  readonly entry: AssignEntry;
}

/** One ioctl still without its turn. */
export interface PlanOp {
  readonly op: "assign" | "deassign";
  /** Step of the old set for a deassign, of the new one for an assign. */
  readonly index: number;
  readonly entry: AssignEntry;
  /** Eventfd as people call it. */
  readonly eventfd: string;
  /** The other half of a move, as an index into the operations. */
  pair: number | null;
  /** Operations that must come before: deassigns of what an assign collides with. */
  readonly after: number[];
}

/** What two sets have in common, and what not. */
export interface PlanDiff {
  readonly kept: readonly PlanKept[];
  readonly ops: readonly PlanOp[];
}

/**
 * Compares what two sets leave in force. A registration is the same when bus, address, length and datamatch are, and its
 * eventfd, as far as the sets name it.
 */
export function planDiff(
  old: readonly Placed[],
  next: readonly Placed[],
  releases: readonly KernelRelease[],
): PlanDiff {
  const same = eventfdJudge(old, next);
  const byPlace = new Map(old.map((one) => [placeOf(one.entry.registration), one]));
  const kept: PlanKept[] = [];
  const keptOld = new Set<Placed>();
  const added = next.filter((one) => {
    const before = byPlace.get(placeOf(one.entry.registration));
    if (before === undefined || !same.atOnePlace(before, one)) return true;
    kept.push({ old: before.index, new: one.index });
    keptOld.add(before);
    return false;
  });
  const removed = old.filter((one) => !keptOld.has(one));
  const ops: PlanOp[] = [
    ...removed.map((one): PlanOp => ({
      op: "deassign",
      ...one,
      eventfd: eventfdName(one, "old"),
      pair: null,
      after: [],
    })),
    ...added.map((one): PlanOp => ({
      op: "assign",
      ...one,
      eventfd: eventfdName(one, "new"),
      pair: null,
      after: [],
    })),
  ];
  pairUp(ops, removed, added, same);
  const keyOf = keysOf(old, ops);
  const renamed = ops.map((op, i) => ({ ...op, entry: { ...op.entry, eventfd: keyOf(op, i) } }));
  block(renamed, releases);
  return { kept, ops: renamed };
}

/** What an eventfd is known by: `fd` or `eventfd` where given. */
function explicitEventfd({ index, entry }: Placed): string | null {
  return entry.eventfd === `#${index}` ? null : entry.eventfd;
}

function eventfdName(one: Placed, side: "old" | "new"): string {
  return explicitEventfd(one) ?? one.entry.registration.name ?? `${side}_${one.index}`;
}

interface EventfdJudge {
  /** Whether two registrations of one place have one eventfd: they do unless the sets say otherwise. */
  atOnePlace(old: Placed, next: Placed): boolean;
  /** Whether the sets say that two registrations have one eventfd. */
  known(old: Placed, next: Placed): boolean;
}

/** Where no fd is given, a name that both sets use stands for an eventfd; other names are mere labels. */
function eventfdJudge(old: readonly Placed[], next: readonly Placed[]): EventfdJudge {
  const names = (set: readonly Placed[]): Set<string> =>
    new Set(set.flatMap(({ entry }) => entry.registration.name ?? []));
  const before = names(old), after = names(next);
  const common = (name: string | undefined): boolean =>
    name !== undefined && before.has(name) && after.has(name);
  const judge = (a: Placed, b: Placed): boolean | null => {
    const fds = [explicitEventfd(a), explicitEventfd(b)];
    if (fds[0] !== null && fds[1] !== null) return fds[0] === fds[1];
    const [one, other] = [a.entry.registration.name, b.entry.registration.name];
    if (one !== undefined && one === other) return true;
    return common(one) || common(other) ? false : null;
  };
  return { atOnePlace: (a, b) => judge(a, b) ?? true, known: (a, b) => judge(a, b) ?? false };
}

/** Joins the halves of moves: one eventfd, and the likest registrations first. */
function pairUp(
  ops: readonly PlanOp[],
  removed: readonly Placed[],
  added: readonly Placed[],
  same: EventfdJudge,
): void {
  const likeness: ((a: Registration, b: Registration) => boolean)[] = [
    (a, b) => shapeText(a) === shapeText(b),
    (a, b) => a.len === b.len && busFromFlags(a.flags) === busFromFlags(b.flags),
    () => true,
  ];
  for (const alike of likeness) {
    removed.forEach((before, i) => {
      if (ops[i]!.pair !== null) return;
      const j = added.findIndex((after, j) =>
        ops[removed.length + j]!.pair === null && same.known(before, after) &&
        alike(before.entry.registration, after.entry.registration)
      );
      if (j < 0) return;
      ops[i]!.pair = removed.length + j;
      ops[removed.length + j]!.pair = i;
    });
  }
}

/** Keys under which the model keeps eventfds: an assign shares one with what the old set has of its name. */
function keysOf(
  old: readonly Placed[],
  ops: readonly PlanOp[],
): (op: PlanOp, index: number) => string {
  const known = new Map(old.map((one) => [eventfdName(one, "old"), one.entry.eventfd]));
  return (op, index) => {
    if (op.op === "deassign") return op.entry.eventfd;
    if (op.pair !== null) return ops[op.pair]!.entry.eventfd;
    return known.get(op.eventfd) ??
      (op.entry.eventfd.startsWith("#") ? `new #${index}` : op.eventfd);
  };
}

function block(ops: readonly PlanOp[], releases: readonly KernelRelease[]): void {
  const byPlace = Map.groupBy(
    ops.map((_, i) => i).filter((i) => ops[i]!.op === "deassign"),
    (i) => busAndAddress(ops[i]!.entry.registration),
  );
  for (const op of ops) {
    if (op.op !== "assign") continue;
    const { registration } = op.entry;
    for (const i of byPlace.get(busAndAddress(registration)) ?? []) {
      if (clauseOf(releases, ops[i]!.entry.registration, registration) !== null) op.after.push(i);
    }
  }
}

/** The clause by which two registrations exclude each other on any of some releases, or null. */
export function clauseOf(
  releases: readonly KernelRelease[],
  existing: Registration,
  added: Registration,
): CollisionClause | null {
  for (const { ioeventfd } of releases) {
    const clause = collides(ioeventfd, shapeOf(existing), shapeOf(added));
    if (clause !== null) return clause;
  }
  return null;
}

function shapeOf(registration: Registration): CollisionShape {
  const { addr, len, flags } = registration;
  return { bus: busFromFlags(flags), addr, len, datamatch: datamatchOf(registration) };
}

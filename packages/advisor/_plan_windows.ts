import type { KernelRelease } from "@ioeventfd/uapi";
import { describeRegistration, describeStep } from "./_describe.ts";
import { clauseOf } from "./_plan_diff.ts";
import type { PlanOp } from "./_plan_diff.ts";
import type { FoundPlan } from "./_plan_order.ts";
import type { Lapse } from "./_plan_run.ts";
import type { PlanWindow, PlanWindowKind } from "./plan_report.ts";
import type { RegistrationSet } from "./registration_set.ts";

const clauses = {
  "existing-zero-length": "the one there has length 0",
  "new-zero-length": "the new one has length 0",
  wildcard: "one of them compares no data",
  datamatch: "both compare the same value",
};

/** Names steps of the old set, and behind those the plan's. */
export function labeller(
  old: RegistrationSet,
  ops: readonly PlanOp[],
): (step: number, order: readonly number[]) => string {
  return (step, order) => {
    const entry = old[step];
    if (entry !== undefined) return `old ${describeStep(entry, step)}`;
    return labelOf(ops[order[step - old.length]!]!);
  };
}

/** `old #3 "rx" (len 4 at 0x1000)`. */
export function labelOf({ op, entry, index }: PlanOp): string {
  return `${op === "deassign" ? "old" : "new"} ${describeStep(entry, index)}`;
}

/** A window before it is known which releases and writes share it. */
interface Draft extends Omit<PlanWindow, "kernels" | "writes"> {
  readonly kernel: string;
  readonly write: number | null;
}

/** Windows of all releases, those of one cause together. */
export function windowsOf(
  { ops, found, releases }: {
    readonly ops: readonly PlanOp[];
    readonly found: FoundPlan;
    readonly releases: readonly KernelRelease[];
  },
): PlanWindow[] {
  const drafts = [
    ...found.runs.flatMap((run) =>
      run.lapses.map((lapse): Draft => ({
        ...ofLapse(lapse, ops, found, releases),
        kernel: run.release.name,
        write: lapse.need.len,
      }))
    ),
    ...placeWindows(ops, found, releases),
  ];
  const key = ({ opens, closes, old, new: next, kind, writes: _, ...rest }: Draft & {
    writes?: unknown;
  }): string =>
    JSON.stringify([opens, closes, old, next, kind, describeRegistration(rest.registration)]);
  return [...Map.groupBy(drafts, key).values()].map((same): PlanWindow => {
    const { kernel: _, write: __, ...window } = same[0]!;
    return {
      ...window,
      kernels: [...new Set(same.map((one) => one.kernel))],
      writes: [...new Set(same.flatMap(({ write }) => (write === null ? [] : [write])))]
        .sort((a, b) => a - b),
    };
  }).sort((a, b) => a.opens - b.opens);
}

function ofLapse(
  { need, opens, closes, story }: Lapse,
  ops: readonly PlanOp[],
  { optimal }: FoundPlan,
  releases: readonly KernelRelease[],
): Omit<PlanWindow, "kernels" | "writes"> {
  const old = need.old!;
  const goes = ops.findIndex(({ op, index }) => op === "deassign" && index === old.index);
  const comes = ops.findIndex(({ op, index }) => op === "assign" && index === need.next.index);
  const forced = goes >= 0 && comes >= 0 && ops[comes]!.after.includes(goes);
  const { registration } = old.entry;
  const common = {
    opens,
    closes,
    registration,
    eventfd: goes >= 0 ? ops[goes]!.eventfd : old.entry.registration.name ?? `old_${old.index}`,
    old: old.index,
    new: need.next.index,
  };
  if (story !== null || !forced) {
    const why = story ?? "nothing that is in force takes it";
    return { ...common, kind: "search", why, unavoidable: optimal };
  }
  const { kind, why } = forcedBy(ops, goes, comes, releases);
  return { ...common, kind, why, unavoidable: true };
}

function forcedBy(
  ops: readonly PlanOp[],
  goes: number,
  comes: number,
  releases: readonly KernelRelease[],
): { readonly kind: PlanWindowKind; readonly why: string } {
  const [gone, replacement] = [ops[goes]!, ops[comes]!];
  const clause = clauseOf(releases, gone.entry.registration, replacement.entry.registration);
  const others = replacement.after.filter((one) => one !== goes);
  const exclude = `${labelOf(gone)} and what replaces it, ${labelOf(replacement)}, exclude each ` +
    `other (EEXIST: ${clauses[clause!]}), so it must go first`;
  if (others.length === 0) return { kind: "collision", why: exclude };
  const names = others.slice(0, 3).map((one) => labelOf(ops[one]!)).join(", ");
  const more = others.length > 3 ? ` and ${others.length - 3} more` : "";
  return { kind: "chain", why: `${exclude}; the replacement waits for ${names}${more} too` };
}

/** Times in which a moved eventfd has no doorbell, where no window of its writes says so. */
function placeWindows(
  ops: readonly PlanOp[],
  { order, runs, waitedForRoom }: FoundPlan,
  releases: readonly KernelRelease[],
): Draft[] {
  const at = new Map(order.map((op, i) => [op, i + 1]));
  const lost = new Set(runs.flatMap(({ lapses }) => lapses.map(({ need }) => need.old!.index)));
  return ops.flatMap((op, goes): Draft[] => {
    const { pair, index, entry, eventfd } = op;
    if (op.op !== "deassign" || pair === null || lost.has(index)) return [];
    const [opens, closes] = [at.get(goes)!, at.get(pair)!];
    if (closes < opens) return [];
    const moved = ops[pair]!;
    const room = waitedForRoom.has(pair);
    const cause: { readonly kind: PlanWindowKind; readonly why: string } = room
      ? {
        kind: "room",
        why: `the kernel has no room for ${labelOf(moved)} before something goes (ENOSPC)`,
      }
      : moved.after.includes(goes)
      ? forcedBy(ops, goes, pair, releases)
      : { kind: "chain", why: waits(ops, moved) };
    return releases.map((release) => ({
      ...cause,
      kernel: release.name,
      opens,
      closes,
      registration: entry.registration,
      eventfd,
      old: index,
      new: moved.index,
      write: null,
      unavoidable: moved.after.includes(goes),
    }));
  });
}

function waits(ops: readonly PlanOp[], moved: PlanOp): string {
  const names = moved.after.slice(0, 3).map((one) => labelOf(ops[one]!)).join(", ");
  return moved.after.length === 0
    ? `${labelOf(moved)} comes late, so that no write is lost elsewhere`
    : `${labelOf(moved)} waits for ${names}, which go late so that no write is lost elsewhere`;
}

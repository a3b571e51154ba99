import type { KvmError } from "@ioeventfd/uapi";
import { lengthsText } from "./_describe.ts";
import { labelOf } from "./_plan_windows.ts";
import type { PlanOp } from "./_plan_diff.ts";
import type { FoundPlan } from "./_plan_order.ts";
import type { PlanKept, PlanProblem } from "./plan_report.ts";
import type { RegistrationSet } from "./registration_set.ts";
import { describeStep } from "./_describe.ts";
import type { SetModel } from "./_set_model.ts";

/** Steps of a set that a kernel refuses. */
export function refusedOf(
  where: "old" | "new",
  set: RegistrationSet,
  models: readonly SetModel[],
  offset: number,
): PlanProblem[] {
  return set.flatMap((entry, step) => {
    const refused = models.flatMap((model) => {
      const error = model.refusals[step] ?? null;
      if (error === null) return [];
      const text = model.refusalText(error, (other) => `${where} #${other - offset}`);
      return [{ kernel: model.release.name, error, text }];
    });
    return grouped(refused, ({ error }) => `${error.code} ${error.reason.check}`).map((same) => ({
      kernels: same.map((one) => one.kernel),
      where,
      index: step - offset,
      errno: same[0]!.error.code,
      why: `${where} ${describeStep(entry, step - offset)} is refused: ${same[0]!.error.code}: ${
        same[0]!.text
      }`,
    }));
  });
}

/** Steps of the plan that a kernel refuses, and registrations that its end leaves dead. */
export function problemsOf(
  { runs, order }: FoundPlan,
  ops: readonly PlanOp[],
  kept: readonly PlanKept[],
): PlanProblem[] {
  const refused = runs.flatMap((run) =>
    run.refusals.map(({ step, error }) => ({ kernel: run.release.name, step, error }))
  );
  const dead = runs.flatMap((run) => run.dead.map((one) => ({ kernel: run.release.name, ...one })));
  const stays = new Set(kept.map((one) => one.new));
  return [
    ...grouped(refused, ({ step, error }) => `${step} ${error.code}`).map((same): PlanProblem => {
      const { step, error } = same[0]!;
      return {
        kernels: same.map((one) => one.kernel),
        where: "plan",
        index: step,
        errno: error.code,
        why: `step ${step}, ${labelOf(ops[order[step - 1]!]!)}, is refused: ${detail(error)}`,
      };
    }),
    ...grouped(dead, ({ placed, writes }) => `${placed.index} ${writes}`).map(
      (same): PlanProblem => {
        const { placed, writes, story } = same[0]!;
        const state = stays.has(placed.index) ? "which stays, " : "";
        return {
          kernels: same.map((one) => one.kernel),
          where: "dead",
          index: placed.index,
          errno: null,
          why: `new ${describeStep(placed.entry, placed.index)}, ${state}loses writes of ` +
            `${lengthsText(writes)} in the end: ${story}`,
        };
      },
    ),
  ];
}

function detail({ code, reason }: KvmError): string {
  return `${code}: ${reason.detail}`;
}

function grouped<T>(list: readonly T[], key: (one: T) => string): T[][] {
  return [...Map.groupBy(list, key).values()];
}

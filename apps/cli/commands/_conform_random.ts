/**
 * `conform` with random cases.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import { runVector } from "@ioeventfd/conform";
import type { TallyRow, Vector, VectorResult } from "@ioeventfd/conform";
import { conformCases, type Finding, randomVectors } from "@ioeventfd/conform/random";
import type { Context } from "../command.ts";
import { Progress } from "../progress.ts";
import type { ConformOutcome, Failure, TestPoint } from "./_conform_outcome.ts";
import type { ConformSides, LaneName, ModelPaging } from "./_conform_sides.ts";

/** What is played. */
export interface RandomPlan {
  /** Lanes, and how much of each. */
  readonly weights: ReadonlyMap<LaneName, number>;
  /** Cases altogether; Infinity until the time is over. */
  readonly cases: number;
  /** Where chance begins. */
  readonly seed: number;
  /** Differences after which it ends. */
  readonly differences: number;
  /** Milliseconds to make one smaller. */
  readonly shrinkMs: number;
  /** When to end, in milliseconds of `performance.now()`. */
  readonly until: number;
  /** Takes what the judge did, instead of looking for the smallest case of a difference. */
  readonly record?: (vector: Vector) => void;
}

/** A few cases of one lane. */
interface Step {
  readonly played: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
}

/** One lane, as far as it was played. */
interface Lane {
  readonly name: LaneName;
  readonly weight: number;
  readonly steps: Iterator<Step, void>;
  played: number;
  failed: number;
  readonly failures: Failure[];
}

/**
 * Plays random cases of several kinds by turns.
 *
 * @param context For progress and Ctrl-C
 * @param sides Who plays
 * @param plan What is played
 */
export async function playRandom(
  context: Context,
  sides: ConformSides,
  plan: RandomPlan,
): Promise<ConformOutcome> {
  const start = performance.now();
  const signal = context.interrupts();
  const progress = new Progress(
    context,
    "cases",
    Number.isFinite(plan.cases) ? plan.cases : undefined,
  );
  const lanes = openLanes(sides, plan);
  let findings = 0;
  let stopped: ConformOutcome["stopped"] = null;
  try {
    for (const open = new Set(lanes); open.size > 0;) {
      const lane = [...open].reduce((a, b) => b.played / b.weight < a.played / a.weight ? b : a);
      const next = lane.steps.next();
      if (next.done) {
        open.delete(lane);
        continue;
      }
      lane.played += next.value.played;
      lane.failed += next.value.failed;
      lane.failures.push(...next.value.failures);
      findings += next.value.failures.length;
      await progress.update(lanes.reduce((sum, { played }) => sum + played, 0));
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (signal.aborted) stopped = "interrupted";
      else if (findings >= plan.differences && !plan.record) stopped = "too many differences";
      if (stopped !== null || performance.now() > plan.until) break;
    }
  } finally {
    for (const { steps } of lanes) steps.return?.();
    await progress.finish();
  }
  const { seed, weights } = plan;
  return {
    about: [...sides.about([...weights.keys()]), `Seed ${seed}.`],
    backends: sides.live ? ["sim", "kvm"] : ["sim"],
    kernel: sides.release,
    seed,
    rows: lanes.map(row),
    failures: lanes.flatMap(({ failures }) => failures),
    points: lanes.flatMap(points),
    stopped,
    seconds: (performance.now() - start) / 1000,
  };
}

function openLanes(sides: ConformSides, plan: RandomPlan): Lane[] {
  const { weights, cases, seed, shrinkMs, record } = plan;
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  let left = cases;
  return [...weights].map(([name, weight], i) => {
    const isLast = i === weights.size - 1;
    const share = isLast || cases === Infinity ? left : Math.round((cases * weight) / total);
    left -= cases === Infinity ? 0 : share;
    const now = (): number => performance.now();
    const { paging, ...who } = sides.of(name);
    const options = { ...who, cases: share, seed, shrinkMs, now };
    const steps = record === undefined
      ? compared(name, paging, conformCases(options))
      : recorded(randomVectors({ ...options, side: options.judge }), options.model, record);
    return { name, weight, steps, played: 0, failed: 0, failures: [] };
  });
}

function* compared(
  lane: LaneName,
  paging: ModelPaging,
  cases: ReturnType<typeof conformCases>,
): Generator<Step, void> {
  for (const { played, failed, finding } of cases) {
    const failures = finding === null ? [] : [{ ...failureOf(lane, finding), paging }];
    yield { played, failed, failures };
  }
}

function* recorded(
  chunks: ReturnType<typeof randomVectors>,
  { backend }: { readonly backend: Parameters<typeof runVector>[0] },
  record: (vector: Vector) => void,
): Generator<Step, void> {
  for (const vectors of chunks) {
    const failures: Failure[] = [];
    for (const vector of vectors) {
      record(vector);
      const result = runVector(backend, vector);
      if (result.outcome === "failed") failures.push({ result, vector });
    }
    yield { played: vectors.length, failed: failures.length, failures };
  }
}

function failureOf(lane: LaneName, { vector, differences }: Finding): Failure {
  const result: VectorResult = {
    id: vector.id,
    kind: vector.kind,
    tag: lane,
    outcome: "failed",
    reason: null,
    differences,
  };
  return { result, vector };
}

function row({ name, played, failed }: Lane): TallyRow {
  return { group: name, passed: played - failed, failed, skipped: 0, reasons: [] };
}

/** A test for the lane as a whole, or one for each smallest case. */
function points({ name: group, played, failed, failures }: Lane): TestPoint[] {
  if (failed === 0) {
    return [{ group, name: `${grouped(played)} random cases`, outcome: "passed" }];
  }
  return failures.map((failure) => {
    const name = failure.result.id;
    return { group, name, outcome: "failed", failure };
  });
}

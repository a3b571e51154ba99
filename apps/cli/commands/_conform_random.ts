/**
 * `conform` with random cases.
 *
 * @module
 */
import { runVector } from "@ioeventfd/conform";
import type { TallyRow, Vector, VectorResult } from "@ioeventfd/conform";
import {
  type CaseKind,
  conformCases,
  type Finding,
  randomVectors,
} from "@ioeventfd/conform/random";
import type { Context } from "../command.ts";
import { grouped } from "../numbers.ts";
import { Progress } from "../progress.ts";
import type { ConformOutcome, Failure, TestPoint } from "./_conform_outcome.ts";
import type { ConformSides } from "./_conform_sides.ts";

/** What is played. */
export interface RandomPlan {
  /** Kinds, and how much of each. */
  readonly weights: ReadonlyMap<CaseKind, number>;
  /** Cases altogether; Infinity until the time is over. */
  readonly cases: number;
  /** Where chance begins. */
  readonly seed: number;
  /** When to end, in milliseconds of `performance.now()`. */
  readonly until: number;
  /** Takes what the judge did, instead of looking for the smallest case of a difference. */
  readonly record?: (vector: Vector) => void;
}

/** Differences after which it ends. */
const mostFindings = 5;

/** A few cases of one kind. */
interface Step {
  readonly played: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
}

/** One kind, as far as it was played. */
interface Lane {
  readonly kind: CaseKind;
  readonly weight: number;
  readonly steps: Iterator<Step, void>;
  played: number;
  failed: number;
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
  const failures: Failure[] = [];
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
      failures.push(...next.value.failures);
      await progress.update(lanes.reduce((sum, { played }) => sum + played, 0));
      await new Promise((resolve) => setTimeout(resolve, 0));
      if (signal.aborted) stopped = "interrupted";
      else if (failures.length >= mostFindings && !plan.record) stopped = "too many differences";
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
    failures,
    points: lanes.flatMap((lane) => points(lane, failures)),
    stopped,
    seconds: (performance.now() - start) / 1000,
    paging: sides.paging,
  };
}

function openLanes(sides: ConformSides, { weights, cases, seed, record }: RandomPlan): Lane[] {
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  let left = cases;
  return [...weights].map(([kind, weight], i) => {
    const isLast = i === weights.size - 1;
    const share = isLast || cases === Infinity ? left : Math.round((cases * weight) / total);
    left -= cases === Infinity ? 0 : share;
    const options = { ...sides.of(kind), kind, cases: share, seed, now: () => performance.now() };
    const steps = record === undefined
      ? compared(kind, conformCases(options))
      : recorded(randomVectors({ ...options, side: options.judge }), options.model, record);
    return { kind, weight, steps, played: 0, failed: 0 };
  });
}

function* compared(
  kind: CaseKind,
  cases: ReturnType<typeof conformCases>,
): Generator<Step, void> {
  for (const { played, failed, finding } of cases) {
    yield { played, failed, failures: finding === null ? [] : [failureOf(kind, finding)] };
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

function failureOf(kind: CaseKind, { vector, differences }: Finding): Failure {
  const result: VectorResult = {
    id: vector.id,
    kind: vector.kind,
    tag: kind,
    outcome: "failed",
    reason: null,
    differences,
  };
  return { result, vector };
}

function row({ kind, played, failed }: Lane): TallyRow {
  return { group: kind, passed: played - failed, failed, skipped: 0, reasons: [] };
}

/** A test for the kind as a whole, and one for each smallest case. */
function points({ kind, played, failed }: Lane, failures: readonly Failure[]): TestPoint[] {
  const name = `${grouped(played)} random cases`;
  const own = failures.filter(({ result }) => result.id.startsWith(`random/${kind}/`));
  if (failed === 0) return [{ group: kind, name, outcome: "passed" }];
  return own.map((failure) => ({
    group: kind,
    name: failure.result.id,
    outcome: "failed",
    failure,
  }));
}

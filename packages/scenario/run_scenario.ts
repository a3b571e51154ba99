/**
 * Playing a scenario on a backend, to a result that says what held and what did not.
 *
 * @module
 */
import { KvmError, latestRelease } from "@ioeventfd/uapi";
import type { KvmBackend } from "@ioeventfd/uapi";
import { callSite } from "./_call_site.ts";
import { ExpectationError } from "./expectation_error.ts";
import { type ReportTable, tablesOf } from "./report_table.ts";
import type { Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";
import type { StageOptions } from "./stage.ts";

/** What a play came to. */
export interface ScenarioResult {
  /** The scenario's name. */
  readonly name: string;
  /**
   * `passed`; `failed`: an expectation did not hold, or KVM refused what the scenario took for granted; `broken`: the
   * scenario itself threw something else; `skipped`: it cannot play here.
   */
  readonly outcome: "passed" | "failed" | "broken" | "skipped";
  /** Why it did not pass. */
  readonly reason: string | null;
  /** Where in the scenario it failed: `file:///…/dead-doorbell.ts:21:9`, where the runtime says so. */
  readonly where: string | null;
  /** The last things that happened before it failed, oldest first. */
  readonly around: readonly string[];
  /** Expectations that held. */
  readonly held: number;
  /** Expectations about work that this backend does not count, and so were not judged. */
  readonly notCounted: number;
  /** What the scenario wants said. */
  readonly notes: readonly string[];
  /** Tables that the scenario reports. */
  readonly tables: readonly ReportTable[];
}

/**
 * Why a scenario cannot play on a backend.
 *
 * @param scenario What to play
 * @param backend `sim` or `kvm`
 * @param release Name of the kernel release
 * @returns The reason, or undefined when it can
 */
export function skipReason(
  scenario: Scenario,
  backend: "sim" | "kvm",
  release: string,
): string | undefined {
  const skip = scenario.skip?.find((entry) => entry.backend === backend);
  if (skip !== undefined) return skip.reason;
  const { kernels } = scenario;
  if (kernels === undefined || kernels.includes(release)) return undefined;
  const host = backend === "kvm" ? `, and the host's kernel is played as ${release}` : "";
  return `it holds on ${kernels.join(", ")}${host}`;
}

/**
 * Plays a scenario.
 *
 * @param scenario What to play
 * @param backend Model or live kernel
 * @param options Release, seed and limits
 * @returns What it came to; a failed expectation and a refused call are results, not exceptions
 */
export async function runScenario(
  scenario: Scenario,
  backend: KvmBackend,
  options: StageOptions = {},
): Promise<ScenarioResult> {
  const release = options.release ?? latestRelease;
  const skip = skipReason(scenario, backend.name, release.name);
  const base = {
    name: scenario.name,
    reason: null,
    where: null,
    around: [],
    held: 0,
    notCounted: 0,
    notes: [],
    tables: [],
  };
  if (skip !== undefined) return { ...base, outcome: "skipped", reason: skip };
  using stage = new Stage(backend, { ...scenario.limits, ...options });
  const { log } = stage;
  let failure: Pick<ScenarioResult, "outcome" | "reason" | "where" | "around"> | undefined;
  try {
    await scenario.play(stage);
  } catch (error) {
    const known = error instanceof ExpectationError || error instanceof KvmError;
    failure = {
      outcome: known ? "failed" : "broken",
      reason: reasonOf(error),
      where: callSite(error) ?? null,
      around: error instanceof ExpectationError ? error.around : log.recent(),
    };
  }
  const { held, notCounted, notes } = log;
  const report = { held, notCounted, notes, tables: tablesOf(log.rows) };
  return { ...base, ...report, ...(failure ?? { outcome: "passed" }) };
}

function reasonOf(error: unknown): string {
  if (error instanceof ExpectationError) return error.message;
  if (error instanceof KvmError) return `KVM refused: ${error.message}`;
  return `the scenario threw ${error instanceof Error ? `${error.name}: ${error.message}` : error}`;
}

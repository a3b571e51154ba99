/**
 * Playing a scenario on a backend, to a result that says what held and what did not.
 *
 * @module
 */
import { KvmError } from "@ioeventfd/uapi";
import type { KvmBackend } from "@ioeventfd/uapi";
import { ExpectationError } from "./expectation_error.ts";
import type { Scenario } from "./scenario.ts";
import { Stage } from "./stage.ts";
import type { StageOptions } from "./stage.ts";

/** What a play came to. */
export interface ScenarioResult {
  /** The scenario's name. */
  readonly name: string;
  /** Held, did not hold, or cannot play here. */
  readonly outcome: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly reason?: string;
  /** The last things that happened before it failed. */
  readonly around: readonly string[];
  /** Expectations that held. */
  readonly held: number;
  /** What the scenario wants said. */
  readonly notes: readonly string[];
}

/**
 * Plays a scenario.
 *
 * @param scenario What to play
 * @param backend Model or live kernel
 * @param options Release and limits
 * @returns What it came to; a failed expectation and a refused call are results, not exceptions
 */
export async function runScenario(
  scenario: Scenario,
  backend: KvmBackend,
  options: StageOptions = {},
): Promise<ScenarioResult> {
  const skip = scenario.skip?.find((entry) => entry.backend === backend.name);
  const base = { name: scenario.name, around: [], held: 0, notes: [] };
  if (skip !== undefined) return { ...base, outcome: "skipped", reason: skip.reason };
  using stage = new Stage(backend, options);
  try {
    await scenario.play(stage);
  } catch (error) {
    const { held, notes } = stage.log;
    if (error instanceof ExpectationError) {
      const { message, around } = error;
      return { ...base, outcome: "failed", reason: message, around, held, notes };
    }
    const message = error instanceof Error ? error.message : String(error);
    const reason = error instanceof KvmError ? message : `the scenario threw: ${message}`;
    return { ...base, outcome: "failed", reason, around: stage.log.recent(), held, notes };
  }
  const { held, notes } = stage.log;
  return { ...base, outcome: "passed", held, notes };
}

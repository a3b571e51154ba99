/**
 * What a scenario is: a name, what it is about, and a script that plays on a stage.
 *
 * @module
 */
import { kernelReleases } from "@ioeventfd/uapi";
import type { Stage } from "./stage.ts";
import type { RunLimits } from "./stage_parts.ts";

/** How the model translates guest physical addresses: extended page tables, or shadow paging. */
export type Paging = "ept" | "shadow";

/**
 * One story about doorbells. It says nothing about where it runs: the stage it is given stands on the model or on the
 * host's `/dev/kvm`.
 */
export interface Scenario {
  /** Name in kebab case, as the file's. */
  readonly name: string;
  /** What it shows, in one sentence. */
  readonly about: string;
  /**
   * Releases it holds on, the first one played unless told otherwise; on every release, and the newest played, where
   * absent. A live kernel counts as the newest.
   */
  readonly kernels?: readonly string[];
  /** `ept` where absent. */
  readonly paging?: Paging;
  /** Limits of each run, where they are not to be the usual ones. */
  readonly limits?: Partial<RunLimits>;
  /** Where it cannot play, and why. */
  readonly skip?: readonly { readonly backend: "sim" | "kvm"; readonly reason: string }[];
  /** The script. It may be asynchronous: the stage stays until it is done. */
  play(stage: Stage): void | Promise<void>;
}

/**
 * The scenario that a module exports.
 *
 * @param module A module's exports
 * @returns Its `scenario`
 * @throws {TypeError} saying what is missing or wrong
 */
export function scenarioOf(module: unknown): Scenario {
  const found = isRecord(module) ? module.scenario : undefined;
  if (found === undefined) throw new TypeError("It exports no `scenario`");
  if (!isRecord(found)) throw new TypeError("Its `scenario` is not an object");
  for (const field of ["name", "about"]) {
    if (typeof found[field] !== "string" || found[field] === "") {
      throw new TypeError(`Its scenario has no ${field}`);
    }
  }
  if (typeof found.play !== "function") throw new TypeError("Its scenario has no play(stage)");
  const { paging, kernels = [] } = found;
  if (paging !== undefined && paging !== "ept" && paging !== "shadow") {
    throw new TypeError(`Its scenario has paging ${JSON.stringify(paging)}: ept or shadow`);
  }
  const names = kernelReleases.map((release) => release.name);
  if (!Array.isArray(kernels) || kernels.some((name) => !names.includes(name))) {
    throw new TypeError(`Its scenario has kernels that are not among ${names.join(", ")}`);
  }
  return found as unknown as Scenario;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

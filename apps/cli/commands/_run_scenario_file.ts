/**
 * Loading scenario modules.
 *
 * @module
 */
import { type Scenario, scenarioOf } from "@ioeventfd/scenario";
import { InputError, UsageError } from "../cli_error.ts";
import type { Host } from "../host.ts";
import { guarded } from "./_run_guard.ts";

/** A scenario with the file it came from. */
export interface ScenarioFile {
  /** Path as given. */
  readonly path: string;
  /** Address of the module. */
  readonly url: string;
  /** What it exports. */
  readonly scenario: Scenario;
}

/**
 * Imports a scenario module, which runs it.
 *
 * @param host To see whether the file is there
 * @param path File of the module
 * @returns Its scenario
 * @throws {InputError} when it is missing, does not load, or exports no scenario
 */
export async function loadScenario(host: Host, path: string): Promise<ScenarioFile> {
  if (path === "-") throw new UsageError("run: a scenario is a module, and stdin is none");
  await (await host.open(path)).cancel();
  const url = fileUrl(path);
  let module: unknown;
  try {
    module = await guarded(() => import(url), "it");
  } catch (error) {
    throw new InputError(`${path}: does not load: ${firstLine(error)}`);
  }
  try {
    return { path, url, scenario: scenarioOf(module) };
  } catch (error) {
    throw new InputError(`${path}: not a scenario: ${firstLine(error)}`);
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0]!.trim();
}

function fileUrl(path: string): string {
  const url = new URL("file:///");
  const absolute = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  url.pathname = absolute.replaceAll("%", "%25");
  return url.href;
}

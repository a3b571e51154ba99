/**
 * Playing loaded scenarios, for the command and for scenarios that run on their own.
 *
 * @module
 */
import { KernelTrace, runScenario } from "@ioeventfd/scenario";
import type { Scenario, ScenarioResult } from "@ioeventfd/scenario";
import { type KernelRelease, latestRelease, release } from "@ioeventfd/uapi";
import { exitCode, UsageError } from "../cli_error.ts";
import type { Host } from "../host.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { kernelOption } from "../kernel_option.ts";
import { parseCount } from "../numbers.ts";
import type { OptionSpec } from "../command.ts";
import { fitText } from "../fit_text.ts";
import type { OptionValues } from "../option_values.ts";
import type { Style } from "../style.ts";
import { type BackendName, liveBackend, modelBackend } from "./_run_backend.ts";
import { type Played, reportJson, reportText } from "./_run_report.ts";
import { guarded } from "./_run_guard.ts";
import type { ScenarioFile } from "./_run_scenario_file.ts";

/** Options of a play. */
export const playOptions: readonly OptionSpec[] = [
  {
    name: "backend",
    value: "BACKEND",
    choices: ["sim", "kvm"],
    summary: "The model, or the host's /dev/kvm; sim unless given",
  },
  { ...kernelOption, summary: "Kernel release of the model; the scenario's own unless given" },
  { name: "seed", value: "N", summary: "Where chance begins, 1 unless given" },
  { name: "trace", value: "FILE", file: true, summary: "Write the model's trace as kernel text" },
  jsonOption,
];

/** What a play is given besides its scenarios. */
export interface PlayContext extends Pick<Host, "stdout" | "writeFile"> {
  /** Options given. */
  readonly options: OptionValues;
  /** Colours of stdout. */
  readonly style: Style;
}

/**
 * Plays scenarios one after the other and reports.
 *
 * @param files Scenarios
 * @param context Options and streams
 * @returns 0; 1 when one failed; 3 when one is broken
 */
export async function playScenarios(
  files: readonly ScenarioFile[],
  context: PlayContext,
): Promise<number> {
  const { options, stdout, style } = context;
  const name = (options.text("backend") ?? "sim") as BackendName;
  const kernel = options.text("kernel");
  if (name === "kvm" && kernel !== undefined) {
    throw new UsageError(
      "--kernel chooses a release of the model; --backend kvm is the host's own",
    );
  }
  const tracePath = options.text("trace");
  if (name === "kvm" && tracePath !== undefined) {
    throw new UsageError("--trace is the model's; on the host, ioeventfd record does it");
  }
  const seed = parseCount(options.text("seed") ?? "1", "seed", 0, 0xffff_ffff);
  const live = name === "kvm" ? liveBackend() : undefined;
  const trace = tracePath === undefined ? undefined : new KernelTrace();
  const played: Played[] = [];
  for (const file of files) {
    const { scenario } = file;
    const rules = live === undefined ? releaseOf(file, kernel) : latestRelease;
    const paging = scenario.paging ?? "ept";
    const backend = live ?? modelBackend({ release: rules, paging, ...(trace && { trace }) });
    const play: Scenario["play"] = (stage) => guarded(() => scenario.play(stage), "play()");
    const result = await runScenario({ ...scenario, play }, trace?.around(backend) ?? backend, {
      release: rules,
      seed,
    });
    played.push({ file, kernel: rules.name, paging, result });
  }
  if (trace !== undefined) await context.writeFile(tracePath!, trace.text());
  const report = { backend: name, seed, played };
  await stdout.write(
    options.flag("json")
      ? jsonDocument(reportJson(report))
      : fitText(reportText(report, style), stdout),
  );
  return codeOf(played.map(({ result }) => result));
}

/** The release asked for, else the scenario's own. */
function releaseOf({ scenario }: ScenarioFile, asked: string | undefined): KernelRelease {
  return release(asked ?? scenario.kernels?.[0] ?? latestRelease.name);
}

function codeOf(results: readonly ScenarioResult[]): number {
  const some = (outcome: ScenarioResult["outcome"]) =>
    results.some((result) => result.outcome === outcome);
  if (some("broken")) return exitCode.input;
  return some("failed") ? exitCode.checkFailed : exitCode.ok;
}

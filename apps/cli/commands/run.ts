/**
 * `ioeventfd run`: scenarios.
 *
 * @module
 */
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { playOptions, playScenarios } from "./_run_play.ts";
import { loadScenario, type ScenarioFile } from "./_run_scenario_file.ts";

/** `ioeventfd run`. */
export const run: Command = {
  name: "run",
  summary: commandSummaries.run,
  usage: "SCENARIO… [--backend sim|kvm] [--kernel RELEASE] [--seed N] [--trace FILE] [--json]",
  description:
    `A SCENARIO is a TypeScript or JavaScript module that exports \`scenario\`. It is code, and runs
with every permission that this command has: run what you trust. Those in scenarios/ also run
on their own, deno run scenarios/NAME.ts: without any permission, or with --allow-read the two that
have files beside them. Of several files those whose names begin with _ are parts of others and left
out, so scenarios/*.ts plays all there are.

A scenario that holds on some releases alone is skipped on others. --trace writes what ftrace
would have shown and the calls that made the VMs; \`ioeventfd replay\` takes it, with --recorded-on
for a release that is not the newest. One seed gives one result.

The exit code is 1 when an expectation does not hold, a guest does not halt within its limit, or
KVM refuses what the scenario takes for granted; 3 when a module is missing or broken; 4 when
--backend kvm has no KVM.`,
  operands: [1, Infinity],
  options: playOptions,
  examples: [
    {
      about: "one doorbell over each path, and what each costs",
      line: "run scenarios/virtio-blk-doorbell.ts",
    },
    {
      about: "a doorbell that is accepted and dead, on this host's own kernel",
      line: "run --backend kvm scenarios/dead-doorbell.ts",
    },
  ],
  run: runCommand,
};

async function runCommand(context: Context): Promise<number> {
  const files: ScenarioFile[] = [];
  for (const path of scenarioPaths(context.operands)) files.push(await loadScenario(context, path));
  return await playScenarios(files, context);
}

/** What a pattern like `scenarios/*.ts` means: without modules that scenarios share, unless there is nothing else. */
function scenarioPaths(operands: readonly string[]): readonly string[] {
  const own = operands.filter((path) => !/(^|\/)_[^/]*$/.test(path));
  return own.length > 0 ? own : operands;
}

/**
 * `ioeventfd bench`: what a kick costs on this host's kernel.
 *
 * @module
 */
import { compareDoorbells } from "@ioeventfd/scenario";
import { CliError, EnvironmentError, exitCode, UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { chosenRelease, kernelOption } from "../kernel_option.ts";
import { parseCount } from "../numbers.ts";
import { Progress } from "../progress.ts";
import { benchLive, type LiveBench } from "./_bench_live.ts";
import { type HostPaging, liveJson, liveText, modelJson, modelText } from "./_bench_report.ts";
import { liveBackend } from "./_run_backend.ts";

const usual = { rounds: 201, kicks: 500 } as const;
const quick = { rounds: 31, kicks: 200 } as const;
const eptParameter = "/sys/module/kvm_intel/parameters/ept";

/** `ioeventfd bench`. */
export const bench: Command = {
  name: "bench",
  summary: commandSummaries.bench,
  usage: "[--backend kvm|sim] [--quick] [--rounds N] [--iterations N] [--json]",
  description:
    `A small 64-bit guest on this host's KVM rings each doorbell with one byte and reads the
time-stamp counter around it: the six of kvm-unit-tests' pci-testdev, one of zero length, and the
four fixed lengths that did the job before zero length. No QEMU is needed. Each round rings all of
them; medians and quartiles of the rounds are printed, in cycles and in nanoseconds.

Where KVM has extended page tables, zero length in memory takes the fast MMIO path; the report
says which path was taken, and how that was told. Others that load the machine show in the
quartiles, hardly in the medians.

--backend sim prints what the model makes of the same doorbells: modelled cycles, and the time the
simulator takes, which is no kernel's.`,
  operands: [0, 0],
  options: [
    {
      name: "backend",
      value: "NAME",
      choices: ["kvm", "sim"],
      summary: "This host's /dev/kvm or the model; kvm unless given",
    },
    { name: "quick", summary: `${quick.rounds} rounds of ${quick.kicks} kicks` },
    { name: "rounds", value: "N", summary: `Rounds; ${usual.rounds} unless given` },
    { name: "iterations", value: "N", summary: `Kicks a round; ${usual.kicks} unless given` },
    { ...kernelOption, summary: "Kernel release of the model; the newest unless given" },
    jsonOption,
  ],
  examples: [
    { about: "this host's kernel, in a second or two", line: "bench --backend kvm --quick" },
    { about: "the model, for a script", line: "bench --backend sim --quick --json" },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, stdout, style } = context;
  const isModel = options.text("backend") === "sim";
  const preset = options.flag("quick") ? quick : usual;
  const kicks = parseCount(
    options.text("iterations") ?? `${preset.kicks}`,
    "iterations",
    1,
    100_000,
  );
  const rounds = parseCount(options.text("rounds") ?? `${preset.rounds}`, "rounds", 1, 10_000);
  if (isModel) {
    if (options.has("rounds")) throw new UsageError("bench: --rounds is for --backend kvm");
    const now = (): number => performance.now();
    const release = chosenRelease(options);
    const comparison = compareDoorbells({ release, iterations: kicks, now });
    const isJson = options.flag("json");
    await stdout.write(
      isJson ? jsonDocument(modelJson(comparison)) : fitText(modelText(comparison, style), stdout),
    );
    return exitCode.ok;
  }
  if (options.has("kernel")) throw new UsageError("bench: --kernel is for the model alone");
  const { result, isInterrupted } = await measure(context, rounds, kicks);
  const paging = await hostPaging(context);
  const isJson = options.flag("json");
  await stdout.write(
    isJson
      ? jsonDocument(liveJson(result, paging))
      : fitText(liveText(result, paging, style), stdout),
  );
  return isInterrupted ? exitCode.interrupted : exitCode.ok;
}

async function measure(
  context: Context,
  rounds: number,
  kicks: number,
): Promise<{ result: LiveBench; isInterrupted: boolean }> {
  const signal = context.interrupts();
  const progress = new Progress(context, "rounds", rounds);
  let result: LiveBench | undefined;
  const plan = { rounds, kicks, now: () => performance.now() };
  for (const step of benchLive(liveBackend(), plan)) {
    result = step;
    await progress.update(step.rounds);
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (signal.aborted) break;
  }
  await progress.finish();
  if (result === undefined) throw new EnvironmentError("bench: nothing could be measured");
  return { result, isInterrupted: signal.aborted };
}

/** What the module says, where it may be read. */
async function hostPaging(context: Context): Promise<HostPaging> {
  try {
    return { eptParameter: (await context.readText(eptParameter)).trim() };
  } catch (error) {
    if (error instanceof CliError) return { eptParameter: null };
    throw error;
  }
}

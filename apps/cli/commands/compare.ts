/**
 * `ioeventfd compare`: what a kick costs, by the shape of its doorbell.
 *
 * @module
 */
import { compareDoorbells } from "@ioeventfd/scenario";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { chosenRelease, kernelOption } from "../kernel_option.ts";
import { parseCount } from "../numbers.ts";
import { compareJson, compareText } from "./_compare_report.ts";

const usualIterations = 20_000;

/** `ioeventfd compare`. */
export const compare: Command = {
  name: "compare",
  summary: commandSummaries.compare,
  usage: "[--kernel RELEASE] [--iterations N] [--json]",
  description:
    `A small 64-bit guest on the model, VMX with EPT, rings each doorbell with one byte: the six of
kvm-unit-tests' pci-testdev, one of zero length, the same where KVM does not ask the fast MMIO
bus, and the four fixed lengths that did the job before zero length.

Counts are of one kick: eventfd signals, exits to userspace; what KVM read of the guest's page
tables to fetch the instruction (PT fetch) and for its operand (PT data), and of EPT; bytes fetched,
instructions decoded, and comparisons in the search of the bus.

Three kinds of figures, never mixed: work is counted, cycles are modelled by a cost table that
is printed with its sources, nanoseconds are this simulator's on this host.`,
  operands: [0, 0],
  options: [
    kernelOption,
    {
      name: "iterations",
      value: "N",
      summary: `Kicks counted and measured of each, ${usualIterations} unless given`,
    },
    jsonOption,
  ],
  examples: [
    { about: "the newest kernel", line: "compare" },
    {
      about: "the first release with zero length, for a script",
      line: "compare --kernel 3.16 --json",
    },
  ],
  run,
};

async function run({ options, stdout, style }: Context): Promise<number> {
  const text = options.text("iterations") ?? String(usualIterations);
  const comparison = compareDoorbells({
    release: chosenRelease(options),
    iterations: parseCount(text, "iterations", 1, 100_000),
    now: () => performance.now(),
  });
  const report = options.flag("json")
    ? jsonDocument(compareJson(comparison))
    : fitText(compareText(comparison, style), stdout);
  await stdout.write(report);
  return 0;
}

/**
 * `ioeventfd lint`: registrations that were accepted and do not fire.
 *
 * @module
 */
import { lint as judge, lintRecorded, parseRegistrationSet } from "@ioeventfd/advisor";
import type { LintOptions } from "@ioeventfd/advisor";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { inputName } from "../host.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { chosenReleases, eptOption, kernelsOption } from "../kernel_option.ts";
import { lintJson, lintText } from "./_lint_output.ts";
import type { Linted } from "./_lint_output.ts";
import { readSets } from "./_read_sets.ts";

/** `ioeventfd lint`. */
export const lint: Command = {
  name: "lint",
  summary: commandSummaries.lint,
  usage: "SET|CAPTURE [--kernel RELEASE|all] [--ept] [--strict] [--json]",
  description:
    `SET is JSON (an array, or lines) of registrations in the order in which they are made:
  {"addr":"0xfebfb004","len":0,"flags":0,"datamatch":"0x0","name":"tx"}
flags and datamatch may be left out where they are 0. {"op":"deassign","fd":1} takes one away
that was made with "fd":1; {"ram":{"gpa":"0x0","size":"0x200000"}}, {"zone":{"addr":"0xd0000000",
"size":4096}}, {"irqchip":"full"} and {"pit":true} are what else a VM may have. CAPTURE is a
recording of a VMM: each of its VMs is judged in every state in which the guest ran. - is stdin.

A registration is dead when the bus's search never comes to it, because of others: no errno says
so. It is partly lost when that is so for writes of some lengths. It never fires when no guest write
can match it. The exit code is 1 when something is dead.`,
  operands: [1, 1],
  options: [
    kernelsOption,
    eptOption,
    {
      name: "strict",
      summary: "Exit code 1 also for what never fires or loses some of its writes",
    },
    jsonOption,
  ],
  examples: [
    { about: "zero length at A+4, then length 4 at A", line: "lint scenarios/sets/dead-pair.json" },
    {
      about: "the queues of a device, on every release",
      line: "lint scenarios/sets/virtio-queues.jsonl --kernel all",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, operands, stdout, style } = context;
  const path = operands[0]!;
  const linted = await lintInput(context, path, {
    releases: chosenReleases(options),
    ept: options.flag("ept"),
  });
  const text = options.flag("json")
    ? jsonDocument(lintJson(linted))
    : fitText(lintText(linted, style), stdout);
  await stdout.write(text);
  const findings = linted.flatMap((one) => one.report.registrations);
  const bad = findings.some(({ verdict, writes }) =>
    verdict === "dead" || (options.flag("strict") && writes.length > 0)
  );
  return bad ? 1 : 0;
}

async function lintInput(context: Context, path: string, options: LintOptions): Promise<Linted[]> {
  const name = inputName(path);
  const sets = await readSets(context, path, name);
  return typeof sets === "string"
    ? [{ report: judge(parseRegistrationSet(sets, name), options), recorded: null }]
    : sets.map((recorded) => ({ report: lintRecorded(recorded, options), recorded }));
}

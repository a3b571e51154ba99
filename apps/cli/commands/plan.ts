/**
 * `ioeventfd plan`: the ioctls from one set of registrations to another.
 *
 * @module
 */
import { plan as planSets, planC, planRust } from "@ioeventfd/advisor";
import type { Plan } from "@ioeventfd/advisor";
import { UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { chosenReleases, eptOption, kernelsOption } from "../kernel_option.ts";
import { planJson, planText } from "./_plan_output.ts";
import { readSet } from "./_read_set.ts";

/** `ioeventfd plan`. */
export const plan: Command = {
  name: "plan",
  summary: commandSummaries.plan,
  usage: "OLD NEW [--kernel RELEASE|all] [--ept] [--vm VM] [--json|--c|--rust]",
  description:
    `OLD and NEW are sets as for lint: JSON registrations in the order in which they were made, or
CAPTURE@TIME: what the VM of a recording had at a time since its first event (3.2s, 250ms, 12us;
a bare number is seconds; CAPTURE alone is its end). OLD may be an empty set: []. - is stdin.
"fd" names an eventfd; without it, a "name" of both sets does.

The plan has the fewest ioctls there can be, none of which is refused, in an order in which each
write that both sets signal is signalled after every step, where there is such an order. Each step
is made on the model of each release. A window is a time in which such writes exit to userspace,
or in which a moved eventfd has no doorbell:
  collision  what goes and what replaces it exclude each other: deassign, then assign
  chain      and the replacement waits for others, too
  search     the bus's search loses a registration in force, for others beside it
  room       the kernel has no room for both

The exit code is 1 when there is a window or a problem: a set that a release refuses, a
registration that is dead in the end.`,
  operands: [2, 2],
  options: [
    kernelsOption,
    eptOption,
    {
      name: "vm",
      value: "VM",
      summary: "Which VM, where a recording has several: its descriptor, or PID/FD",
    },
    { name: "c", summary: "A C file with the ioctls" },
    { name: "rust", summary: "A Rust module with the calls of kvm-ioctls" },
    jsonOption,
  ],
  examples: [
    {
      about: "a virtio device moves its BAR: the new doorbells before the old ones go",
      line: "plan scenarios/sets/virtio-queues.jsonl scenarios/sets/virtio-queues-moved.jsonl",
    },
    {
      about: "what QEMU registered in a second of its life, as C",
      line:
        "plan captures/q35-virtio-blk.bpftrace.txt@2s captures/q35-virtio-blk.bpftrace.txt@4s --c",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, operands, stdout } = context;
  const forms = ["json", "c", "rust"].filter((name) => options.flag(name));
  if (forms.length > 1) throw new UsageError(`--${forms.join(" and --")}: one form at a time`);
  if (operands.every((path) => path === "-")) {
    throw new UsageError("stdin can be one set, not both");
  }
  const vm = options.text("vm");
  const old = await readSet(context, operands[0]!, { vm });
  const next = await readSet(context, operands[1]!, { vm });
  if (vm !== undefined && !old.isRecorded && !next.isRecorded) {
    throw new UsageError("plan: --vm is for recordings, and both sets are JSON");
  }
  const found = planSets(old.set, next.set, {
    releases: chosenReleases(options),
    ept: options.flag("ept"),
  });
  await stdout.write(shown(found, forms[0], context));
  return found.windows.length + found.problems.length > 0 ? 1 : 0;
}

function shown(found: Plan, form: string | undefined, { style, stdout }: Context): string {
  switch (form) {
    case "json":
      return jsonDocument(planJson(found));
    case "c":
      return planC(found);
    case "rust":
      return planRust(found);
    default:
      return fitText(planText(found, style), stdout);
  }
}

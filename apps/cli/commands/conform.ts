/**
 * `ioeventfd conform`: the model against vectors.
 *
 * @module
 */
import { parseVectors, runVector, Tally, tallyLine } from "@ioeventfd/conform";
import type { TallyRow, VectorResult } from "@ioeventfd/conform";
import type { KvmBackend } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { inputName } from "../host.ts";
import { chosenRelease, kernelOption } from "../kernel_option.ts";
import type { OptionValues } from "../option_values.ts";
import { Progress } from "../progress.ts";
import { textTable } from "../text_table.ts";
import { liveBackend } from "./_run_backend.ts";

/** Failures printed in full. */
const mostShown = 20;

/** `ioeventfd conform`. */
export const conform: Command = {
  name: "conform",
  summary: "The model, or this host's KVM, against conformance vectors",
  usage: "--vectors FILE… [--backend sim|kvm] [--kernel RELEASE] [--paging shadow|ept] [--json]",
  description:
    `Each line of a FILE (JSON lines, gzip or plain, - is stdin) is a vector: what Linux was given,
and what it did. The format is in vectors/README.md.

Vectors belong to the release and the host they were observed on. Those of vectors/ come from a
host without extended page tables, so the model has none either unless --paging ept: with them
the fast MMIO path skips instructions as a whole, which such vectors cannot know.

The last line is the count; the exit code is 1 when a vector fails, 4 when there is no KVM.`,
  operands: [0, Infinity],
  options: [
    { name: "vectors", value: "FILE", repeat: true, file: true, summary: "A file of vectors" },
    {
      name: "backend",
      value: "NAME",
      choices: ["sim", "kvm"],
      summary: "The model, or this host's /dev/kvm; sim unless given",
    },
    kernelOption,
    {
      name: "paging",
      value: "KIND",
      choices: ["shadow", "ept"],
      summary: "How the model translates guest addresses; shadow unless given",
    },
    { name: "json", summary: "One JSON document on stdout" },
  ],
  examples: [
    {
      about: "the vectors that come with the project",
      line: "conform --vectors vectors/register.jsonl vectors/collide.jsonl vectors/bus.jsonl",
    },
    { about: "machine code, for a script", line: "conform --json --vectors vectors/guest.jsonl" },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, operands, stdout } = context;
  const files = [...options.texts("vectors"), ...operands];
  if (files.length === 0) throw new UsageError("conform: say which: --vectors FILE…");
  const backend = chosenBackend(options);
  const tally = new Tally();
  const failures: VectorResult[] = [];
  const progress = new Progress(context, "vectors");
  let done = 0;
  for (const file of files) {
    for await (const vector of parseVectors(await context.open(file), inputName(file))) {
      const result = runVector(backend, vector);
      tally.add(result);
      if (result.outcome === "failed") failures.push(result);
      await progress.update(++done);
    }
  }
  await progress.finish();
  const total = tally.total();
  if (options.flag("json")) {
    const kernel = backend.name === "kvm" ? null : chosenRelease(options).name;
    const report = { backend: backend.name, kernel, ...total, groups: tally.rows(), failures };
    await stdout.write(JSON.stringify(report, null, 2) + "\n");
  } else {
    await stdout.write(reportText(context, tally, failures));
  }
  return total.failed > 0 ? 1 : 0;
}

function chosenBackend(options: OptionValues): KvmBackend {
  if (options.text("backend") !== "kvm") {
    const paging = options.text("paging") === "ept" ? "ept" : "shadow";
    return new VmxBackend({ release: chosenRelease(options), paging });
  }
  for (const name of ["kernel", "paging"]) {
    if (options.has(name)) throw new UsageError(`conform: --${name} is for the model alone`);
  }
  return liveBackend();
}

function reportText(
  { style }: Context,
  tally: Tally,
  failures: readonly VectorResult[],
): string {
  const lines: string[] = [];
  for (const { id, tag, differences } of failures.slice(0, mostShown)) {
    lines.push(style.red(`${id}${tag === null ? "" : ` (${tag})`}`));
    for (const { what, expected, actual } of differences) {
      lines.push(`  ${what}: expected ${expected}, got ${actual}`);
    }
  }
  if (failures.length > mostShown) lines.push(`… and ${failures.length - mostShown} more`);
  if (lines.length > 0) lines.push("");
  const [heading, ...rows] = textTable(
    [
      { title: "vectors" },
      { title: "passed", align: "right" },
      { title: "failed", align: "right" },
      { title: "skipped", align: "right" },
      { title: "because" },
    ],
    byKind(tally.rows()).map(({ group, passed, failed, skipped, reasons }) => [
      group,
      String(passed),
      String(failed),
      String(skipped),
      reasons.join("; "),
    ]),
  );
  lines.push(style.bold(heading!), ...rows, "");
  const total = tally.total();
  const paint = total.failed > 0 ? style.red : style.green;
  return [...lines, paint(tallyLine(total)), ""].join("\n");
}

/** Guest vectors in one row, and tags of their own only where some failed. */
function byKind(rows: readonly TallyRow[]): TallyRow[] {
  const shown: TallyRow[] = [];
  for (const row of rows) {
    const kind = row.group.split(" ")[0]!;
    const at = shown.findIndex((one) => one.group === kind);
    if (row.failed > 0 || at === -1) {
      shown.push(row.failed > 0 ? row : { ...row, group: kind });
      continue;
    }
    const sum = shown[at]!;
    shown[at] = {
      group: kind,
      passed: sum.passed + row.passed,
      failed: sum.failed + row.failed,
      skipped: sum.skipped + row.skipped,
      reasons: [...new Set([...sum.reasons, ...row.reasons])],
    };
  }
  return shown;
}

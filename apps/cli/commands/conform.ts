/**
 * `ioeventfd conform`: the model against vectors.
 *
 * @module
 */
import { parseVectors, runVector, Tally, tallyLine } from "@ioeventfd/conform";
import type { TallyRow, VectorResult } from "@ioeventfd/conform";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { inputName } from "../host.ts";
import { chosenRelease, kernelOption } from "../kernel_option.ts";
import { Progress } from "../progress.ts";
import { textTable } from "../text_table.ts";

/** Failures printed in full. */
const mostShown = 20;

/** `ioeventfd conform`. */
export const conform: Command = {
  name: "conform",
  summary: "The model against conformance vectors",
  usage: "--vectors FILE… [--kernel RELEASE] [--json]",
  description:
    `Each line of a FILE (JSON lines, gzip or plain, - is stdin) is a vector: what Linux was given,
and what it did. The format is in vectors/README.md. Vectors were observed on one release;
on another, a difference may be the release's and not the model's.`,
  operands: [0, Infinity],
  options: [
    { name: "vectors", value: "FILE", repeat: true, file: true, summary: "A file of vectors" },
    kernelOption,
    { name: "json", summary: "One JSON document on stdout" },
  ],
  examples: [
    {
      about: "the vectors that come with the project",
      line: "conform --vectors vectors/register.jsonl vectors/collide.jsonl vectors/bus.jsonl",
    },
    { about: "the same for a script", line: "conform --json --vectors vectors/bus.jsonl" },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { options, operands, stdout } = context;
  const files = [...options.texts("vectors"), ...operands];
  if (files.length === 0) throw new UsageError("conform: say which: --vectors FILE…");
  const release = chosenRelease(options);
  const backend = new CoreBackend({ release });
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
    const report = { kernel: release.name, ...total, groups: tally.rows(), failures };
    await stdout.write(JSON.stringify(report, null, 2) + "\n");
  } else {
    await stdout.write(reportText(context, tally, failures));
  }
  return total.failed > 0 ? 1 : 0;
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

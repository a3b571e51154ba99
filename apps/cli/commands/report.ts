/**
 * `ioeventfd report`: recordings and measurements as one page.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import { mostParts, renderReport, type ReportPart } from "@ioeventfd/report";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { recordedOnOption } from "../kernel_option.ts";
import { readPart } from "./_report_input.ts";

const defaultFile = "report.html";

/** `ioeventfd report`. */
export const report: Command = {
  name: "report",
  summary: commandSummaries.report,
  usage: "CAPTURE|JSON... [-o FILE] [--recorded-on RELEASE]",
  description: `CAPTURE is a recording as replay reads it; JSON is the output of compare --json, of
bench --json or of deno task bench --json. They are told apart by their content, and may be mixed; -
is stdin.

The page needs no network and no other file: a table of doorbells that sorts and filters, exits over
time by vCPU, what the writes cost as recorded and with length 0, lost kicks, near misses,
contradictions, the same on every kernel release, and one kick step by step. Its size does not
grow with the recording. FILE - is stdout.

The exit code is that of replay: 1 when recording and model contradict each other, or an exit has
no cause. The page is written all the same.`,
  operands: [1, mostParts],
  options: [
    {
      name: "output",
      short: "o",
      value: "FILE",
      file: true,
      summary: `Where to, ${defaultFile} unless given`,
    },
    recordedOnOption,
  ],
  examples: [
    {
      about: "QEMU boots and reads a disk",
      line: "report captures/q35-virtio-blk.bpftrace.txt -o report.html",
    },
    {
      about: "two recordings on one page",
      line: "report captures/q35-pci-testdev.bpftrace.txt captures/two-q35.bpftrace.txt.gz",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { operands, options, stdout } = context;
  const parts: ReportPart[] = [];
  for (const path of operands) parts.push(await readPart(context, path));
  const page = await renderReport(parts);
  const path = options.text("output") ?? defaultFile;
  await context.writeFile(path, page);
  if (path !== "-") {
    const size = grouped(Math.ceil(new TextEncoder().encode(page).length / 1000));
    await stdout.write(`${path}: ${size} kB\n`);
  }
  return parts.some(isWrong) ? 1 : 0;
}

function isWrong(part: ReportPart): boolean {
  if (part.kind !== "recording") return false;
  const { contradictionCount, exits } = part.study.recorded;
  return contradictionCount > 0 || exits.unexplained > 0;
}

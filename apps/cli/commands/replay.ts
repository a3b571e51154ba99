/**
 * `ioeventfd replay`: a recording of a VMM through the model.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import {
  CaptureError,
  renderReplay,
  replay as replayRecording,
  replayJson,
} from "@ioeventfd/capture";
import type { NamedReport, ReplayOptions, ReplayReport } from "@ioeventfd/capture";
import { release } from "@ioeventfd/uapi";
import { InputError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { fitText } from "../fit_text.ts";
import { inputName } from "../host.ts";
import { jsonDocument, jsonOption } from "../json_output.ts";
import { kernelOption, recordedOn, recordedOnOption } from "../kernel_option.ts";
import { remarkMalformed } from "../malformed_remark.ts";
import { ReadingProgress } from "../reading_progress.ts";

/** `ioeventfd replay`. */
export const replay: Command = {
  name: "replay",
  summary: commandSummaries.replay,
  usage: "CAPTURE... [--what-if zero-length] [--kernel RELEASE] [--recorded-on RELEASE] [--json]",
  description:
    `CAPTURE is text, gzip too: of captures/capture.bt (bpftrace), of tracefs, of trace-cmd report or
of perf script; - is stdin. Its registrations build VMs in the model, each guest write goes through
the model's bus, and each exit to userspace is matched to the access that caused it. What no line
says (an interrupt controller in the kernel, say) is concluded from what was seen, and said so.

--what-if zero-length makes every doorbell without length and datamatch; --kernel makes the same
calls on another release: outcomes and doorbells are then those that would have been.

The exit code is 1 when recording and model contradict each other, or an exit has no cause.`,
  operands: [1, 64],
  options: [
    {
      name: "what-if",
      value: "CHANGE",
      choices: ["zero-length"],
      summary: "Every doorbell with length 0",
    },
    { ...kernelOption, summary: "What if it had been this kernel release" },
    recordedOnOption,
    { name: "all", summary: "Every row, not the busiest alone" },
    jsonOption,
  ],
  examples: [
    {
      about: "QEMU boots and reads a disk: where do its doorbells go?",
      line: "replay captures/q35-virtio-blk.bpftrace.txt",
    },
    {
      about: "the same on the kernel before zero length",
      line: "replay captures/q35-virtio-blk.bpftrace.txt --kernel 3.14",
    },
    {
      about: "what zero length would save",
      line: "replay captures/q35-pci-testdev.bpftrace.txt --what-if zero-length --json",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { operands, options, stdout, style } = context;
  const asked = replayOptions(context);
  const reports: NamedReport[] = [];
  for (const path of operands) {
    const report = await replayOne(context, path, asked);
    reports.push({ name: inputName(path), report });
    if (!options.flag("json")) {
      const gap = reports.length > 1 ? "\n" : "";
      const text = renderReplay(inputName(path), report, {
        style,
        all: options.flag("all"),
        hint: "--all shows them",
        columns: style.room,
      });
      await stdout.write(fitText(gap + text, stdout));
    }
  }
  if (options.flag("json")) {
    await stdout.write(jsonDocument(replayJson(reports)));
  } else if (reports.length > 1) {
    await stdout.write(`\n${style.bold(totals(reports))}\n`);
  }
  return reports.some(({ report }) => failed(report)) ? 1 : 0;
}

function totals(reports: readonly NamedReport[]): string {
  const sum = (of: (report: ReplayReport) => number): string =>
    grouped(reports.reduce((total, { report }) => total + of(report), 0));
  return `${reports.length} recordings: ${sum((one) => one.exits.observed)} exits observed, ` +
    `${sum((one) => one.exits.unexplained)} unexplained, ` +
    `${sum((one) => one.contradictionCount)} contradictions`;
}

function replayOptions({ options }: Context): ReplayOptions {
  const kernel = options.text("kernel");
  return {
    ...(kernel === undefined ? {} : { kernel: release(kernel) }),
    ...recordedOn(options),
    ...(options.has("what-if") ? { whatIf: "zero-length" as const } : {}),
  };
}

async function replayOne(
  context: Context,
  path: string,
  asked: ReplayOptions,
): Promise<ReplayReport> {
  const name = inputName(path);
  const progress = new ReadingProgress(context, path);
  try {
    const report = await replayRecording(await progress.open(), asked);
    await progress.finish();
    await remarkMalformed(context, name, report.malformed);
    return report;
  } catch (error) {
    await progress.finish();
    if (error instanceof CaptureError) {
      throw new InputError(`${name}:${error.line}: ${error.message}`);
    }
    throw error;
  }
}

function failed({ contradictionCount, exits }: ReplayReport): boolean {
  return contradictionCount > 0 || exits.unexplained > 0;
}

/**
 * `ioeventfd export`: a recording for other tools.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import { CaptureError } from "@ioeventfd/capture";
import type { ExportOptions, ExportSink, MalformedLines, RecordingOpener } from "@ioeventfd/export";
import { InputError, UsageError } from "../cli_error.ts";
import type { Command, Context } from "../command.ts";
import { commandSummaries } from "../command_summaries.ts";
import { inputName } from "../host.ts";
import { recordedOn, recordedOnOption } from "../kernel_option.ts";
import { remarkMalformed } from "../malformed_remark.ts";
import { ReadingProgress } from "../reading_progress.ts";

/** `ioeventfd export`. */
export const exportCommand: Command = {
  name: "export",
  summary: commandSummaries.export,
  usage: "CAPTURE --format perfetto|ftrace|csv|parquet [-o FILE] [--recorded-on RELEASE]",
  description:
    `  perfetto  JSON for ui.perfetto.dev: a track for each vCPU, a counter for each eventfd, and a flow
            from a kick to the read that took it, where the recording shows reads
  ftrace    text of tracefs, which trace-cmd's and perf's readers take, and replay counts the same
  csv       one row an event, with the row of replay's doorbell table that each write belongs to
  parquet   the same table for SQL engines: docs/large-recordings.md has its columns and queries

All but ftrace read the recording twice, so it must be a file. Memory does not grow with it; Perfetto
opens some 10 million events. Without -o the text goes to stdout.`,
  operands: [1, 1],
  options: [
    {
      name: "format",
      short: "f",
      value: "FORMAT",
      choices: ["perfetto", "ftrace", "csv", "parquet"],
      summary: "What to write",
    },
    { name: "output", short: "o", value: "FILE", file: true, summary: "Where to write it" },
    {
      name: "name",
      value: "NAME",
      summary: "Name of the recording in the table; its path unless given",
    },
    recordedOnOption,
  ],
  examples: [
    {
      about: "a boot of QEMU for ui.perfetto.dev",
      line: "export captures/q35-virtio-blk.bpftrace.txt --format perfetto",
    },
    {
      about: "a table to look into with a spreadsheet",
      line: "export captures/q35-pci-testdev.bpftrace.txt --format csv",
    },
  ],
  run,
};

async function run(context: Context): Promise<number> {
  const { operands, options } = context;
  const path = operands[0]!;
  const format = options.text("format");
  const output = options.text("output") ?? "-";
  if (format === undefined) {
    throw new UsageError("--format is needed: perfetto, ftrace, csv or parquet");
  }
  if (path === "-" && format !== "ftrace") {
    throw new UsageError(
      `--format ${format} reads the recording twice: write stdin to a file first`,
    );
  }
  if (output === "-" && format === "parquet") {
    throw new UsageError("--format parquet is no text: say where to write it with -o FILE");
  }
  const progress = new ReadingProgress(context, path, format === "ftrace" ? 1 : 2);
  let size = 0;
  let malformed: MalformedLines = { count: 0, lines: [] };
  try {
    await writeTo(context, output, (sink) => {
      const counted: ExportSink = (bytes) => {
        size += bytes.length;
        return sink(bytes);
      };
      return exportAs(format, context, counted, progress, (found) => malformed = found);
    });
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    throw new InputError(`${inputName(path)}:${error.line}: ${error.message}`);
  } finally {
    await progress.finish();
  }
  await remarkMalformed(context, inputName(path), malformed);
  if (output !== "-" && !context.quiet) {
    const next = format === "perfetto" ? "; open it in ui.perfetto.dev" : "";
    await context.stderr.write(`${output}: ${grouped(Math.ceil(size / 1000))} kB${next}\n`);
  }
  return 0;
}

async function exportAs(
  format: string,
  context: Context,
  sink: ExportSink,
  progress: ReadingProgress,
  onMalformed: NonNullable<ExportOptions["onMalformed"]>,
): Promise<void> {
  const path = context.operands[0]!;
  const name = context.options.text("name") ?? inputName(path);
  const open: RecordingOpener = () => progress.open();
  const options: ExportOptions = { ...recordedOn(context.options), onMalformed };
  // Each format alone is loaded, and none when other commands run.
  switch (format) {
    case "perfetto": {
      const { exportPerfetto } = await import("@ioeventfd/export/export-perfetto");
      return await exportPerfetto(open, sink, options);
    }
    case "ftrace": {
      const { exportFtrace } = await import("@ioeventfd/export/export-ftrace");
      return await exportFtrace(open, sink, options);
    }
    case "csv": {
      const { exportCsv } = await import("@ioeventfd/export/export-csv");
      return await exportCsv(name, open, sink, options);
    }
    default: {
      const { exportParquet } = await import("@ioeventfd/export/export-parquet");
      return await exportParquet(name, open, sink, options);
    }
  }
}

/** Lets bytes flow into a file, or as text to stdout. */
async function writeTo(
  { stdout, writeFile }: Context,
  path: string,
  work: (sink: ExportSink) => Promise<void>,
): Promise<void> {
  if (path === "-") {
    const decoder = new TextDecoder();
    return await work((bytes) => stdout.write(decoder.decode(bytes, { stream: true })));
  }
  const pipe = new TransformStream<Uint8Array, Uint8Array>();
  const writer = pipe.writable.getWriter();
  writer.closed.catch(() => undefined);
  // Nothing is written before there is something, so that bad input leaves no empty file.
  let written: Promise<void> | undefined;
  try {
    await work(async (bytes) => {
      written ??= writeFile(path, pipe.readable);
      await Promise.race([writer.write(bytes), written]);
    });
    await Promise.race([writer.close(), written]);
  } catch (error) {
    written?.catch(() => undefined);
    await Promise.race([writer.abort(error), written]).catch(() => undefined);
    throw error;
  }
  await written;
}

/**
 * Recordings as Parquet.
 *
 * @module
 */
import { ByteWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { exportColumns } from "./export_columns.ts";
import type { ExportEvent } from "./export_event.ts";
import type { ExportOptions, ExportSink, RecordingOpener } from "./export_options.ts";
import { readEvents } from "./read_events.ts";

/** Rows of a row group: what is in memory at once, some 20 MB. */
const groupRows = 65_536;

/**
 * Writes a recording as a Parquet file: one row an event in order of time, columns of text, INT32 and INT64 alone,
 * Snappy, statistics and dictionaries, so that any engine reads it. Memory holds one row group, and for each of them
 * some kilobytes for the end of the file.
 *
 * @param name Name of the recording, for the first column
 * @param open Gives the recording from its beginning, twice
 * @param sink Takes the bytes
 * @param options Kernel that was recorded, progress
 * @throws {CaptureError} for what is no recording
 *
 * @example
 * ```ts
 * import { exportParquet } from "@ioeventfd/export";
 *
 * const recording = new TextEncoder().encode(
 *   " vmm-7 [000] ..... 1.000001: kvm_pio: pio_write at 0x402 size 1 count 1 val 0x53 \n",
 * );
 * const file: number[] = [];
 * await exportParquet("example", () => recording, (bytes) => void file.push(...bytes));
 * if (String.fromCharCode(...file.slice(-4)) !== "PAR1") throw new Error("no Parquet file");
 * ```
 */
export async function exportParquet(
  name: string,
  open: RecordingOpener,
  sink: ExportSink,
  options: ExportOptions = {},
): Promise<void> {
  const bytes = new ByteWriter();
  // Offsets in the file count on while what was written leaves the buffer.
  const drain = async (): Promise<void> => {
    const written = bytes.getBytes().slice();
    bytes.index = 0;
    if (written.length > 0) await sink(written);
  };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaFromColumnData({ columnData: columnsOf([], name) }),
    createdBy: "ioeventfd export",
  });
  const rows: ExportEvent[] = [];
  const flush = async (): Promise<void> => {
    const group = rows.splice(0, groupRows);
    await writer.write({ columnData: columnsOf(group, name), rowGroupSize: groupRows });
    await drain();
  };
  await readEvents(open, async (events) => {
    for (const event of events) rows.push(event);
    while (rows.length >= groupRows) await flush();
  }, options);
  if (rows.length > 0) await flush();
  await writer.finish();
  await drain();
}

interface ColumnData {
  readonly name: string;
  readonly type: "STRING" | "INT32" | "INT64";
  readonly nullable: boolean;
  readonly data: (string | number | bigint | null)[];
}

function columnsOf(events: readonly ExportEvent[], recording: string): ColumnData[] {
  return exportColumns.map(({ name, type, nullable, of }) => ({
    name,
    type,
    nullable,
    data: events.map((event) => of(event, recording)),
  }));
}

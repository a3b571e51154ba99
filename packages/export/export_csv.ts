/**
 * Recordings as CSV.
 *
 * @module
 */
import { exportColumns } from "./export_columns.ts";
import type { ExportOptions, ExportSink, RecordingOpener } from "./export_options.ts";
import { readEvents } from "./read_events.ts";

const encoder = new TextEncoder();

/**
 * Writes a recording as CSV (RFC 4180 with plain newlines): a heading, then one row an event in order of time, null as
 * an empty field. Memory does not grow with the recording.
 *
 * @param name Name of the recording, for the first column
 * @param open Gives the recording from its beginning, twice
 * @param sink Takes the bytes
 * @param options Kernel that was recorded, progress
 * @throws {CaptureError} for what is no recording
 *
 * @example
 * ```ts
 * import { exportCsv } from "@ioeventfd/export";
 *
 * const recording = new TextEncoder().encode(
 *   " vmm-7 [000] ..... 1.000001: kvm_pio: pio_write at 0x402 size 1 count 1 val 0x53 \n" +
 *     " vmm-7 [000] ..... 1.000002: kvm_userspace_exit: reason KVM_EXIT_IO (2)\n",
 * );
 * let text = "";
 * await exportCsv("example", () => recording, (bytes) => {
 *   text += new TextDecoder().decode(bytes);
 * });
 * if (!text.includes(",write,the VM of thread 7,pio,1026,0x402,1,83,")) throw new Error(text);
 * ```
 */
export async function exportCsv(
  name: string,
  open: RecordingOpener,
  sink: ExportSink,
  options: ExportOptions = {},
): Promise<void> {
  await sink(encoder.encode(exportColumns.map((column) => column.name).join(",") + "\n"));
  await readEvents(open, async (events) => {
    const lines = events.map((event) =>
      exportColumns.map(({ of }) => field(of(event, name))).join(",") + "\n"
    );
    await sink(encoder.encode(lines.join("")));
  }, options);
}

function field(value: string | number | bigint | null): string {
  if (value === null) return "";
  if (typeof value !== "string") return String(value);
  return value === "" || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

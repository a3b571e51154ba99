/**
 * Recordings for Perfetto.
 *
 * @module
 */
import type { ExportOptions, ExportSink, RecordingOpener } from "./export_options.ts";
import { readEvents } from "./read_events.ts";
import { TraceTracks } from "./_trace_tracks.ts";

const encoder = new TextEncoder();

/**
 * Writes a recording as a Chrome JSON trace, which ui.perfetto.dev and chrome://tracing open: a track for each vCPU and
 * each other thread, a counter track for each eventfd, and a flow from a kick to the read that took it, where the
 * recording shows reads. A counter is what was signalled and not yet read; without reads in the recording it is all
 * that was signalled so far. Memory does not grow with the recording, but Perfetto's does: it opens some 10 million
 * events.
 *
 * @param open Gives the recording from its beginning, twice
 * @param sink Takes the bytes
 * @param options Kernel that was recorded, progress
 * @throws {CaptureError} for what is no recording
 *
 * @example
 * ```ts
 * import { exportPerfetto } from "@ioeventfd/export";
 *
 * const recording = new TextEncoder().encode(
 *   "1000 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xc010 len 2 fd 5 flags 0x2 ret 0\n" +
 *     "2000 7/8 vcpu kvm_pio: rw 1 port 0xc010 size 2 count 1 val 0x0\n",
 * );
 * let text = "";
 * await exportPerfetto(() => recording, (bytes) => {
 *   text += new TextDecoder().decode(bytes);
 * });
 * const { traceEvents } = JSON.parse(text);
 * const kick = traceEvents.find((event: { name: string }) => event.name === "kick 0xc010");
 * if (kick.tid !== 8) throw new Error("on the vCPU's track");
 * ```
 */
export async function exportPerfetto(
  open: RecordingOpener,
  sink: ExportSink,
  options: ExportOptions = {},
): Promise<void> {
  let text = '{"displayTimeUnit":"ns","traceEvents":[\n';
  let first = true;
  const tracks = new TraceTracks((event) => {
    text += first ? "" : ",\n";
    first = false;
    text += JSON.stringify(event);
  });
  await readEvents(open, async (events) => {
    for (const event of events) tracks.take(event);
    await sink(encoder.encode(text));
    text = "";
  }, options);
  tracks.end();
  await sink(encoder.encode(`${text}\n]}\n`));
}

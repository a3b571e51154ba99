/**
 * Recordings as ftrace text.
 *
 * @module
 */
import { column, eventKind, EventQueue, readTrace, TraceParser } from "@ioeventfd/capture";
import { kvmExitName } from "@ioeventfd/uapi";
import {
  kvmFastMmioText,
  kvmMmioText,
  kvmPioText,
  kvmUserspaceExitText,
} from "@ioeventfd/vmx-sim/trace/tracepoint-text";
import { callText } from "./_event_text.ts";
import type { ExportOptions, ExportSink, RecordingOpener } from "./export_options.ts";
import { tellMalformed } from "./_tell_malformed.ts";

const encoder = new TextEncoder();
const header = [
  "# tracer: nop",
  "#",
  "#                                  _-----=> irqs-off/BH-disabled",
  "#                                 / _----=> need-resched",
  "#                                | / _---=> hardirq/softirq",
  "#                                || / _--=> preempt-depth",
  "#                                ||| / _-=> migrate-disable",
  "#                                |||| /     delay",
  "#           TASK-PID    TGID     CPU#  |||||  TIMESTAMP  FUNCTION",
  "",
].join("\n");
const mmioKinds = ["unsatisfied-read", "read", "write"] as const;

/**
 * Writes a recording as the text of tracefs's `trace` file (option `record-tgid`), in order of time and with nine
 * digits behind the second, as `trace-cmd report -t` has them. `replay` takes it and counts the same exits. System
 * calls are lines of events of their own names, which the kernel has not. The CPU of a line is not known: it is 0.
 * The recording is read once; memory does not grow with it.
 *
 * @param open Gives the recording from its beginning, once
 * @param sink Takes the bytes
 * @param options Progress, malformed lines
 * @throws {CaptureError} for what is no recording
 *
 * @example
 * ```ts
 * import { exportFtrace } from "@ioeventfd/export";
 *
 * const recording = new TextEncoder().encode(
 *   "3304226610000 19363/19365 qemu kvm_pio: rw 1 port 0x70 size 1 count 1 val 0x8f\n",
 * );
 * let text = "";
 * await exportFtrace(() => recording, (bytes) => {
 *   text += new TextDecoder().decode(bytes);
 * });
 * const line = "3304.226610000: kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f";
 * if (!text.includes(line)) throw new Error(text);
 * ```
 */
export async function exportFtrace(
  open: RecordingOpener,
  sink: ExportSink,
  options: Pick<ExportOptions, "onProgress" | "onMalformed"> = {},
): Promise<void> {
  let text = header;
  const queue = new EventQueue((words, row, time) => text += lineOf(parser, words, row, time));
  const parser: TraceParser = new TraceParser((batch) => queue.push(batch));
  await readTrace(await open(), parser, async (bytes) => {
    await options.onProgress?.(bytes);
    if (text !== "") await sink(encoder.encode(text));
    text = "";
  });
  tellMalformed(parser, options);
  queue.end();
  if (text !== "") await sink(encoder.encode(text));
}

function lineOf(parser: TraceParser, words: Int32Array, row: number, time: number): string {
  const kind = words[row + column.kind]!;
  if (kind === eventKind.lost) {
    const cpu = words[row + column.b]!;
    return `CPU:${Math.max(cpu, 0)} [LOST ${words[row + column.a]!} EVENTS]\n`;
  }
  const thread = parser.threads.threads[words[row + column.thread]!]!;
  const group = thread.pid < 0 ? "-------" : String(thread.pid).padStart(7);
  const who = `${thread.comm.padStart(16)}-${String(thread.tid).padEnd(7)} (${group})`;
  const seconds = Math.floor(time / 1e9), rest = Math.round(time % 1e9);
  const when = `${String(seconds).padStart(5)}.${String(rest).padStart(9, "0")}`;
  return `${who} [000] ..... ${when}: ${eventText(kind, words, row)}\n`;
}

function eventText(kind: number, words: Int32Array, row: number): string {
  const at = (index: number): number => words[row + index]!;
  switch (kind) {
    case eventKind.mmio: {
      const access = mmioKinds[at(column.a)]!;
      return `kvm_mmio: ${
        kvmMmioText(
          access,
          at(column.b),
          at(column.addrLo),
          at(column.addrHi),
          at(column.valueLo),
          at(column.valueHi),
        )
      }`;
    }
    case eventKind.pio: {
      const access = at(column.a) === 1 ? "write" : "read";
      const port = at(column.addrLo);
      const line = kvmPioText(access, port, at(column.b), at(column.c), at(column.valueLo));
      return `kvm_pio: ${at(column.noValue) === 1 ? line.replace(/ val .*/, "") : line}`;
    }
    case eventKind.fastMmio:
      return `kvm_fast_mmio: ${kvmFastMmioText(at(column.addrLo), at(column.addrHi))}`;
    case eventKind.userspaceExit: {
      const reason = at(column.a), errno = at(column.b);
      const name = kvmExitName(reason) ?? "UNKNOWN";
      return `kvm_userspace_exit: ${kvmUserspaceExitText(reason, name, -errno)}`;
    }
    case eventKind.guestExit:
      return "kvm_exit: ";
    case eventKind.guestEntry:
      return "kvm_entry: ";
    default:
      return `${callText(words, row)} ret ${at(column.ret)}`;
  }
}

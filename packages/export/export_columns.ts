/**
 * The table that CSV and Parquet hold: one row an event.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { ExportEvent } from "./export_event.ts";

/** A column of the table. */
export interface ExportColumn {
  /** Its name, in lower case, so that no engine needs quotes. */
  readonly name: string;
  /** What it holds: text, a 32-bit or a 64-bit signed integer. */
  readonly type: "STRING" | "INT32" | "INT64";
  /** Whether it may be null. */
  readonly nullable: boolean;
  /** What it says. */
  readonly about: string;
  /** Its value in a row. */
  readonly of: (event: ExportEvent, recording: string) => string | number | bigint | null;
}

/** Columns in order. Addresses and values are signed, as every engine has them; those of 2^63 and more are negative. */
export const exportColumns: readonly ExportColumn[] = [
  text("recording", "name of the recording", (_, recording) => recording),
  wide("time_ns", "nanoseconds on the recording's clock", (event) => BigInt(event.timeNs)),
  wide("line", "line in the recording, from 1", (event) => BigInt(event.line)),
  int("process", "process id, -1 where the text has threads alone", (event) => event.process),
  int("thread", "thread id", (event) => event.thread),
  text("comm", "name of the thread", (event) => event.comm),
  text(
    "event",
    "`write`, `read`, `unsatisfied-read`, `exit`, `guest-entry`, `guest-exit`, `call`, " +
      "`eventfd-read`, `eventfd-write` or `lost`",
    (event) => event.event,
  ),
  maybeText("vm", "VM of a write, as `replay` names it", (event) => event.vm),
  maybeText("bus", "`mmio`, `pio` or `ccw`", (event) => event.bus),
  maybeWide("addr", "address or port", (event) => signed(event.addr)),
  maybeText("address", "the same in hex: `0xfebfb000`", (event) => hexOrNull(event.addr)),
  maybeInt("len", "bytes; 0 for a write on the fast MMIO bus", (event) => event.len),
  maybeWide("value", "value read, written or drained", (event) => signed(event.value)),
  maybeInt("count", "elements of a string instruction; events lost", (event) => event.count),
  maybeText(
    "registration",
    "row of the doorbell table a write belongs to: `registered`, `inferred` or `none`",
    (event) => event.registration,
  ),
  maybeInt(
    "doorbell_len",
    "bytes of that row: of the registration (0 is any), of the access where there is none",
    (event) => event.doorbellLen,
  ),
  maybeText("datamatch", "value that row compares, in hex", (event) => hexOrNull(event.datamatch)),
  maybeText("name", "what a PC has at the address", (event) => event.name),
  maybeText(
    "outcome",
    "what became of a write: `ioeventfd`, `coalesced`, `in-kernel` or `userspace`",
    (event) => event.outcome,
  ),
  maybeWide(
    "gap_ns",
    "nanoseconds since the write before to the same row",
    (event) => (event.gapNs === null ? null : BigInt(event.gapNs)),
  ),
  maybeInt("fd", "descriptor of the eventfd signalled, read or written", (event) => event.fd),
  maybeText(
    "detail",
    "reason of an exit (`KVM_EXIT_IO`, `EINTR`), or a call with its arguments",
    (event) => event.detail,
  ),
  maybeInt("ret", "what a call returned; 0 or the negative errno of an exit", (event) => event.ret),
];

type Of<T> = (event: ExportEvent, recording: string) => T;

function text(name: string, about: string, of: Of<string>): ExportColumn {
  return { name, type: "STRING", nullable: false, about, of };
}

function maybeText(name: string, about: string, of: Of<string | null>): ExportColumn {
  return { name, type: "STRING", nullable: true, about, of };
}

function int(name: string, about: string, of: Of<number>): ExportColumn {
  return { name, type: "INT32", nullable: false, about, of };
}

function maybeInt(name: string, about: string, of: Of<number | null>): ExportColumn {
  return { name, type: "INT32", nullable: true, about, of };
}

function wide(name: string, about: string, of: Of<bigint>): ExportColumn {
  return { name, type: "INT64", nullable: false, about, of };
}

function maybeWide(name: string, about: string, of: Of<bigint | null>): ExportColumn {
  return { name, type: "INT64", nullable: true, about, of };
}

function signed(value: bigint | null): bigint | null {
  return value === null ? null : BigInt.asIntN(64, value);
}

function hexOrNull(value: bigint | null): string | null {
  return value === null ? null : hex(value);
}

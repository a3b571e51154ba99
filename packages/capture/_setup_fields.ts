/**
 * The system calls of a bpftrace recording: `KVM_IOEVENTFD: vm 9 datamatch 0x0 addr 0x… …`, `ioctl: fd 8 cmd 0x… …`,
 * `eventfd_read: fd 12 value 0x1 ret 8`.
 *
 * @module
 */
import { ascii, decimal, fieldEnd, hexadecimal, hexadecimal32, literal } from "./_scan.ts";
import { column, eventKind } from "./trace_event.ts";

type NumberKind = "decimal" | "hex" | "hex32";
type Step = readonly [key: Uint8Array, kind: NumberKind, at: number];

/** One call: its name and its fields in order. */
interface Call {
  readonly name: Uint8Array;
  readonly kind: number;
  readonly steps: readonly Step[];
}

function call(name: string, kind: number, fields: readonly [string, NumberKind, number][]): Call {
  return {
    name: ascii(name + ":"),
    kind,
    steps: fields.map(([key, number, at]) => [
      ascii(`${key === "" ? "" : ` ${key}`} ${number === "decimal" ? "" : "0x"}`),
      number,
      at,
    ]),
  };
}

const zone: [string, NumberKind, number][] = [
  ["vm", "decimal", column.a],
  ["addr", "hex", column.addrLo],
  ["size", "decimal", column.b],
  ["pio", "decimal", column.c],
  ["ret", "decimal", column.ret],
];

const region: [string, NumberKind, number][] = [
  ["vm", "decimal", column.a],
  ["slot", "hex32", column.b],
  ["flags", "hex32", column.c],
  ["gpa", "hex", column.addrLo],
  ["size", "hex", column.sizeLo],
  ["ret", "decimal", column.ret],
];

const transfer: [string, NumberKind, number][] = [
  ["fd", "decimal", column.d],
  ["value", "hex", column.valueLo],
  ["ret", "decimal", column.ret],
];

const descriptor: [string, NumberKind, number][] = [
  ["fd", "decimal", column.d],
  ["ret", "decimal", column.ret],
];

const calls: readonly Call[] = [
  call("eventfd_read", eventKind.eventfdRead, transfer),
  call("eventfd_write", eventKind.eventfdWrite, transfer),
  call("KVM_IOEVENTFD", eventKind.ioeventfd, [
    ["vm", "decimal", column.a],
    ["datamatch", "hex", column.valueLo],
    ["addr", "hex", column.addrLo],
    ["len", "decimal", column.b],
    ["fd", "decimal", column.d],
    ["flags", "hex32", column.c],
    ["ret", "decimal", column.ret],
  ]),
  call("KVM_IRQFD", eventKind.irqfd, [
    ["vm", "decimal", column.a],
    ["fd", "decimal", column.d],
    ["gsi", "decimal", column.b],
    ["flags", "hex32", column.c],
    ["resamplefd", "decimal", column.sizeLo],
    ["ret", "decimal", column.ret],
  ]),
  call("KVM_SET_USER_MEMORY_REGION", eventKind.memoryRegion, region),
  call("KVM_SET_USER_MEMORY_REGION2", eventKind.memoryRegion, region),
  call("KVM_REGISTER_COALESCED_MMIO", eventKind.registerCoalesced, zone),
  call("KVM_UNREGISTER_COALESCED_MMIO", eventKind.unregisterCoalesced, zone),
  call("ioctl", eventKind.ioctl, [
    ["fd", "decimal", column.a],
    ["cmd", "hex32", column.b],
    ["arg", "hex", column.addrLo],
    ["ret", "decimal", column.ret],
  ]),
  call("KVM_ENABLE_CAP", eventKind.enableCap, [
    ["fd", "decimal", column.a],
    ["cap", "decimal", column.b],
    ["flags", "hex32", column.c],
    ["args", "hex", column.addrLo],
    ["", "hex", column.valueLo],
    ["ret", "decimal", column.ret],
  ]),
  call("KVM_CREATE_PIT2", eventKind.createPit2, [
    ["vm", "decimal", column.a],
    ["flags", "hex32", column.c],
    ["ret", "decimal", column.ret],
  ]),
  call("eventfd", eventKind.eventfd, [
    ["count", "decimal", column.b],
    ["flags", "hex32", column.c],
    ["ret", "decimal", column.ret],
  ]),
  call("dup", eventKind.dup, descriptor),
  call("close", eventKind.close, descriptor),
];

/**
 * Reads a system call into a row.
 *
 * @param bytes Text with a newline after p
 * @param p Where the name starts
 * @param out Rows
 * @param row Where the row starts in `out`
 * @returns Position after the fields, -1 when they are malformed, -2 when the name is none of these
 */
export function setupFields(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  for (const { name, kind, steps } of calls) {
    let q = literal(bytes, p, name);
    if (q < 0) continue;
    for (const [key, number, at] of steps) {
      q = literal(bytes, q, key);
      if (number === "decimal") q = decimal(bytes, q, out, row + at);
      else if (number === "hex") q = hexadecimal(bytes, q, out, row + at);
      else q = hexadecimal32(bytes, q, out, row + at);
    }
    out[row + column.kind] = kind;
    return fieldEnd(bytes, q);
  }
  return -2;
}

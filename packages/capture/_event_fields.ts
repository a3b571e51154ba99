/**
 * The part of a line from the event's name on, in either dialect: bpftrace text of a recording script, or the kernel's
 * own tracepoint text.
 *
 * @module
 */
import { ascii } from "./_scan.ts";
import * as scan from "./_scan.ts";
import { setupFields } from "./_setup_fields.ts";
import * as traceEvent from "./trace_event.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { decimal, fieldEnd, hexadecimal, hexadecimal32, literal, spaces } = scan;
const { column, eventKind } = traceEvent;

/** The name is one of ours, what follows is not. */
export const malformed = -1;
/** A name we do not know. */
export const notOurs = -2;

const at = column;
const kvm = ascii("kvm_");
const perfPrefix = ascii("kvm:");
/** First letters of system calls. */
const isCall = new Uint8Array(256);
for (const letter of ascii("Kiecd")) isCall[letter] = 1;
const names = {
  mmio: ascii("mmio:"),
  pio: ascii("pio:"),
  userspaceExit: ascii("userspace_exit:"),
  fastMmio: ascii("fast_mmio:"),
  exit: ascii("exit:"),
  entry: ascii("entry:"),
};
const text = {
  type: ascii("type "),
  len: ascii(" len "),
  plainLen: ascii("len "),
  gpa: ascii(" gpa 0x"),
  plainGpa: ascii("gpa 0x"),
  val: ascii(" val 0x"),
  mmio: ascii("mmio "),
  write: ascii("write "),
  read: ascii("read "),
  unsatisfied: ascii("unsatisfied-read "),
  fastGpa: ascii("fast mmio at gpa 0x"),
  rw: ascii("rw "),
  port: ascii(" port 0x"),
  size: ascii(" size "),
  count: ascii(" count "),
  pioWriteAt: ascii("pio_write at 0x"),
  pioReadAt: ascii("pio_read at 0x"),
  reason: ascii("reason "),
  errno: ascii(" errno "),
  restart: ascii("restart "),
  error: ascii("error "),
  open: ascii("("),
  close: ascii(")"),
};

/**
 * Reads an event into a row.
 *
 * @param bytes Text with a newline after p
 * @param p Where the name starts
 * @param out Rows
 * @param row Where the row starts in `out`
 * @returns Position after the fields, {@linkcode malformed} or {@linkcode notOurs}
 */
export function eventFields(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  const first = bytes[p]!;
  if (first !== 107) return isCall[first] === 1 ? setupFields(bytes, p, out, row) : notOurs;
  if (bytes[p + 3] === 58) p = literal(bytes, p, perfPrefix);
  p = literal(bytes, p, kvm);
  if (p < 0) return notOurs;
  switch (bytes[p]) {
    case 109: // m
      return named(bytes, p, names.mmio, mmioFields, out, row);
    case 112: // p
      return named(bytes, p, names.pio, pioFields, out, row);
    case 117: // u
      return named(bytes, p, names.userspaceExit, userspaceExitFields, out, row);
    case 102: // f
      return named(bytes, p, names.fastMmio, fastMmioFields, out, row);
    case 101: // e
      return bareEvent(bytes, p, out, row);
    default:
      return notOurs;
  }
}

type Fields = (bytes: Uint8Array, p: number, out: Int32Array, row: number) => number;

function named(
  bytes: Uint8Array,
  p: number,
  name: Uint8Array,
  fields: Fields,
  out: Int32Array,
  row: number,
): number {
  p = spaces(bytes, literal(bytes, p, name));
  return p < 0 ? notOurs : fields(bytes, p, out, row);
}

function bareEvent(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  const exit = literal(bytes, p, names.exit);
  const end = exit < 0 ? literal(bytes, p, names.entry) : exit;
  if (end < 0) return notOurs;
  out[row + at.kind] = exit < 0 ? eventKind.guestEntry : eventKind.guestExit;
  return end;
}

function mmioFields(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  out[row + at.kind] = eventKind.mmio;
  let q: number;
  if (bytes[p] === 116) {
    q = decimal(bytes, literal(bytes, p, text.type), out, row + at.a);
    q = literal(bytes, q, text.len);
  } else {
    p = literal(bytes, p, text.mmio);
    if (p < 0) return malformed;
    const c = bytes[p];
    const type = c === 119 ? 2 : c === 114 ? 1 : 0;
    out[row + at.a] = type;
    q = literal(bytes, p, type === 2 ? text.write : type === 1 ? text.read : text.unsatisfied);
    q = literal(bytes, q, text.plainLen);
  }
  q = decimal(bytes, q, out, row + at.b);
  q = hexadecimal(bytes, literal(bytes, q, text.gpa), out, row + at.addrLo);
  q = hexadecimal(bytes, literal(bytes, q, text.val), out, row + at.valueLo);
  if (out[row + at.a]! >>> 0 > 2) return malformed;
  return fieldEnd(bytes, q);
}

function pioFields(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  out[row + at.kind] = eventKind.pio;
  out[row + at.addrHi] = 0;
  out[row + at.valueHi] = 0;
  let q: number;
  if (bytes[p] === 114) {
    q = decimal(bytes, literal(bytes, p, text.rw), out, row + at.a);
    q = literal(bytes, q, text.port);
  } else {
    const write = bytes[p + 4] === 119;
    out[row + at.a] = write ? 1 : 0;
    q = literal(bytes, p, write ? text.pioWriteAt : text.pioReadAt);
  }
  q = hexadecimal32(bytes, q, out, row + at.addrLo);
  q = decimal(bytes, literal(bytes, q, text.size), out, row + at.b);
  q = decimal(bytes, literal(bytes, q, text.count), out, row + at.c);
  if (fieldEnd(bytes, q) < 0 || out[row + at.a]! >>> 0 > 1) return malformed;
  const value = literal(bytes, q, text.val);
  out[row + at.noValue] = value < 0 ? 1 : 0;
  // KERNEL 3.14 arch/x86/kvm/trace.h kvm_pio: no value yet
  if (value < 0) return q;
  return fieldEnd(bytes, hexadecimal32(bytes, value, out, row + at.valueLo));
}

function fastMmioFields(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  out[row + at.kind] = eventKind.fastMmio;
  p = literal(bytes, p, bytes[p] === 103 ? text.plainGpa : text.fastGpa);
  return fieldEnd(bytes, hexadecimal(bytes, p, out, row + at.addrLo));
}

function userspaceExitFields(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  out[row + at.kind] = eventKind.userspaceExit;
  out[row + at.b] = 0;
  p = literal(bytes, p, text.reason);
  if (p < 0) return malformed;
  const c = bytes[p]! - 48;
  if (c >= 0 && c <= 9) {
    const q = decimal(bytes, p, out, row + at.a);
    const errno = decimal(bytes, literal(bytes, q, text.errno), out, row + at.b);
    if (errno >= 0) return fieldEnd(bytes, errno);
  }
  return namedReason(bytes, p, out, row);
}

/** `KVM_EXIT_IO (2)`, or `restart (4)` and `error (14)` for a negative errno. */
function namedReason(bytes: Uint8Array, p: number, out: Int32Array, row: number): number {
  const negative = literal(bytes, p, text.restart) >= 0 || literal(bytes, p, text.error) >= 0;
  while (bytes[p]! > 32) p++;
  p = literal(bytes, spaces(bytes, p), text.open);
  p = literal(bytes, decimal(bytes, p, out, row + at.a), text.close);
  if (p < 0) return malformed;
  if (negative) {
    out[row + at.b] = -out[row + at.a]!;
    out[row + at.a] = -1;
  }
  return fieldEnd(bytes, p);
}

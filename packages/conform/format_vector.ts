/**
 * From a vector to a line of JSON.
 *
 * @module
 */
import { formatRegistration, hex } from "@ioeventfd/uapi";
import type { Regs } from "@ioeventfd/uapi";
import type { HistoryOp, HistoryResult, HistoryStep } from "./history.ts";
import type { GuestExit, GuestVector, Vector } from "./vector.ts";

/**
 * A vector as a line of a vector file: what {@linkcode parseVector} reads.
 *
 * @param vector Any vector
 * @returns JSON without a line feed
 *
 * @example
 * ```ts
 * import { formatVector, parseVector } from "@ioeventfd/conform";
 *
 * const line = '{"id":"a","kind":"register","op":{"addr":"0x510","len":3,"flags":2,"datamatch":"0x0","fd":"eventfd"},"errno":"EINVAL"}';
 * if (formatVector(parseVector(line)) !== line) throw new Error("not the same line");
 * ```
 */
export function formatVector(vector: Vector): string {
  const { release, provenance, source } = vector;
  return JSON.stringify({ ...json(vector), release, provenance, source });
}

function json(vector: Vector): object {
  const { id, kind } = vector;
  switch (vector.kind) {
    case "register": {
      const { op, errno } = vector;
      return { id, kind, op: { ...formatRegistration(op), fd: op.fd }, errno };
    }
    case "collide": {
      const { first, second, errno } = vector;
      return {
        id,
        kind,
        first: formatRegistration(first),
        second: { ...formatRegistration(second), fd: second.fd },
        errno,
      };
    }
    case "bus": {
      const ops = vector.ops.map((op) =>
        op.op === "assign"
          ? { op: op.op, ...formatRegistration(op), fd: op.fd, errno: op.errno }
          : op
      );
      const writes = vector.writes.map(({ addr, len, value }) => ({
        addr: hex(addr),
        len,
        value: hex(value),
      }));
      const userspace = vector.userspace.map(({ addr, len }) => ({ addr: hex(addr), len }));
      return { id, kind, bus: vector.bus, ops, writes, counters: counters(vector), userspace };
    }
    case "guest":
      return guest(vector);
    case "history":
      return { id, kind, vms: vector.vms, steps: vector.steps.map(step) };
  }
}

/** As numbers where JSON keeps them exact. */
function counters(vector: { readonly counters: readonly bigint[] }): (number | string)[] {
  return vector.counters.map((one) =>
    one <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(one) : hex(one)
  );
}

function guest(vector: GuestVector): object {
  const { id, kind, mode, insn, tag, code, esIsMmio, scratch, mmioOffset, end, fault } = vector;
  return {
    id,
    kind,
    mode,
    insn,
    tag,
    code: hexBytes(code),
    esIsMmio,
    scratch: hexBytes(scratch),
    mmioOffset: hex(mmioOffset),
    registrations: vector.registrations.map((one) => ({
      ...formatRegistration(one),
      errno: one.errno,
    })),
    counters: counters(vector),
    exits: vector.exits.map(guestExit),
    end,
    fault,
    ...(vector.regs === undefined ? {} : { regs: formatRegs(vector.regs) }),
  };
}

function formatRegs(regs: Regs): Record<string, string> {
  return Object.fromEntries(Object.entries(regs).map(([name, value]) => [name, hex(value)]));
}

function guestExit(exit: GuestExit): unknown {
  switch (exit.reason) {
    case "other":
      return { reason: exit.name };
    case "mmio": {
      const { reason, addr, len, write, data } = exit;
      return { reason, addr: hex(addr), len, write, ...(data === null ? {} : { data }) };
    }
    case "io": {
      const { reason, port, size, count, write, data } = exit;
      const shown = data === null ? {} : { data };
      return { reason, port: hex(port), size, count, write, ...shown };
    }
  }
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A step of a history, spelled in one object. */
function step({ does, gives }: HistoryStep): unknown {
  return { ...historyOp(does), ...historyResult(gives) };
}

function historyOp(op: HistoryOp): Record<string, unknown> {
  switch (op.op) {
    case "add":
      return { ...op, value: hex(op.value) };
    case "ioeventfd":
      return { op: op.op, vm: op.vm, fd: op.fd, ...formatRegistration(op) };
    case "write": {
      const { op: name, vm, bus, addr, len, value, times } = op;
      const often = times === 1 ? {} : { times };
      return { op: name, vm, bus, addr: hex(addr), len, value: hex(value), ...often };
    }
    case "zone":
    case "unzone":
      return { ...op, addr: hex(op.addr) };
    case "slot":
      return { ...op, gpa: hex(op.gpa), size: hex(op.size) };
    default:
      return { ...op };
  }
}

function historyResult(result: HistoryResult): Record<string, unknown> {
  if ("value" in result) return { is: hex(result.value) };
  if (!("entries" in result)) return { ...result };
  const entries = result.entries.map((entry) => ({
    ...entry,
    addr: hex(entry.addr),
    data: hex(entry.data),
  }));
  return { entries };
}

/**
 * From a line of JSON to a vector.
 *
 * @module
 */
import { type Registration, type Regs, REGS_LAYOUT } from "@ioeventfd/uapi";
import { parseHistory } from "./_parse_history.ts";
import { JsonCursor } from "./json_cursor.ts";
import type { Access, BusOp, BusVector, GuestExit, Vector, VectorOrigin } from "./vector.ts";
import type { Outcome } from "./outcome.ts";

/**
 * Parses one line of a vector file.
 *
 * @param text The line
 * @param source Name of the file, for errors
 * @param line Its number from 1, for errors
 * @returns The vector
 * @throws {InputSyntaxError} with the file, the line and the JSON pointer of what is wrong
 *
 * @example
 * ```ts
 * import { parseVector } from "@ioeventfd/conform";
 *
 * const vector = parseVector(
 *   '{"id":"a","kind":"register","op":{"addr":"0x510","len":3,"flags":2,"datamatch":"0x0","fd":"eventfd"},"errno":"EINVAL"}',
 * );
 * if (vector.kind !== "register" || vector.op.addr !== 0x510n) throw new Error("not as written");
 * ```
 */
export function parseVector(text: string, source = "vector", line = 1): Vector {
  const at = JsonCursor.parse(text, source, line);
  const id = at.field("id").string();
  return { ...parseQuestion(at, id), ...origin(at) };
}

function parseQuestion(at: JsonCursor, id: string): Vector {
  const kind = at.field("kind").oneOf(["register", "collide", "bus", "guest", "history"]);
  switch (kind) {
    case "register": {
      const op = at.field("op");
      const fd = op.field("fd").string();
      return { kind, id, op: { ...registration(op), fd }, errno: outcome(at) };
    }
    case "collide": {
      const second = at.field("second");
      const fd = second.field("fd").oneOf(["same", "other"]);
      return {
        kind,
        id,
        first: registration(at.field("first")),
        second: { ...registration(second), fd },
        errno: outcome(at),
      };
    }
    case "bus": {
      const bus = at.field("bus").oneOf(["mmio", "pio"]);
      return {
        kind,
        id,
        bus,
        ops: ops(at.field("ops")),
        writes: at.field("writes").array().map((write) => guestWrite(write, bus)),
        counters: at.field("counters").array().map((counter) => counter.u64()),
        userspace: at.field("userspace").array().map(access),
      };
    }
    case "guest":
      return {
        kind,
        id,
        mode: at.field("mode").oneOf(["real16", "long0"]),
        insn: at.optional("insn")?.string() ?? "",
        tag: at.field("tag").string(),
        code: bytesWithin(at.field("code"), 0x4000),
        esIsMmio: at.field("esIsMmio").boolean(),
        scratch: bytesWithin(at.field("scratch"), 0x1000),
        mmioOffset: at.field("mmioOffset").integer(0, 0x0fff_ffff),
        registrations: at.field("registrations").array().map((one) => ({
          ...registration(one),
          errno: outcome(one),
        })),
        counters: at.field("counters").array().map((counter) => counter.u64()),
        exits: at.field("exits").array().map(guestExit),
        end: at.field("end").string(),
        fault: at.field("fault").nullable((fault) => fault.integer(0, 255)),
        ...regs(at),
      };
    case "history":
      return parseHistory(at, id);
  }
}

/** Where the answers come from, as far as the vector says it. */
function origin(at: JsonCursor): VectorOrigin {
  const release = at.optional("release")?.string();
  const provenance = at.optional("provenance")?.oneOf(["observed", "derived"]);
  const source = at.optional("source")?.string();
  return {
    ...(release === undefined ? {} : { release }),
    ...(provenance === undefined ? {} : { provenance }),
    ...(source === undefined ? {} : { source }),
  };
}

/** General registers at the end, where the vector has them. */
function regs(at: JsonCursor): { regs?: Regs } {
  const field = at.optional("regs");
  if (field === undefined) return {};
  const read = REGS_LAYOUT.fields;
  const entries = Object.keys(read).map((name) => [name, field.field(name).u64()]);
  return { regs: Object.fromEntries(entries) };
}

/** Address, length, flags and datamatch of a registration. */
function registration(at: JsonCursor): Registration {
  return {
    addr: at.field("addr").u64(),
    len: at.field("len").u32(),
    flags: at.field("flags").u32(),
    datamatch: at.field("datamatch").u64(),
  };
}

function outcome(at: JsonCursor): Outcome {
  return at.field("errno").nullable((errno) => errno.string());
}

function ops(at: JsonCursor): BusOp[] {
  const known = new Set<number>();
  return at.array().map((one): BusOp => {
    const op = one.field("op").oneOf(["assign", "deassign"]);
    const fd = one.field("fd").integer(0, 0xffff);
    const errno = outcome(one);
    if (op === "assign") {
      if (known.has(fd)) one.field("fd").fail(`eventfd ${fd} is made twice`);
      known.add(fd);
      return { op, ...registration(one), fd, errno };
    }
    if (!known.has(fd)) one.field("fd").fail(`no eventfd ${fd} was made before`);
    return { op, fd, errno };
  });
}

function access(at: JsonCursor): Access {
  return { addr: at.field("addr").u64(), len: at.field("len").integer(1, 8) };
}

/** What a guest can write: 1, 2, 4 or 8 bytes; a port up to 0xffff, not 8. */
function guestWrite(at: JsonCursor, bus: "mmio" | "pio"): BusVector["writes"][number] {
  const { addr, len } = access(at);
  const lens = bus === "pio" ? [1, 2, 4] : [1, 2, 4, 8];
  if (!lens.includes(len)) at.field("len").fail(`${len} is not one of ${lens.join(", ")}`);
  if (bus === "pio" && addr > 0xffffn) at.field("addr").fail("a port is at most 0xffff");
  return { addr, len, value: at.field("value").u64() };
}

function bytesWithin(at: JsonCursor, most: number): Uint8Array {
  const bytes = at.bytes();
  if (bytes.length > most) at.fail(`${bytes.length} bytes are more than ${most}`);
  return bytes;
}

function guestExit(at: JsonCursor): GuestExit {
  const reason = at.field("reason").string();
  if (reason !== "mmio" && reason !== "io") return { reason: "other", name: reason };
  const write = at.field("write").boolean();
  const data = at.optional("data")?.nullable((bytes) => bytes.string().toLowerCase()) ?? null;
  if (reason === "mmio") return { reason, ...access(at), write, data };
  return {
    reason,
    port: at.field("port").integer(0, 0xffff),
    size: at.field("size").integer(1, 4),
    count: at.field("count").integer(1, 0xffff_ffff),
    write,
    data,
  };
}

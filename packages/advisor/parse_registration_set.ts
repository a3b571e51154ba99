/**
 * From JSON to a set of registrations.
 *
 * @module
 */
import { InputSyntaxError, JsonCursor } from "@ioeventfd/conform";
import type { Registration } from "@ioeventfd/uapi";
import { hex, KVM_IOEVENTFD_FLAG_DEASSIGN } from "@ioeventfd/uapi";
import type { AssignEntry, RegistrationSet, SetEntry } from "./registration_set.ts";

/** Slips of the pen that would otherwise be passed over in silence. */
const slips: Readonly<Record<string, string>> = {
  address: "addr",
  length: "len",
  size: "len",
  flag: "flags",
  match: "datamatch",
  dataMatch: "datamatch",
  data_match: "datamatch",
};

/**
 * Parses a set: a JSON array, JSON lines, or an object with `ops` (a `bus` vector) or `registrations`. An element is a
 * registration in the vectors' spelling (`addr`, `len`, and where they are not zero `flags` and `datamatch`; `name` and
 * `fd`, also spelled `eventfd`, if wanted), `{"op":"deassign","fd":…}`, `{"ram":{gpa,size,readonly,slot}}`,
 * `{"zone":{addr,size,pio,remove}}`, `{"irqchip":"full"|"split"}` or `{"pit":true}`.
 *
 * @param text The whole input
 * @param source Name of the file, for errors
 * @returns Steps in order
 * @throws {InputSyntaxError} with the file, the line, the JSON pointer and what to do
 *
 * @example
 * ```ts
 * import { parseRegistrationSet } from "@ioeventfd/advisor";
 *
 * const set = parseRegistrationSet('[{"addr":"0x1004","len":0},{"addr":4096,"len":4}]', "example");
 * if (set.length !== 2) throw new Error("two registrations expected");
 * ```
 */
export function parseRegistrationSet(text: string, source = "set"): RegistrationSet {
  const parser = new SetParser();
  const elements = elementsOf(text, source);
  return elements.map((element, index) => parser.entry(element, index));
}

function elementsOf(text: string, source: string): JsonCursor[] {
  const trimmed = text.trim();
  if (trimmed === "") {
    throw new InputSyntaxError({ source, line: 1 }, "empty: expected registrations as JSON");
  }
  if (trimmed.startsWith("[")) return JsonCursor.parse(text, source, 1).array();
  const lines = text.split("\n").map((line, i) => ({ line, number: i + 1 }))
    .filter(({ line }) => line.trim() !== "");
  const [first] = lines;
  if (lines.length > 1 && isJson(first!.line)) {
    return lines.map(({ line, number }) => JsonCursor.parse(line, source, number));
  }
  const whole = JsonCursor.parse(text, source, first!.number);
  const list = whole.optional("ops") ?? whole.optional("registrations");
  return list === undefined ? [whole] : list.array();
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Keeps the eventfds, so that a `deassign` can name what it takes away. */
class SetParser {
  readonly #assigned: AssignEntry[] = [];

  entry(at: JsonCursor, index: number): SetEntry {
    const ram = at.optional("ram");
    if (ram !== undefined) {
      const slot = ram.optional("slot")?.integer(0, 0xffff);
      return {
        kind: "ram",
        ...(slot === undefined ? {} : { slot }),
        gpa: wholePages(ram.field("gpa")),
        size: wholePages(ram.field("size")),
        readonly: ram.optional("readonly")?.boolean() ?? false,
      };
    }
    const zone = at.optional("zone");
    if (zone !== undefined) {
      return {
        kind: "zone",
        addr: zone.field("addr").u64(),
        size: zone.field("size").u32(),
        pio: zone.optional("pio")?.boolean() ?? false,
        ...(zone.optional("remove")?.boolean() ? { remove: true } : {}),
      };
    }
    const irqchip = at.optional("irqchip");
    if (irqchip !== undefined) {
      return { kind: irqchip.oneOf(["full", "split"]) === "full" ? "irqchip" : "split-irqchip" };
    }
    if (at.optional("pit") !== undefined) return { kind: "pit" };
    return this.#registration(at, index);
  }

  #registration(at: JsonCursor, index: number): SetEntry {
    const op = at.optional("op")?.oneOf(["assign", "deassign"]) ?? "assign";
    const eventfd = eventfdKey(at);
    if (op === "deassign" && eventfd !== undefined && at.optional("addr") === undefined) {
      const made = this.#assigned.findLast((entry) => entry.eventfd === eventfd);
      if (made === undefined) {
        (at.optional("fd") ?? at).fail("no registration with this eventfd before");
      }
      return { ...made!, kind: "deassign" };
    }
    const registration = readRegistration(at);
    if (op === "deassign" || (registration.flags & KVM_IOEVENTFD_FLAG_DEASSIGN) !== 0) {
      const made = this.#assigned.findLast((entry) => samePlace(entry.registration, registration));
      return { kind: "deassign", registration, eventfd: eventfd ?? made?.eventfd ?? `#${index}` };
    }
    const entry: AssignEntry = { kind: "assign", registration, eventfd: eventfd ?? `#${index}` };
    this.#assigned.push(entry);
    return entry;
  }
}

/** One registration in the vectors' spelling. */
function readRegistration(at: JsonCursor): Registration {
  for (const key of Object.keys(at.object())) {
    const meant = Object.hasOwn(slips, key) ? slips[key]! : undefined;
    if (meant !== undefined && at.optional(meant) === undefined) {
      at.fail(`"${key}" is not known, did you mean "${meant}"?`);
    }
  }
  const name = at.optional("name")?.string();
  return {
    addr: at.field("addr").u64(),
    len: at.field("len").u32(),
    flags: at.optional("flags")?.u32() ?? 0,
    datamatch: at.optional("datamatch")?.nullable((value) => value.u64()) ?? 0n,
    ...(name === undefined ? {} : { name }),
  };
}

// KERNEL 6.19 virt/kvm/kvm_main.c kvm_set_memory_region
function wholePages(at: JsonCursor): bigint {
  const value = at.u64();
  if (value % 0x1000n !== 0n) at.fail(`${hex(value)} is not a multiple of the page size, 0x1000`);
  return value;
}

function eventfdKey(at: JsonCursor): string | undefined {
  const fd = at.optional("fd") ?? at.optional("eventfd");
  if (fd === undefined) return undefined;
  return typeof fd.value === "string" ? fd.value : String(fd.integer(-0x8000_0000, 0x7fff_ffff));
}

function samePlace(a: Registration, b: Registration): boolean {
  return a.addr === b.addr && a.len === b.len && a.datamatch === b.datamatch &&
    (a.flags & 0xb) === (b.flags & 0xb);
}

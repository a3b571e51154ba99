import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CoreBackend } from "@ioeventfd/kvm-core";
import { formatVector } from "./format_vector.ts";
import { InputSyntaxError } from "./json_cursor.ts";
import { observeVector } from "./observe_vector.ts";
import { parseVector } from "./parse_vector.ts";

const register = {
  id: "r",
  kind: "register",
  op: { addr: "0x510", len: 4294967295, flags: 7, datamatch: "0xffffffffffffffff", fd: "pipe" },
  errno: "EINVAL",
};

function refused(value: unknown, message: string): void {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const error = assertThrows(() => parseVector(text, "f.jsonl", 7), InputSyntaxError);
  assert(error.message.startsWith(message), error.message);
}

Deno.test("parseVector() reads a registration, absurd values included", () => {
  const vector = parseVector(JSON.stringify(register));
  assert(vector.kind === "register");
  assertEquals(vector.op, {
    addr: 0x510n,
    len: 0xffff_ffff,
    flags: 7,
    datamatch: 0xffff_ffff_ffff_ffffn,
    fd: "pipe",
  });
  assertEquals(vector.errno, "EINVAL");
});

Deno.test("parseVector() reads where a vector comes from, and formatVector() writes it", () => {
  const origin = { release: "4.4", provenance: "derived", source: "KERNEL 4.4 virt/kvm" } as const;
  const line = JSON.stringify({ ...register, ...origin });
  const { release, provenance, source } = parseVector(line);
  assertEquals({ release, provenance, source }, origin);
  assertEquals(formatVector(parseVector(line)), line);
  assertEquals(Object.keys(parseVector(JSON.stringify(register))), ["kind", "id", "op", "errno"]);
  refused({ ...register, provenance: "guessed" }, 'f.jsonl:7: /provenance: "guessed" is not');
});

Deno.test("observeVector() answers for the backend it asks, not for where the vector came from", () => {
  const line = JSON.stringify({ ...register, release: "4.4", provenance: "derived", source: "s" });
  const { vector } = observeVector(new CoreBackend(), parseVector(line));
  assertEquals(vector, parseVector(JSON.stringify(register)));
});

Deno.test("parseVector() reads a guest with its exits", () => {
  const vector = parseVector(JSON.stringify({
    id: "g",
    kind: "guest",
    mode: "real16",
    insn: "out dx,al",
    tag: "out-dx",
    code: "eef4",
    esIsMmio: false,
    scratch: "",
    mmioOffset: "0x40",
    registrations: [],
    counters: [],
    exits: [
      { reason: "io", port: "0x510", size: 1, count: 1, write: true, data: "5A" },
      { reason: "mmio", addr: "0xd0000040", len: 4, write: false },
      { reason: "internal_error" },
    ],
    end: "internal_error",
    fault: null,
  }));
  assert(vector.kind === "guest");
  assertEquals(vector.code, Uint8Array.of(0xee, 0xf4));
  assertEquals(vector.exits, [
    { reason: "io", port: 0x510, size: 1, count: 1, write: true, data: "5a" },
    { reason: "mmio", addr: 0xd000_0040n, len: 4, write: false, data: null },
    { reason: "other", name: "internal_error" },
  ]);
});

Deno.test("parseVector() says where and what is wrong", () => {
  const { op } = register;
  refused(
    JSON.stringify(register).slice(0, 60),
    "f.jsonl:7: JSON that ends too early: is the file cut off?",
  );
  refused("\x7fELF", 'f.jsonl:7: not JSON: "?ELF"');
  refused("[]", "f.jsonl:7: expected an object, got an array");
  refused(
    { ...register, kind: "regster" },
    'f.jsonl:7: /kind: "regster" is not one of register, collide, bus, guest',
  );
  refused({ ...register, errno: 17 }, "f.jsonl:7: /errno: expected a string, got 17");
  refused(
    { ...register, op: { ...op, len: 1.5 } },
    "f.jsonl:7: /op/len: 1.5 is not a whole number",
  );
  refused(
    { ...register, op: { ...op, len: -1 } },
    "f.jsonl:7: /op/len: -1 is not from 0 to 4294967295",
  );
  refused(
    { ...register, op: { ...op, addr: "0x1_000" } },
    'f.jsonl:7: /op/addr: "0x1_000" is not a number; write it like "0xfebfb000"',
  );
  refused(
    { ...register, op: { ...op, addr: "0x10000000000000000" } },
    'f.jsonl:7: /op/addr: "0x10000000000000000" does not fit 64 bits',
  );
  refused({ ...register, op: { ...op, fd: undefined } }, 'f.jsonl:7: /op: "fd" is missing');
});

Deno.test("parseVector() refuses a number that JSON does not keep", () => {
  const text = JSON.stringify(register).replace('"0x510"', "18446744073709551615");
  refused(
    text,
    "f.jsonl:7: /op/addr: JSON does not keep a number beyond 2^53 exact: write it as a hex string like " +
      '"0x10000000000000000"',
  );
});

Deno.test("parseVector() refuses a history that takes away what was never made", () => {
  const bus = { id: "b", kind: "bus", bus: "pio", writes: [], counters: [], userspace: [] };
  refused(
    { ...bus, ops: [{ op: "deassign", fd: 0, errno: null }] },
    "f.jsonl:7: /ops/0/fd: no eventfd 0 was made before",
  );
});

Deno.test("parseVector() throws nothing but InputSyntaxError, whatever the input", () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"id":"a","kind":${json}}`),
  );
  const mutated = fc.tuple(fc.nat(200), fc.string({ maxLength: 3 })).map(([at, inserted]) => {
    const line = JSON.stringify(register);
    return line.slice(0, at) + inserted + line.slice(at + 1);
  });
  fc.assert(fc.property(fc.oneof(text, mutated), (line) => {
    try {
      parseVector(line);
    } catch (error) {
      assert(error instanceof InputSyntaxError, String(error));
    }
  }));
});

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  busFromFlags,
  formatRegistration,
  type IoeventfdSpec,
  parseRegistration,
  type Registration,
  registrationToSpec,
  specToIoeventfd,
  specToRegistration,
} from "@ioeventfd/uapi";

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u32 = fc.integer({ min: 0, max: 0xffffffff });

const specs: fc.Arbitrary<IoeventfdSpec> = fc.record({
  bus: fc.constantFrom("mmio", "pio", "ccw"),
  addr: u64,
  match: fc.oneof(
    fc.constant({ len: 0 } as const),
    fc.record({ len: fc.constantFrom(1, 2, 4, 8), datamatch: u64 }, { requiredKeys: ["len"] }),
  ),
  fd: fc.integer({ min: -1, max: 0x7fffffff }),
}, { noNullPrototype: true });

Deno.test("registrationToSpec() gives back what specToRegistration() was given", () => {
  fc.assert(fc.property(specs, (spec) => {
    assertEquals(registrationToSpec(specToRegistration(spec), spec.fd), {
      ...spec,
      match: { ...spec.match },
    });
  }));
});

Deno.test("parseRegistration() gives back what formatRegistration() was given, legal or not", () => {
  const registrations: fc.Arbitrary<Registration> = fc.record(
    { addr: u64, len: u32, flags: u32, datamatch: u64, name: fc.string() },
    { requiredKeys: ["addr", "len", "flags", "datamatch"], noNullPrototype: true },
  );
  fc.assert(fc.property(registrations, (registration) => {
    const json = JSON.parse(JSON.stringify(formatRegistration(registration)));
    assertEquals(parseRegistration(json), registration);
  }));
});

Deno.test("parseRegistration() takes hex, decimal and numbers, and leaves flags and datamatch 0", () => {
  const expected = { addr: 0x1000n, len: 4, flags: 0, datamatch: 0n };
  for (const addr of ["0x1000", "0X1000", "4096", 4096, 4096n]) {
    assertEquals(parseRegistration({ addr, len: 4 }), expected);
  }
  assertEquals(parseRegistration({ addr: 4096, len: 4, datamatch: null, other: 1 }), expected);
});

Deno.test("parseRegistration() says which field is wrong", () => {
  assertThrows(() => parseRegistration(null), TypeError, "registration must be an object");
  assertThrows(() => parseRegistration([], "line 3"), TypeError, "line 3 must be an object");
  assertThrows(() => parseRegistration({ len: 4 }), TypeError, "registration.addr");
  assertThrows(() => parseRegistration({ addr: "0x10" }), TypeError, "registration.len");
  assertThrows(() => parseRegistration({ addr: "0x10g", len: 4 }), TypeError, 'got "0x10g"');
  assertThrows(() => parseRegistration({ addr: "-1", len: 4 }), TypeError, 'got "-1"');
  assertThrows(() => parseRegistration({ addr: "", len: 4 }), TypeError, "registration.addr");
  assertThrows(() => parseRegistration({ addr: -1, len: 4 }), RangeError, "registration.addr");
  assertThrows(() => parseRegistration({ addr: 2 ** 53, len: 4 }), TypeError, "hex string");
  assertThrows(
    () => parseRegistration({ addr: "0x10000000000000000", len: 4 }),
    RangeError,
    "registration.addr",
  );
  assertThrows(() => parseRegistration({ addr: "1", len: 0.5 }), TypeError, "registration.len");
  assertThrows(() => parseRegistration({ addr: "1", len: 1, flags: -1 }), RangeError, "flags");
  assertThrows(() => parseRegistration({ addr: "1", len: 1, name: 7 }), TypeError, "name");
});

Deno.test("busFromFlags() lets PIO win over CCW", () => {
  assertEquals([0x0, 0x2, 0x8, 0xa, 0x1, 0x3, 0x10].map(busFromFlags), [
    "mmio",
    "pio",
    "ccw",
    "pio",
    "mmio",
    "pio",
    "mmio",
  ]);
});

Deno.test("registrationToSpec() refuses what the typed spelling has no words for", () => {
  const plain = { addr: 0x1000n, len: 4, flags: 0, datamatch: 0n };
  assertThrows(() => registrationToSpec({ ...plain, len: 3 }, 3), RangeError, "got 0x3");
  assertThrows(
    () => registrationToSpec({ ...plain, len: 0, flags: 1 }, 3),
    RangeError,
    "DATAMATCH",
  );
  assertThrows(
    () => registrationToSpec({ ...plain, flags: 0x80000020 }, 3),
    RangeError,
    "flags has unknown bits 0x80000020",
  );
});

Deno.test("registrationToSpec() drops a datamatch without its flag", () => {
  const spec = registrationToSpec({ addr: 0x10n, len: 2, flags: 2, datamatch: 9n }, 3);
  assertEquals(spec, { bus: "pio", addr: 0x10n, match: { len: 2 }, fd: 3 });
});

Deno.test("specToIoeventfd() sets DEASSIGN when asked", () => {
  const spec: IoeventfdSpec = { bus: "ccw", addr: 5n, match: { len: 8, datamatch: 0n }, fd: 3 };
  assertEquals(specToIoeventfd(spec).flags, 0x9);
  assertEquals(specToIoeventfd(spec, { deassign: true }).flags, 0xd);
});

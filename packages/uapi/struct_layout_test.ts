import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type AnyStructLayout,
  decodeIoeventfd,
  decodeStruct,
  encodeCoalescedMmio,
  encodeIoeventfd,
  encodeRunIo,
  encodeSregs,
  encodeStruct,
  encodeStructInto,
  IOEVENTFD_LAYOUT,
  type ScalarType,
  type StructField,
} from "@ioeventfd/uapi";
import { layouts } from "./testdata/tables.ts";

const scalars: Readonly<Record<ScalarType, fc.Arbitrary<number | bigint>>> = {
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffffffff }),
  s32: fc.integer({ min: -0x80000000, max: 0x7fffffff }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};

function fieldOf({ type, count }: StructField): fc.Arbitrary<unknown> {
  const one: fc.Arbitrary<unknown> = typeof type === "string" ? scalars[type] : valueOf(type);
  if (count === undefined) return one;
  return type === "u8"
    ? fc.uint8Array({ minLength: count, maxLength: count })
    : fc.array(one, { minLength: count, maxLength: count });
}

function valueOf(layout: AnyStructLayout): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(layout.fields).map(([name, field]) => [name, fieldOf(field)]);
  return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>, {
    noNullPrototype: true,
  });
}

for (const layout of layouts) {
  const name = [layout.name, layout.member].filter((part) => part !== undefined).join(".");

  Deno.test(`decodeStruct() of ${name} gives back what encodeStruct() was given`, () => {
    fc.assert(fc.property(valueOf(layout), (value) => {
      const bytes = encodeStruct(layout, value);
      assertEquals(bytes.length, layout.size);
      assertEquals(decodeStruct(layout, bytes) as unknown, value);
    }));
  });

  Deno.test(`encodeStructInto() of what decodeStruct() read changes no byte of ${name}`, () => {
    fc.assert(fc.property(
      fc.uint8Array({ minLength: layout.size, maxLength: layout.size + 8 }),
      (bytes) => {
        const before = bytes.slice();
        encodeStructInto(layout, decodeStruct(layout, bytes), bytes);
        assertEquals(bytes, before);
      },
    ));
  });

  Deno.test(`decodeStruct() of ${name} refuses a buffer one byte short`, () => {
    const size = `0x${layout.size.toString(16)}`;
    assertThrows(
      () => decodeStruct(layout, new Uint8Array(layout.size - 1)),
      RangeError,
      `${name} takes ${size} bytes`,
    );
  });
}

Deno.test("decodeIoeventfd() keeps padding out of meaning", () => {
  const value = { datamatch: 0x1122334455667788n, addr: 0xfebfb000n, len: 4, fd: -1, flags: 1 };
  const bytes = encodeIoeventfd(value);
  bytes.fill(0xff, 28, 64);
  assertEquals(decodeIoeventfd(bytes), value);
});

Deno.test("decodeIoeventfd() reads a view that starts within its buffer", () => {
  const value = { datamatch: 7n, addr: 0x510n, len: 2, fd: 5, flags: 3 };
  const buffer = new Uint8Array(100);
  buffer.set(encodeIoeventfd(value), 13);
  assertEquals(decodeIoeventfd(buffer.subarray(13)), value);
});

Deno.test("encodeIoeventfd() puts every field at the kernel's offset, little-endian", () => {
  const bytes = encodeIoeventfd({
    datamatch: 0x0807060504030201n,
    addr: 0x100f0e0d0c0b0a09n,
    len: 0x14131211,
    fd: 0x18171615,
    flags: 0x1c1b1a19,
  });
  const counted = Uint8Array.from({ length: 64 }, (_, i) => i < 28 ? i + 1 : 0);
  assertEquals(bytes, counted);
});

const whole = { datamatch: 0n, addr: 0n, len: 0, fd: 0, flags: 0 };
// deno-lint-ignore no-explicit-any
const misuse: [field: string, value: any, error: typeof TypeError | typeof RangeError][] = [
  ["len", 1.5, TypeError],
  ["len", NaN, TypeError],
  ["len", Infinity, TypeError],
  ["len", "4", TypeError],
  ["len", 4n, TypeError],
  ["len", undefined, TypeError],
  ["len", -1, RangeError],
  ["len", 0x100000000, RangeError],
  ["fd", 0x80000000, RangeError],
  ["fd", -0x80000001, RangeError],
  ["addr", 0x1000, TypeError],
  ["addr", -1n, RangeError],
  ["addr", 1n << 64n, RangeError],
];
for (const [field, value, error] of misuse) {
  const shown = typeof value === "bigint" ? `${value}n` : String(value);
  Deno.test(`encodeIoeventfd() refuses ${field} ${typeof value} ${shown} with a ${error.name}`, () => {
    const thrown = assertThrows(() => encodeIoeventfd({ ...whole, [field]: value }), error);
    assertStringIncludes(thrown.message, `kvm_ioeventfd.${field} must be`);
    assertStringIncludes(thrown.message, "got ");
  });
}

Deno.test("encodeStruct() names the nested field it refuses", () => {
  const segment = {
    base: 0n,
    limit: 0,
    selector: 0x10000,
    type: 0,
    present: 0,
    dpl: 0,
    db: 0,
    s: 0,
    l: 0,
    g: 0,
    avl: 0,
    unusable: 0,
  };
  // deno-lint-ignore no-explicit-any
  const sregs = { cs: segment } as any;
  assertThrows(
    () => encodeSregs(sregs),
    RangeError,
    "kvm_sregs.cs.selector must be within 0x0 and 0xffff: got 0x10000",
  );
});

Deno.test("encodeStruct() refuses an array of another length", () => {
  const entry = { physAddr: 0n, len: 1, pio: 0, data: new Uint8Array(7) };
  assertThrows(() => encodeCoalescedMmio(entry), RangeError, "data takes 8 elements: got 7");
});

Deno.test("encodeStruct() refuses what is not an object", () => {
  // deno-lint-ignore no-explicit-any
  assertThrows(() => encodeStruct(IOEVENTFD_LAYOUT, null as any), TypeError, "must be an object");
});

Deno.test("encodeRunIo() writes the union alone", () => {
  const run = new Uint8Array(4096).fill(0xaa);
  encodeRunIo({ direction: 1, size: 2, port: 0xc040, count: 1, dataOffset: 4096n }, run);
  assert(run.subarray(0, 32).every((byte) => byte === 0xaa));
  assert(run.subarray(48).every((byte) => byte === 0xaa));
});

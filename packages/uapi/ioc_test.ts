import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ioc, iocParts, ioctlName, KVM_GET_SREGS, KVM_IOEVENTFD } from "@ioeventfd/uapi";

Deno.test("iocParts() gives back what ioc() was given", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0, max: 0xff }),
    fc.integer({ min: 0, max: 0x3fff }),
    (dir, type, nr, size) =>
      assertEquals(iocParts(ioc(dir, type, nr, size)), { dir, type, nr, size }),
  ));
});

Deno.test("ioc() of iocParts() is the number, for every u32", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (request) => {
    const { dir, type, nr, size } = iocParts(request);
    assertEquals(ioc(dir, type, nr, size), request);
  }));
});

Deno.test("ioc() stays positive with the read bit set", () => {
  assertEquals(KVM_GET_SREGS, 0x8138ae83);
});

Deno.test("ioc() refuses parts too wide, and floats", () => {
  assertThrows(() => ioc(4, 0xae, 0, 0), RangeError, "dir must be at most 0x3: got 0x4");
  assertThrows(() => ioc(0, 0x100, 0, 0), RangeError, "type");
  assertThrows(() => ioc(0, 0xae, 0x100, 0), RangeError, "nr");
  assertThrows(() => ioc(1, 0xae, 0, 0x4000), RangeError, "size");
  assertThrows(() => ioc(1, 0xae, 0, 0.5), TypeError, "size");
  assertThrows(() => iocParts(-1), RangeError, "request");
});

Deno.test("ioctlName() names a number of KVM, and no other", () => {
  assertEquals(ioctlName(KVM_IOEVENTFD), "KVM_IOEVENTFD");
  assertEquals(ioctlName(0x5401), undefined);
});

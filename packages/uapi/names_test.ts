// Every name table says of a number what the constant of that name says.
import { assertEquals } from "@std/assert";
import * as uapi from "@ioeventfd/uapi";
import { constants } from "./testdata/tables.ts";

function named(pattern: RegExp, except: readonly string[] = []): [string, number][] {
  return Object.entries(constants).filter(([name]) => pattern.test(name) && !except.includes(name));
}

Deno.test("kvmExitName() names every KVM_EXIT_*, without a gap", () => {
  const exits = named(/^KVM_EXIT_/, ["KVM_EXIT_IO_IN", "KVM_EXIT_IO_OUT"]);
  for (const [name, number] of exits) assertEquals(uapi.kvmExitName(number), name);
  assertEquals(uapi.kvmExitNames.length, exits.length);
  assertEquals(uapi.kvmExitName(exits.length), undefined);
});

Deno.test("internalErrorName() names every KVM_INTERNAL_ERROR_*", () => {
  for (const [name, number] of named(/^KVM_INTERNAL_ERROR_/)) {
    assertEquals(uapi.internalErrorName(number), name);
  }
  assertEquals(uapi.internalErrorName(0), undefined);
});

Deno.test("vmxExitName() names every EXIT_REASON_*", () => {
  for (const [name, number] of named(/^EXIT_REASON_/)) {
    assertEquals(`EXIT_REASON_${uapi.vmxExitName(number)}`, name);
  }
  assertEquals(uapi.vmxExitName(3), undefined);
});

Deno.test("capabilityName() names every KVM_CAP_*", () => {
  for (const [name, number] of named(/^KVM_CAP_/)) assertEquals(uapi.capabilityName(number), name);
  assertEquals(Object.keys(uapi.capabilities).length, named(/^KVM_CAP_/).length);
  assertEquals(uapi.capabilityName(9999), undefined);
});

Deno.test("capabilityName() has a name for every capability of every release", () => {
  for (const release of uapi.kernelReleases) {
    for (const number of Object.keys(release.capabilities)) {
      assertEquals(typeof uapi.capabilityName(Number(number)), "string", `${number}`);
    }
  }
});

Deno.test("ioctlName() names every ioctl", () => {
  const ioctls = Object.entries(constants).filter(([name, value]) =>
    /^KVM_(?!CAP_|EXIT_|MEM_)/.test(name) && (value >>> 8 & 0xff) === uapi.KVMIO
  );
  assertEquals(ioctls.length, 30);
  for (const [name, number] of ioctls) assertEquals(uapi.ioctlName(number), name);
});

Deno.test("errnoName() and errnoNumber() are each other's inverse", () => {
  for (const [name, number] of Object.entries(uapi.errno)) {
    assertEquals(uapi.errnoName(number), name as uapi.ErrnoName);
    assertEquals(uapi.errnoNumber(name as uapi.ErrnoName), number);
  }
  assertEquals(uapi.errnoName(0), undefined);
});

Deno.test("busName() and busIndex() are each other's inverse, and the fast bus is in memory", () => {
  for (const bus of ["mmio", "pio", "ccw"] as const) {
    assertEquals(uapi.busName(uapi.busIndex(bus)), bus);
  }
  assertEquals(uapi.busName(uapi.KVM_FAST_MMIO_BUS), "mmio");
});

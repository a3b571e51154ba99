import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { openLibc } from "./_libc_path.ts";
import { loadLibc } from "./_libc.ts";
import { KvmUnavailableError } from "./kvm_unavailable_error.ts";
import { available, LiveBackend } from "./live_backend.ts";
import { liveTest } from "./testdata/on_kvm.ts";

function missing(path: string): never {
  throw new Error(`Could not open library: ${path}: No such file or directory`);
}

function reasonOf(libc: string): string {
  const kvm = available({ libc });
  return kvm.ok ? "ok" : kvm.reason;
}

liveTest("available() says ok where the other tests run", () => {
  assertEquals(available(), { ok: true });
});

Deno.test("available() gives a reason instead of throwing", () => {
  assertMatch(reasonOf("/nowhere/libc.so.6"), /\/nowhere\/libc\.so\.6 \(/);
});

Deno.test({
  name: "available() without permission says which one it takes",
  permissions: { ffi: false },
  fn: () => {
    assertMatch(reasonOf("/lib64/libc.so.6"), /--allow-ffi=\/lib64\/libc\.so\.6/);
    assertMatch(reasonOf("/lib64/libc.so.6"), /\(not permitted\)$/);
  },
});

Deno.test({
  name: "openLibc() tries every known place and names each",
  permissions: { ffi: true },
  fn: () => {
    const error = assertThrows(() => openLibc(missing), KvmUnavailableError);
    for (const place of ["/lib/x86_64-linux-gnu/", "/lib64/", "/usr/lib/"]) {
      assertMatch(
        error.message,
        new RegExp(`${place}libc\\.so\\.6 \\(No such file or directory\\)`),
      );
    }
  },
});

Deno.test({
  name: "openLibc() opens the one place that is permitted",
  permissions: { ffi: ["/usr/lib64/libc.so.6"] },
  fn: () => assertEquals(openLibc((path) => path), "/usr/lib64/libc.so.6"),
});

Deno.test({
  name: "openLibc() passes over what is permitted and missing",
  permissions: { ffi: ["/lib64/libc.so.6", "/usr/lib64/libc.so.6"] },
  fn: () => {
    const opened = openLibc((path) => path === "/lib64/libc.so.6" ? missing(path) : path);
    assertEquals(opened, "/usr/lib64/libc.so.6");
  },
});

liveTest("LiveBackend.open() takes a C library by its path", () => {
  using system = new LiveBackend({ libc: loadLibc().path }).open();
  assertEquals(system.eventfdCount(system.eventfd(9, 0)), 9n);
});

liveTest("LiveBackend.open() gives systems that close on their own", (system) => {
  const fd = system.eventfd(1, 0);
  {
    using other = new LiveBackend().open();
    other.createVm().guestWrite("pio", 0x42n, 1, 0n);
  }
  assertEquals(system.eventfdCount(fd), 1n);
  using vm = system.createVm();
  assertEquals(vm.guestWrite("pio", 0x42n, 1, 0n), "userspace");
});

import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { libcCandidates, openLibc } from "./_libc_path.ts";
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
  assertMatch(reasonOf("/nowhere/libc.so.6"), /\/nowhere\/libc\.so\.6/);
});

Deno.test({
  name: "available() without permission says which one it takes",
  permissions: { ffi: false },
  fn: () => {
    assertMatch(reasonOf("/lib64/libc.so.6"), /run with --allow-ffi=\/lib64\/libc\.so\.6,/);
  },
});

Deno.test("openLibc() tries every known place and names each", () => {
  const search = { open: missing, permitted: () => true };
  const error = assertThrows(() => openLibc(search), KvmUnavailableError);
  for (const place of ["/lib/x86_64-linux-gnu/", "/lib64/", "/usr/lib/"]) {
    assertMatch(error.message, new RegExp(`${place}libc\\.so\\.6 \\(No such file or directory\\)`));
  }
});

Deno.test("openLibc() opens the one place that is permitted", () => {
  const search = {
    open: (path: string) => path,
    permitted: (path: string) => path === "/usr/lib64/libc.so.6",
  };
  assertEquals(openLibc(search), "/usr/lib64/libc.so.6");
});

Deno.test("openLibc() passes over what is permitted and missing, and names what it may not try", () => {
  const places = ["/lib64/libc.so.6", "/usr/lib64/libc.so.6"];
  const permitted = (path: string) => places.includes(path);
  const open = (path: string) => path === places[0] ? missing(path) : path;
  assertEquals(openLibc({ open, permitted }), places[1]);
  const error = assertThrows(() => openLibc({ open: missing, permitted }), KvmUnavailableError);
  assertMatch(
    error.message,
    /tried \/lib64\/libc\.so\.6 .*; not permitted are .*\/usr\/lib\/libc\.so\.6/,
  );
});

Deno.test("libcCandidates() keeps to the kind of C library that the runtime has", () => {
  const musl = libcCandidates("x86_64-unknown-linux-musl");
  const glibc = libcCandidates("x86_64-unknown-linux-gnu");
  assertEquals(musl.every((path) => path.includes("musl") || path === "/usr/lib/libc.so"), true);
  assertEquals(glibc.every((path) => path.endsWith("libc.so.6")), true);
});

liveTest("LiveBackend.open() takes a C library by its path", () => {
  using system = new LiveBackend({ libc: new LiveBackend().libc }).open();
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

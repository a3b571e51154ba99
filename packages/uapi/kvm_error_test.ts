import { assert, assertEquals } from "@std/assert";
import { errno, type ErrnoName, KvmError } from "@ioeventfd/uapi";

Deno.test("KvmError() carries name, number, message and reason", () => {
  const reason = { check: "length", detail: "len 0x3 is not one of 0, 1, 2, 4, 8" };
  const error = new KvmError("EINVAL", reason);
  assert(error instanceof Error);
  assertEquals(error.name, "KvmError");
  assertEquals(error.code, "EINVAL");
  assertEquals(error.errno, 22);
  assertEquals(error.message, "EINVAL: len 0x3 is not one of 0, 1, 2, 4, 8");
  assertEquals(error.reason, reason);
});

Deno.test("KvmError() knows the number of every errno", () => {
  for (const [code, number] of Object.entries(errno)) {
    assertEquals(new KvmError(code as ErrnoName, { check: "x", detail: "y" }).errno, number);
  }
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { errno, type ErrnoName, KvmError, withoutTraces } from "@ioeventfd/uapi";

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

Deno.test("withoutTraces() makes errors that are the same but for their trace, while it runs", () => {
  const make = (): KvmError => new KvmError("EINVAL", { check: "length", detail: "Length 0x3" });

  const bare = withoutTraces(() => withoutTraces(make) && make());
  const traced = make();

  assert(bare instanceof KvmError && bare instanceof Error);
  assertEquals({ ...bare }, { ...traced, message: bare.message });
  assertEquals(String(bare), String(traced));
  assertEquals([bare.stack, typeof traced.stack], [undefined, "string"]);
});

Deno.test("withoutTraces() gives traces back after an error", () => {
  assertThrows(() => withoutTraces(() => JSON.parse("{")), SyntaxError);

  assertEquals(typeof new KvmError("EIO", { check: "x", detail: "y" }).stack, "string");
});

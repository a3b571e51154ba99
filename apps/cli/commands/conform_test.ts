import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

function register(id: string, len: number, errno: string | null): string {
  const op = { addr: "0x510", len, flags: 2, datamatch: "0x0", fd: "eventfd" };
  return JSON.stringify({ id, kind: "register", op, errno }) + "\n";
}

const passing = register("a", 3, "EINVAL") + register("b", 4, null) + "\n";
const failing = register("c", 4, "EEXIST");
const unknown = register("d", 4, null).replace('"eventfd"', '"lava lamp"');

function conform(lines: string, ...args: string[]): ReturnType<typeof runFake> {
  return runFake(["conform", "--vectors", "v.jsonl", ...args], { files: { "v.jsonl": lines } });
}

Deno.test("conform ends with the count, and 0 when all pass", async () => {
  const { code, stdout } = await conform(passing);
  assertEquals(code, 0);
  assertMatch(stdout, /^register +2 +0 +0$/m);
  assertMatch(stdout, /\n2 passed, 0 failed\n$/);
});

Deno.test("conform shows what differs and ends with 1", async () => {
  const { code, stdout } = await conform(passing + failing);
  assertEquals(code, 1);
  assertStringIncludes(stdout, "c\n  errno: expected EEXIST, got null\n");
  assertMatch(stdout, /\n2 passed, 1 failed\n$/);
});

Deno.test("conform says why it skips", async () => {
  const { code, stdout } = await conform(passing + unknown);
  assertEquals(code, 0);
  assertMatch(stdout, /^register +2 +0 +1 +no descriptor "lava lamp"$/m);
  assertMatch(stdout, /\n2 passed, 0 failed, 1 skipped\n$/);
});

Deno.test("conform --json is one document", async () => {
  const { stdout } = await conform(passing + failing, "--json");
  const { kernel, passed, failed, skipped, failures } = JSON.parse(stdout);
  assertEquals([kernel, passed, failed, skipped], ["6.19", 2, 1, 0]);
  assertEquals(failures[0].id, "c");
  assertEquals(failures[0].differences, [{ what: "errno", expected: "EEXIST", actual: "null" }]);
});

Deno.test("conform --kernel follows another release", async () => {
  const zeroLength = register("z", 0, null);
  assertEquals((await conform(zeroLength)).code, 0);
  assertEquals((await conform(zeroLength, "--kernel", "3.16")).code, 1);
});

Deno.test("conform --paging ept shows what the fast MMIO path does otherwise", async () => {
  const guests = await Deno.readTextFile(new URL("../../../vectors/guest.jsonl", import.meta.url));
  const strings = guests.split("\n").filter((line) => line.includes('"rep-stos-x3"')).join("\n");
  assertMatch((await conform(strings)).stdout, /, 0 failed\n$/);
  assertMatch((await conform(strings, "--paging", "ept")).stdout, /, [1-9]\d* failed\n$/);
});

Deno.test("conform refuses options of the model for the live kernel", async () => {
  const { code, stderr } = await conform(passing, "--backend", "kvm", "--kernel", "4.4");
  assertEquals([code, stderr], [2, "ioeventfd: conform: --kernel is for the model alone\n"]);
});

Deno.test("conform takes several files, as operands too", async () => {
  const files = { "one.jsonl": passing, "two.jsonl": passing };
  const { stdout } = await runFake(["conform", "--vectors", "one.jsonl", "two.jsonl"], { files });
  assertMatch(stdout, /\n4 passed, 0 failed\n$/);
});

Deno.test("conform refuses input that is no vector with file and line, and no input at all", async () => {
  const broken = await conform(passing + '{"id":"e","kind":"bus"');
  assertEquals([broken.code, broken.stderr], [
    3,
    "ioeventfd: v.jsonl:4: JSON that ends too early: is the file cut off?\n",
  ]);
  const nothing = await runFake(["conform"]);
  assertEquals([nothing.code, nothing.stderr], [
    2,
    "ioeventfd: conform: say which: --vectors FILE…\n",
  ]);
});

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

Deno.test("conform plays a vector on the release it says it is of, unless --kernel says another", async () => {
  const of = (release: string, errno: string | null): string =>
    register(release, 0, errno).replace("}\n", `,"release":"${release}","provenance":"derived"}\n`);
  const lines = of("3.16", "EINVAL") + of("4.4", null) + of("6.18.44", null);
  assertMatch((await conform(lines)).stdout, /\n3 passed, 0 failed\n$/);
  assertMatch((await conform(lines, "--kernel", "3.16")).stdout, /\n1 passed, 2 failed\n$/);
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

Deno.test("conform refuses input that is no vector with file and line", async () => {
  const broken = await conform(passing + '{"id":"e","kind":"bus"');
  assertEquals([broken.code, broken.stderr], [
    3,
    "ioeventfd: v.jsonl:4: JSON that ends too early: is the file cut off?\n",
  ]);
  for (const nothing of ["", "\n\n"]) {
    const empty = await conform(nothing);
    assertEquals([empty.code, empty.stderr], [3, "ioeventfd: v.jsonl: there is no vector in it\n"]);
  }
});

Deno.test("conform refuses what does not go together", async () => {
  const refused = async (...args: string[]): Promise<string> => {
    const { code, stderr } = await runFake(["conform", ...args], { files: { v: passing } });
    assertEquals(code, 2);
    return stderr;
  };
  assertEquals(
    await refused("--vectors", "v", "--seed", "1"),
    "ioeventfd: conform: --seed is for random cases\n",
  );
  assertEquals(
    await refused("--vectors", "v", "--backend", "sim,kvm", "--record", "out"),
    "ioeventfd: conform: --record takes one backend: --backend sim or --backend kvm\n",
  );
  assertEquals(
    await refused("--json", "--tap"),
    "ioeventfd: conform: --json and --tap both write to stdout\n",
  );
  assertMatch(await refused("--minutes", "soon"), /^ioeventfd: --minutes: "soon" is not a time/);
});

Deno.test("conform --record writes what the backend did, which it then passes", async () => {
  const files = { "v.jsonl": failing };
  const args = ["conform", "--vectors", "v.jsonl", "--record", "out.jsonl"];
  const { code, written } = await runFake(args, { files });
  const recorded = written.get("out.jsonl")!;
  assertEquals([code, recorded], [1, failing.replace('"EEXIST"', "null")]);
  assertMatch((await conform(recorded)).stdout, /\n1 passed, 0 failed\n$/);
});

Deno.test("conform --tap and --junit tell each vector", async () => {
  const tap = await conform(passing + failing + unknown, "--tap", "--junit", "out.xml");
  assertEquals(
    tap.stdout,
    `TAP version 14
1..4
ok 1 - register a
ok 2 - register b
not ok 3 - register c
  ---
  differences: |
    errno: expected EEXIST, got null
  ...
ok 4 - register d # SKIP no descriptor "lava lamp"
# 2 passed, 1 failed, 1 skipped
`,
  );
  const xml = tap.written.get("out.xml")!.replaceAll(/time="[^"]*"/g, "");
  assertStringIncludes(xml, '<testsuite name="sim" tests="4" failures="1" errors="0" skipped="1"');
  assertStringIncludes(xml, '<testcase classname="conform.register" name="a"/>');
  assertStringIncludes(xml, '<failure message="errno: expected EEXIST, got null">');
  assertStringIncludes(xml, '<skipped message="no descriptor &quot;lava lamp&quot;"/>');
});

Deno.test("conform stops at Ctrl-C with what was done so far", async () => {
  const args = ["conform", "--backend", "sim", "--cases", "1000000000", "--seed", "1"];
  const random = await runFake(args, { interrupted: true });
  assertMatch(random.stdout, /Stopped early, interrupted, .*\n[1-9]\d* passed, 0 failed\n$/);
  const args2 = ["conform", "--vectors", "v"];
  const vectors = await runFake(args2, { files: { v: passing }, interrupted: true });
  assertMatch(vectors.stdout, /Stopped early, interrupted, .*\n1 passed, 0 failed\n$/);
  assertEquals([random.code, vectors.code], [130, 130]);
});

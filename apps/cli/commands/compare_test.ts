import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const names = [
  "mmio-no-eventfd",
  "mmio-wildcard-eventfd",
  "mmio-datamatch-eventfd",
  "portio-no-eventfd",
  "portio-wildcard-eventfd",
  "portio-datamatch-eventfd",
  "mmio-zero-length-eventfd",
  "mmio-zero-length-slow",
  "mmio-four-lengths",
];

Deno.test("ioeventfd compare and bench count one kick as one", async () => {
  const compared = await runFake(["compare", "--iterations", "1"]);
  assertMatch(compared.stdout, /, one byte, 1 kick after the first$/m);
  const bench = await runFake(["bench", "--backend", "sim", "--iterations", "1"]);
  assertMatch(bench.stdout, /: Linux [\d.]+, VMX with EPT, 1 kick$/m);
});

Deno.test("ioeventfd compare --json has one row for each shape, with these fields and no other", async () => {
  const { code, stdout, stderr } = await runFake(["compare", "--iterations", "20", "--json"]);
  assertEquals([code, stderr], [0, ""]);
  const report = JSON.parse(stdout);
  assertEquals(report.kernel, "6.19");
  assertEquals(report.rows.map((row: { name: string }) => row.name), names);
  for (const row of report.rows) {
    assertEquals(Object.keys(row), [
      "name",
      "signals",
      "userspaceExits",
      "pageTableReads",
      "eptReads",
      "bytesFetched",
      "decoded",
      "busCompares",
      "cycles",
      "hostNs",
    ]);
    for (const field of Object.keys(row).slice(1)) assertEquals(typeof row[field], "number");
    assert(row.hostNs > 0);
  }
  const fast = report.rows[6], wildcard = report.rows[1];
  assertEquals([fast.pageTableReads, fast.bytesFetched, fast.decoded], [0, 0, 0]);
  assert(wildcard.pageTableReads > 0 && wildcard.bytesFetched > 0 && wildcard.decoded > 0);
  assert(report.costTable.every((cost: { source: string }) => cost.source.length > 0));
  assertEquals(report.published.length, 6);
});

Deno.test("ioeventfd compare prints what is counted, modelled and measured apart, with sources", async () => {
  const { code, stdout } = await runFake(["compare", "--iterations", "20", "--kernel", "4.4"]);
  assertEquals(code, 0);
  const lines = stdout.split("\n");
  assertMatch(lines[0]!, /Linux 4\.4, .*, 20 kicks after the first$/);
  assertMatch(lines[2]!, /counted +\| modelled +\| measured$/);
  for (const name of names) assertMatch(stdout, new RegExp(`^${name} .*\\|.*\\|`, "m"));
  assertMatch(stdout, /^mmio-zero-length-eventfd .* 1\.00 /m);
  assertStringIncludes(stdout, "QEMU 29b39bc712b5 (2013)");
  assertStringIncludes(stdout, "before there was a fast MMIO path");
  assertStringIncludes(stdout, "a property of this simulator on this host");
});

Deno.test("ioeventfd compare says that a release refuses zero length, and has no ratio to it", async () => {
  const { stdout } = await runFake(["compare", "--iterations", "20", "--kernel", "3.14"]);
  assertMatch(stdout, /^mmio-zero-length-eventfd: 3\.14 refuses it: EINVAL/m);
  assertMatch(stdout, /^mmio-wildcard-eventfd .*\| +[\d,]+ +- +\|/m);
});

Deno.test("ioeventfd compare refuses a number of iterations that it cannot run", async () => {
  for (const count of ["0", "many", "100001"]) {
    const { code, stderr } = await runFake(["compare", "--iterations", count]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, "--iterations");
  }
});

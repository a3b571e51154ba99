import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const scenarios = new URL("../../../scenarios/", import.meta.url).pathname;
const legacy = `${scenarios}virtio-blk-legacy.ts`;

Deno.test("ioeventfd run tells each scenario's outcome, and the total at the end", async () => {
  const { code, stdout } = await runFake(["run", legacy, `${scenarios}linux-3.16-first-touch.ts`]);
  assertEquals(code, 0);
  assertMatch(stdout, /^passed {2}virtio-blk-legacy {2}Linux 6\.19, \d+ held$/m);
  assertMatch(stdout, /^passed {2}linux-3\.16-first-touch {2}Linux 3\.16, \d+ held$/m);
  assertEquals(stdout.trimEnd().split("\n").at(-1), "2 passed");
});

Deno.test("ioeventfd run --kernel plays another release, and skips what does not hold there", async () => {
  const { code, stdout } = await runFake([
    "run",
    "--kernel",
    "4.4",
    legacy,
    `${scenarios}linux-3.16-first-touch.ts`,
  ]);
  assertEquals(code, 0);
  assertMatch(stdout, /^passed {2}virtio-blk-legacy {2}Linux 4\.4/m);
  assertStringIncludes(stdout, "  it holds on 3.16\n");
  assertEquals(stdout.trimEnd().split("\n").at(-1), "1 passed, 1 skipped");
});

Deno.test("ioeventfd run --json is one document", async () => {
  const { stdout } = await runFake(["run", "--json", "--seed", "5", legacy]);
  const report = JSON.parse(stdout);
  assertEquals([report.backend, report.seed, report.passed, report.failed], ["sim", 5, 1, 0]);
  const [one] = report.scenarios;
  assertEquals([one.file, one.name, one.outcome, one.kernel], [
    legacy,
    "virtio-blk-legacy",
    "passed",
    "6.19",
  ]);
  assertEquals([one.reason, one.where, one.around, one.notCounted], [null, null, [], 0]);
  assertEquals(one.tables[0][0].path, "pio-kernel");
});

Deno.test("ioeventfd run --trace writes kernel text", async () => {
  const { code, written } = await runFake(["run", legacy, "--trace", "doorbells.txt"]);
  assertEquals(code, 0);
  const trace = written.get("doorbells.txt") ?? "";
  assert(trace.startsWith("# tracer: nop\n"));
  assertMatch(
    trace,
    /: KVM_IOEVENTFD: vm \d+ datamatch 0x1 addr 0xc010 len 2 fd \d+ flags 0x3 ret 0$/m,
  );
  assertMatch(trace, /: kvm_pio: pio_write at 0xc010 size 2 count 1 val 0x1 $/m);
});

Deno.test("ioeventfd run refuses options that do not go together, and stdin", async () => {
  const cases: [string[], string][] = [
    [["--backend", "kvm", "--kernel", "4.4"], "--kernel chooses a release of the model"],
    [["--backend", "kvm", "--trace", "x"], "--trace is the model's"],
    [["--seed", "minus"], "--seed"],
    [["--backend", "qemu"], "--backend"],
  ];
  for (const [options, message] of cases) {
    const { code, stderr } = await runFake(["run", legacy, ...options]);
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
  }
  const { code, stderr } = await runFake(["run", "-"], { files: { "-": "" } });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "stdin");
});

Deno.test("ioeventfd run --backend kvm without permission for it ends with 4", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "--allow-read",
      "apps/cli/main.ts",
      "run",
      "--backend",
    ]
      .concat("kvm", legacy),
    cwd: new URL("../../../", import.meta.url),
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 4, text);
  assertMatch(text, /^ioeventfd: --backend kvm: .*allow-ffi/m);
});

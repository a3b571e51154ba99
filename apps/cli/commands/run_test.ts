import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runFake } from "../_fake_host.ts";

const scenarios = new URL("../../../scenarios/", import.meta.url).pathname;
const legacy = `${scenarios}virtio-blk-legacy.ts`;

/** A scenario that is bad on purpose. */
function pathOf(name: string): string {
  return new URL(`../../../tests/testdata/scenarios/${name}.ts`, import.meta.url).pathname;
}

Deno.test("ioeventfd run tells each scenario's outcome, and the total at the end", async () => {
  const { code, stdout } = await runFake(["run", legacy, `${scenarios}linux-3.16-first-touch.ts`]);
  assertEquals(code, 0);
  assertMatch(stdout, /^passed {2}virtio-blk-legacy {2}Linux 6\.19, \d+ held$/m);
  assertMatch(stdout, /^passed {2}linux-3\.16-first-touch {2}Linux 3\.16, \d+ held$/m);
  assertEquals(stdout.trimEnd().split("\n").at(-1), "2 passed");
});

Deno.test("ioeventfd run leaves out what scenarios share, as in scenarios/*.ts", async () => {
  const shared = `${scenarios}_boot.ts`;
  const { code, stdout } = await runFake(["run", shared, legacy]);
  assertEquals([code, stdout.trimEnd().split("\n").at(-1)], [0, "1 passed"]);
  const alone = await runFake(["run", shared]);
  assertEquals(alone.code, 3);
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

Deno.test("ioeventfd run refuses what is no scenario with 3 and one line", async () => {
  const cases: [string, string][] = [
    ["missing", "no such file or directory"],
    ["throws_on_load", "does not load: no such device"],
    ["no_scenario", "not a scenario: It exports no `scenario`"],
  ];
  for (const [name, message] of cases) {
    const { code, stdout, stderr } = await runFake(["run", pathOf(name)]);
    assertEquals([code, stdout], [3, ""], stderr);
    assertStringIncludes(stderr, message);
    assertStringIncludes(stderr, `${name}.ts`);
    assertEquals(stderr.split("\n").length, 2, stderr);
  }
});

Deno.test("ioeventfd run refuses what is no module with 3 and one line", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, "export const scenario = {\n");
    const { code, stderr } = await runFake(["run", path]);
    assertEquals([code, stderr.split("\n").length], [3, 2], stderr);
    assertStringIncludes(stderr, `${path}: does not load: `);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("ioeventfd run says what a scenario is, and what a recording is for", async () => {
  const what = /a scenario is a TypeScript module that exports `scenario`\n$/;
  for (
    const name of [
      "q35-virtio-blk.bpftrace.txt",
      "q35-virtio-blk.ftrace.txt",
      "two-q35.bpftrace.txt.gz",
    ]
  ) {
    const { code, stderr } = await runFake(["run", `captures/${name}`]);
    assertEquals([code, stderr.split("\n").length], [3, 2], stderr);
    assertStringIncludes(stderr, `: a recording, which is for ioeventfd replay captures/${name}; `);
    assertMatch(stderr, what);
  }
  for (const name of ["deno.json", "README.md"]) {
    const { code, stderr } = await runFake(["run", name]);
    assertEquals([code, stderr.split("\n").length], [3, 2], stderr);
    assertStringIncludes(stderr, `${name}: does not load: `);
    assertMatch(stderr, what);
    assertEquals(stderr.includes("replay"), false);
  }
  const { stderr } = await runFake(["run", pathOf("throws_on_load")]);
  assertEquals(what.test(stderr), false, "it is a module, which threw");
});

Deno.test("ioeventfd run says what a bad scenario did", async () => {
  const cases: [string, number, RegExp][] = [
    ["throws_in_play", 3, /^ {2}the scenario threw RangeError: A vCPU has its tables in /m],
    ["wrong_count", 1, /^ {2}counter of queue 0: expected 2, got 1$/m],
    ["unmapped_code", 1, /expected hlt, got internal_error suberror 1 .* at rip 0x800000$/m],
    ["never_halts", 1, /expected hlt, got no HLT after 20000 instructions, at rip 0x1000$/m],
    ["overlapping_slots", 1, /^ {2}KVM refused: EEXIST: .*0x2000/m],
  ];
  for (const [name, expected, message] of cases) {
    const { code, stdout } = await runFake(["run", pathOf(name)]);
    assertEquals(code, expected, stdout);
    assertMatch(stdout, message);
    assertMatch(stdout, new RegExp(`at .*tests/testdata/scenarios/${name}.ts:\\d+:\\d+$`, "m"));
  }
});

Deno.test("ioeventfd run says what a scenario did behind its own back", async () => {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--allow-read", "apps/cli/main.ts", "run"]
      .concat(
        ["throws_later", "never_settles"].map((name) => `tests/testdata/scenarios/${name}.ts`),
      ),
    cwd: new URL("../../../", import.meta.url),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals([code, text.decode(stderr)], [3, ""]);
  const said = text.decode(stdout);
  assertMatch(said, /^ {2}the scenario threw Error: out of coffee\n {2}at .*throws_later.ts:/m);
  assertMatch(
    said,
    /^ {2}.*: play\(\) waits for a promise that nothing is left to settle\n {2}what/m,
  );
});

Deno.test("ioeventfd run shows the exits around a failed expectation", async () => {
  const { stdout } = await runFake(["run", pathOf("wrong_count")]);
  const lines = stdout.split("\n");
  const at = lines.indexOf("  what happened, the last thing last:");
  assertEquals(lines.slice(at + 1, at + 6), [
    "    slot 0: gpa 0x0 size 0x30000",
    "    assign mmio 0xfebfb000 any length to queue 0",
    "    vcpu0: mmio write 0xfebfb004 len 2 = 0x7",
    "    vcpu0: hlt",
    "    vcpu0: hlt",
  ]);
});

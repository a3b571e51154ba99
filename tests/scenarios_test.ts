// Every scenario on the model, on the host's kernel, on its own, and through a replay of its trace; and bad ones.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { replay } from "@ioeventfd/capture";
import { LiveBackend } from "@ioeventfd/kvm-live";
import { KernelTrace, runScenario, type Scenario, scenarioOf } from "@ioeventfd/scenario";
import { type KernelRelease, kernelReleases, latestRelease, release } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { runFake } from "../apps/cli/_fake_host.ts";
import { root } from "../tools/workspace.ts";

const folder = new URL("scenarios/", root);
const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
  .filter((name) => /^[^_].*\.ts$/.test(name)).sort();
const scenarios: readonly Scenario[] = await Promise.all(
  names.map(async (name) => scenarioOf(await import(new URL(name, folder).href))),
);

function releasesOf({ kernels }: Scenario): readonly KernelRelease[] {
  return kernels?.map((name) => release(name)) ?? kernelReleases;
}

function pathOf(name: string): string {
  return `${root.pathname}tests/testdata/scenarios/${name}.ts`;
}

for (const scenario of scenarios) {
  Deno.test(`scenario ${scenario.name} passes on every release it holds on`, async () => {
    for (const rules of releasesOf(scenario)) {
      const paging = scenario.paging ?? "ept";
      const backend = new VmxBackend({ release: rules, paging, counting: true });
      const result = await runScenario(scenario, backend, { release: rules });
      const around = result.around.join("\n");
      assertEquals([result.outcome, result.reason], ["passed", null], `${rules.name}\n${around}`);
      assert(result.held > 0, "it expects nothing");
    }
  });

  // Its guest runs in a worker, out of the trace's reach.
  if (scenario.name === "two-workers") continue;
  Deno.test(`scenario ${scenario.name} leaves a trace of which every exit is explained`, async () => {
    for (const rules of releasesOf(scenario)) {
      const trace = new KernelTrace();
      const backend = new VmxBackend({ release: rules, paging: scenario.paging ?? "ept", trace });
      await runScenario(scenario, trace.around(backend), { release: rules });
      const text = new TextEncoder().encode(trace.text());
      const report = await replay(text, { recordedOn: rules });
      assertEquals([report.malformed.count, report.exits.unexplained], [0, 0], rules.name);
      assertEquals(report.contradictions, [], rules.name);
    }
  });
}

const live = new LiveBackend();
const host = live.available();
Deno.test({
  name: "scenarios pass on this host's kernel" + (host.ok ? "" : ` (skipped: ${host.reason})`),
  ignore: !host.ok,
  async fn(t) {
    for (const scenario of scenarios) {
      const result = await runScenario(scenario, live, { release: latestRelease });
      const skipped = result.outcome === "skipped" ? ` (skipped: ${result.reason})` : "";
      await t.step(`${scenario.name}${skipped}`, () => {
        assert(["passed", "skipped"].includes(result.outcome), result.reason ?? "");
      });
    }
  },
});

Deno.test("scenarios are named as their files, and listed", () => {
  assertEquals(scenarios.map(({ name }) => `${name}.ts`), names);
  const list = Deno.readTextFileSync(new URL("README.md", folder));
  assertEquals(names.filter((name) => !list.includes(`](${name})`)), []);
});

Deno.test("scenarios come out the same for the same seed", async () => {
  async function run(seed: string): Promise<string> {
    const args = ["run", `${folder.pathname}two-vcpus.ts`, "--seed", seed, "--trace", "t"];
    const { code, stdout, written } = await runFake(args);
    assertEquals(code, 0);
    return stdout + written.get("t");
  }
  assertEquals(await run("7"), await run("7"));
  assert(await run("7") !== await run("8"), "the seed decides nothing");
});

/** Those that read a file of their own, or load workers. */
const readers = ["guest-from-file.ts", "two-workers.ts"];

Deno.test("scenarios run on their own, without permission but to read what is theirs", async () => {
  const waiting = [...names];
  async function runNext(): Promise<void> {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const permission = readers.includes(name) ? ["--allow-read"] : [];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--no-check", "--no-prompt", ...permission, `scenarios/${name}`],
        cwd: root,
      }).output();
      const text = new TextDecoder().decode(stdout);
      assertEquals(code, 0, `${name}\n${text}${new TextDecoder().decode(stderr)}`);
      assertMatch(text, /^1 passed$/m);
    }
  }
  await Promise.all([runNext(), runNext(), runNext()]);
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

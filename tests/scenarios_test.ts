// Every scenario on the model, on the host's kernel, on its own, and through a replay of its trace.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { replay } from "@ioeventfd/capture";
import { LiveBackend } from "@ioeventfd/kvm-live";
import { KernelTrace, runScenario, type Scenario, scenarioOf } from "@ioeventfd/scenario";
import { type KernelRelease, kernelReleases, latestRelease, release } from "@ioeventfd/uapi";
import { VmxBackend } from "@ioeventfd/vmx-sim";
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

Deno.test("scenarios/README.md has a link to every scenario", () => {
  const readme = Deno.readTextFileSync(new URL("README.md", folder));
  assertEquals(names.filter((name) => !readme.includes(`](${name})`)), []);
});

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
  const scenario = scenarios.find(({ name }) => name === "two-vcpus")!;
  async function play(seed: number): Promise<string> {
    const trace = new KernelTrace();
    const backend = trace.around(new VmxBackend({ trace }));
    const { notes } = await runScenario(scenario, backend, { seed });
    return notes.join("\n") + trace.text();
  }
  assertEquals(await play(7), await play(7));
  assert(await play(7) !== await play(8), "the seed decides nothing");
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

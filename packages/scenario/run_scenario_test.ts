import { assertEquals, assertStringIncludes } from "@std/assert";
import { VmxBackend } from "@ioeventfd/vmx-sim";
import { mmioDoorbell } from "./doorbell.ts";
import { runScenario, skipReason } from "./run_scenario.ts";
import type { Scenario } from "./scenario.ts";

function scenario(play: Scenario["play"], more: Partial<Scenario> = {}): Scenario {
  return { name: "one", about: "Something", play, ...more };
}

const backend = new VmxBackend({ counting: true });

Deno.test("runScenario() gives notes, tables and how many expectations held", async () => {
  const result = await runScenario(
    scenario(async (stage) => {
      stage.note("said");
      stage.row({ queue: 0, kicks: 1n });
      stage.expectEqual("one", 1, 1);
      await Promise.resolve();
      stage.expectEqual("two", 2n, "2");
    }),
    backend,
  );
  assertEquals([result.outcome, result.reason, result.held], ["passed", null, 2]);
  assertEquals(result.notes, ["said"]);
  assertEquals(result.tables, [{ columns: ["queue", "kicks"], rows: [[0, 1n]] }]);
});

Deno.test("runScenario() says what was expected, what happened, where, and what was before", async () => {
  const result = await runScenario(
    scenario((stage) => {
      const vm = stage.vm();
      const kick = stage.eventfd("queue 0");
      vm.assign(mmioDoorbell(0xfebfb000n), kick);
      vm.expectWrite("kernel", "mmio", 0xfebfb000n, 2, 1n);
      kick.expectCount(2);
    }),
    backend,
  );
  assertEquals([result.outcome, result.held], ["failed", 1]);
  assertEquals(result.reason, "counter of queue 0: expected 2, got 1");
  assertEquals(result.around, [
    "assign mmio 0xfebfb000 any length to queue 0",
    "mmio write 0xfebfb000 len 2 = 0x1: kernel",
  ]);
});

Deno.test("runScenario() tells a refused call from a broken scenario", async () => {
  const refused = await runScenario(
    scenario((stage) => {
      const vm = stage.vm();
      vm.assign(mmioDoorbell(0x1000n), stage.eventfd("kick"));
      vm.assign(mmioDoorbell(0x1000n, 4), stage.eventfd("other"));
    }),
    backend,
  );
  assertEquals(refused.outcome, "failed");
  assertStringIncludes(refused.reason!, "KVM refused: EEXIST");
  assertEquals(refused.around.at(-1), "assign mmio 0x1000 len 4 to other");
  const broken = await runScenario(
    scenario(() => {
      throw new TypeError("oops");
    }),
    backend,
  );
  assertEquals([broken.outcome, broken.reason], [
    "broken",
    "the scenario threw TypeError: oops",
  ]);
  const odd = await runScenario(scenario(() => Promise.reject("no error")), backend);
  assertEquals(odd.reason, "the scenario threw no error");
});

Deno.test("skipReason() knows backends and releases", () => {
  const one = scenario(() => {}, {
    kernels: ["3.16", "4.4"],
    skip: [{ backend: "kvm", reason: "it needs EPT" }],
  });
  assertEquals(skipReason(one, "sim", "4.4"), undefined);
  assertEquals(skipReason(one, "sim", "6.19"), "it holds on 3.16, 4.4");
  assertEquals(skipReason(one, "kvm", "6.19"), "it needs EPT");
  assertEquals(
    skipReason(scenario(() => {}, { kernels: ["3.14"] }), "kvm", "6.19"),
    "it holds on 3.14, and the host's kernel is played as 6.19",
  );
});

Deno.test("runScenario() plays nothing of a skipped scenario", async () => {
  const result = await runScenario(
    scenario(() => {
      throw new Error("played");
    }, { kernels: ["3.14"] }),
    backend,
  );
  assertEquals([result.outcome, result.reason, result.held], ["skipped", "it holds on 3.14", 0]);
});

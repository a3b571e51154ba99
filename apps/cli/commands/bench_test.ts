import { assert, assertEquals, assertMatch } from "@std/assert";
import { available } from "@ioeventfd/kvm-live";
import { runFake } from "../_fake_host.ts";
import { spreadOf } from "./_bench_spread.ts";

const kvm = available();
const reason = kvm.ok ? "" : ` (ignored: ${kvm.reason.split(";", 1)[0]})`;

Deno.test("spreadOf() gives quartiles in proportion", () => {
  assertEquals(spreadOf([4, 1, 3, 2, 5]), {
    least: 1,
    lowerQuartile: 2,
    median: 3,
    upperQuartile: 4,
  });
  assertEquals(spreadOf([1, 2]).median, 1.5);
  assertEquals(spreadOf([7]).upperQuartile, 7);
});

Deno.test("bench --backend sim says what is modelled and what is the simulator's", async () => {
  const args = ["bench", "--backend", "sim", "--iterations", "10"];
  const { code, stdout } = await runFake(args);
  assertEquals(code, 0);
  assertMatch(stdout, /^mmio-zero-length-eventfd +fast-mmio +1,762 /m);
  assertMatch(stdout, /modelled cycles +simulator ns\n/);
  const { rows } = JSON.parse((await runFake([...args, "--json"])).stdout);
  assertEquals(rows.length, 9);
});

Deno.test({
  name: `bench rings every doorbell on this kernel${reason}`,
  ignore: !kvm.ok,
  fn: async () => {
    const args = ["bench", "--rounds", "3", "--iterations", "20", "--json"];
    const { code, stdout } = await runFake(args);
    assertEquals(code, 0);
    const { rounds, rows, path } = JSON.parse(stdout);
    assertEquals([rounds, typeof path.fastMmio], [3, "boolean"]);
    assertEquals(
      rows.map(({ name, takenBy }: { name: string; takenBy: string }) => `${name} ${takenBy}`),
      [
        "empty-loop none",
        "mmio-no-eventfd userspace",
        "mmio-wildcard-eventfd eventfd",
        "mmio-datamatch-eventfd eventfd",
        "portio-no-eventfd userspace",
        "portio-wildcard-eventfd eventfd",
        "portio-datamatch-eventfd eventfd",
        "mmio-zero-length-eventfd eventfd",
        "mmio-four-lengths eventfd",
      ],
    );
    for (const { cycles, ns } of rows) {
      assert(cycles.least > 0 && cycles.lowerQuartile <= cycles.upperQuartile && ns.median > 0);
    }
  },
});

Deno.test({
  name: `bench stops at Ctrl-C with the rounds so far${reason}`,
  ignore: !kvm.ok,
  fn: async () => {
    const args = ["bench", "--rounds", "10000", "--iterations", "10", "--json"];
    const { code, stdout } = await runFake(args, { interrupted: true });
    assertEquals([code, JSON.parse(stdout).rounds], [130, 1]);
  },
});

Deno.test("bench refuses options of the other backend", async () => {
  const model = await runFake(["bench", "--backend", "sim", "--rounds", "3"]);
  assertEquals([model.code, model.stderr], [
    2,
    "ioeventfd: bench: --rounds is for --backend kvm\n",
  ]);
  const live = await runFake(["bench", "--kernel", "4.4"]);
  assertEquals([live.code, live.stderr], [
    2,
    "ioeventfd: bench: --kernel is for the model alone\n",
  ]);
});

import { assert, assertEquals } from "@std/assert";
import { release } from "@ioeventfd/uapi";
import { makeGuest } from "../testdata/guest.ts";
import { costTable, modelledCycles, publishedFigures } from "./cost_table.ts";
import { workNames } from "./work_counters.ts";

const BAR = 0xfebf_e800;
const PORT = 0xc080;

/** Registrations and stores of pci-testdev's six tests, by kvm-unit-tests' names. */
const shapes: Record<string, { bus: "mmio" | "pio"; len?: 1; datamatch?: bigint }> = {
  "mmio-no-eventfd:pci-mem": { bus: "mmio" },
  "mmio-wildcard-eventfd:pci-mem": { bus: "mmio", len: 1 },
  "mmio-datamatch-eventfd:pci-mem": { bus: "mmio", len: 1, datamatch: 0xfan },
  "portio-no-eventfd:pci-io": { bus: "pio" },
  "portio-wildcard-eventfd:pci-io": { bus: "pio", len: 1 },
  "portio-datamatch-eventfd:pci-io": { bus: "pio", len: 1, datamatch: 0xfan },
};

/** Modelled cycles of one kick, without those that come first. */
function cyclesOf(kernel: string, shape: { bus: "mmio" | "pio"; len?: 0 | 1; datamatch?: bigint }) {
  const kick = shape.bus === "mmio" ? [0x88, 0x07] : [0xee];
  const count = 100;
  const code = [...kick, 0xe6, 0x10, ...Array(count).fill(kick).flat(), 0xf4];
  using guest = makeGuest({
    kernel,
    code,
    regs: { rdi: BigInt(BAR), rdx: BigInt(PORT), rax: 0xfan },
  });
  const at = shape.bus === "mmio" ? BAR : PORT;
  if (shape.len !== undefined) guest.doorbell(at, shape.len, shape.datamatch, shape.bus);
  for (let exit = guest.vcpu.run(); exit.reason !== "io" || exit.port !== 0x10;) {
    exit = guest.vcpu.run();
  }
  guest.vcpu.work.reset();
  while (guest.vcpu.run().reason !== "hlt");
  const { work } = guest.vcpu;
  const path =
    (["fast-mmio", "mmio-kernel", "mmio-userspace", "pio-kernel", "pio-userspace"] as const)
      .find((name) => work.work(name).exits >= count)!;
  return modelledCycles(work.work(path)) / work.work(path).exits;
}

for (const { name, cycles } of publishedFigures) {
  Deno.test(`the cost table reproduces ${name} within 10 %`, () => {
    // The figures are of 2013, the year before fast MMIO.
    const modelled = cyclesOf("3.14", shapes[name]!);
    assert(Math.abs(modelled / cycles - 1) < 0.1, `${modelled} cycles, published ${cycles}`);
  });
}

Deno.test("a fast MMIO kick costs about what a port kick costs, as its commit says", () => {
  const fast = cyclesOf("6.19", { bus: "mmio", len: 0 });
  const port = cyclesOf("6.19", { bus: "pio", len: 1 });
  assert(Math.abs(fast / port - 1) < 0.05, `${fast} against ${port}`);
});

Deno.test("every kind of work has one cost, with a source", () => {
  assertEquals(costTable.map(({ work }) => work), [...workNames]);
  for (const { source, cycles } of costTable) assert(source.length > 10 && cycles > 0);
  assertEquals(release("3.14").x86.fastMmio, false);
});

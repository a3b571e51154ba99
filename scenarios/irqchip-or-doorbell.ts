/**
 * Interrupt controllers in the kernel are devices on the same buses. Registered first, the device keeps its ports, but
 * for a doorbell of fixed length at its very first port, which steals from it; registered later, it gets none that a
 * doorbell has. And as the bus is no order, two such doorbells together hide one of themselves. The LAPIC's page is
 * asked before any bus.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import { type Doorbell, mmioDoorbell, pioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const first = pioDoorbell(0x20n, 1), second = pioDoorbell(0x21n, 1);
const lapic = mmioDoorbell(0xfee0_0000n, 4);

interface Case {
  readonly doorbells: readonly Doorbell[];
  readonly picFirst: boolean;
  /** Which of them ring; the others go to the device. */
  readonly ring: readonly boolean[];
}

const cases: readonly Case[] = [
  { doorbells: [first], picFirst: true, ring: [true] },
  { doorbells: [second], picFirst: true, ring: [false] },
  { doorbells: [first], picFirst: false, ring: [true] },
  { doorbells: [second], picFirst: false, ring: [true] },
  { doorbells: [first, second], picFirst: false, ring: [false, true] },
  { doorbells: [lapic], picFirst: true, ring: [false] },
  { doorbells: [lapic], picFirst: false, ring: [false] },
];

/** PIC, LAPIC and doorbells. */
export const scenario: Scenario = {
  name: "irqchip-or-doorbell",
  about: "A doorbell on a port of the in-kernel PIC: who was first has it, the first port apart",
  kernels: ["6.19", "5.15"],
  play(stage) {
    for (const { doorbells, picFirst, ring } of cases) {
      const vm = stage.vm();
      if (picFirst) vm.kvm.createIrqchip();
      const kicks = doorbells.map((doorbell, i) => {
        const kick = stage.eventfd(`doorbell ${i}`);
        vm.assign(doorbell, kick);
        return kick;
      });
      if (!picFirst) vm.kvm.createIrqchip();
      doorbells.forEach(({ bus, addr, match }, i) => {
        // Nothing of it exits: either the eventfd has it or the device.
        vm.expectWrite("kernel", bus as "mmio" | "pio", addr, match.len, 0xffn);
        kicks[i]!.expectCount(ring[i] ? 1 : 0);
        stage.row({
          write: `${bus} ${hex(addr)}`,
          doorbells: doorbells.length,
          "registered first": picFirst ? "irqchip" : "doorbell",
          taken: ring[i] ? "by the eventfd" : "by the device",
        });
      });
    }
  },
};

if (import.meta.main) await main(scenario);

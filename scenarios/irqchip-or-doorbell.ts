/**
 * Interrupt controllers in the kernel are devices on the same buses. Registered first, the device keeps its ports, but
 * for a doorbell of fixed length at its very first port, which steals from it; registered later, it gets none that a
 * doorbell has. The LAPIC's page is asked before any bus.
 *
 * @module
 */
import { mmioDoorbell, pioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const pic = 0x20n, lapic = 0xfee0_0000n;

/** PIC, LAPIC and doorbells. */
export const scenario: Scenario = {
  name: "irqchip-or-doorbell",
  about: "A doorbell on a port of the in-kernel PIC: who was first has it, the first port apart",
  kernels: ["6.19", "5.15"],
  play(stage) {
    for (const order of ["PIC first", "doorbells first"]) {
      const vm = stage.vm();
      const kick = (name: string) => stage.eventfd(`${name}, ${order}`);
      const first = kick("length 1 at the first port"), second = kick("length 1 at the second");
      const apic = kick("at the LAPIC");
      if (order === "PIC first") vm.kvm.createIrqchip();
      vm.assign(pioDoorbell(pic, 1), first);
      vm.assign(pioDoorbell(pic + 1n, 1), second);
      vm.assign(mmioDoorbell(lapic, 4), apic);
      if (order === "doorbells first") vm.kvm.createIrqchip();
      vm.expectWrite("kernel", "pio", pic, 1, 0x20n);
      vm.expectWrite("kernel", "pio", pic + 1n, 1, 0xffn);
      vm.expectWrite("kernel", "mmio", lapic, 4);
      first.expectCount(1);
      second.expectCount(order === "PIC first" ? 0 : 1);
      apic.expectCount(0);
    }
  },
};

if (import.meta.main) await main(scenario);

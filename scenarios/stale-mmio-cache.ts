/**
 * Each vCPU notes the page of its last emulated access. Up to 3.16 the note has no date: RAM put over that page does not
 * get the guest's stores, which go on leaving to userspace until another page is noted.
 *
 * @module
 */
import type { Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n, page = 0x1000;

/** A note without a date. */
export const scenario: Scenario = {
  name: "stale-mmio-cache",
  about: "RAM put where the guest just had an exit: up to 3.16 the next store still exits",
  kernels: ["3.16", "seed", "3.14", "4.4", "5.15", "6.19"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    cpu.store(addr, 4, 1n);
    cpu.store(addr, 4, 1n); // emulated, and noted
    cpu.expectExits(["mmio write 0xfebfb000 len 4 = 0x1"]);
    vm.ram(page, { gpa: addr });
    cpu.store(addr, 4, 2n);
    if (stage.release.x86.mmioCacheHasGeneration) {
      cpu.expectExits([]);
      vm.expectMemory(addr, [2, 0, 0, 0]);
    } else {
      cpu.expectExits(["mmio write 0xfebfb000 len 4 = 0x2"]);
      vm.expectMemory(addr, [0, 0, 0, 0]);
    }
  },
};

if (import.meta.main) await main(scenario);

/**
 * The fast bus is asked before KVM checks whether its note "no memory here" is still true. RAM that is put over a doorbell
 * which the guest has rung before does not get the guest's stores: they still kick.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n, page = 0x1000;

/** RAM that stays empty. */
export const scenario: Scenario = {
  name: "fast-stale-memslot",
  about: "RAM put over a zero-length doorbell: stores kick as before, and the RAM stays empty",
  kernels: ["6.19", "5.15", "4.4", "3.16"],
  skip: [{ backend: "kvm", reason: "it needs EPT, which the model has" }],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(addr), kick);
    cpu.store(addr, 4); // installs the MMIO SPTE
    const before = kick.count();

    vm.ram(page, { gpa: addr });
    cpu.store(addr, 4, 0x1234n);
    cpu.expectExits([]);
    kick.expectCount(before + 1n);
    vm.expectMemory(addr, [0, 0, 0, 0]);

    // A store beside the doorbell misses the fast bus, finds the note outdated, and maps the RAM.
    cpu.store(addr + 8n, 4, 0x55n);
    if (stage.release.x86.mmioCacheHasGeneration) {
      vm.expectMemory(addr + 8n, [0x55, 0, 0, 0]);
      cpu.store(addr, 4, 0x1234n);
      vm.expectMemory(addr, [0x34, 0x12, 0, 0]);
      kick.expectCount(before + 1n);
    } else {stage.note(
        `On ${stage.release.name} not even that: the vCPU's own note has no generation.`,
      );}
  },
};

if (import.meta.main) await main(scenario);

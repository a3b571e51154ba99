/**
 * Memory over a doorbell: RAM takes the stores and the eventfd is silent, without touching the registration; read-only
 * memory lets them through, so a doorbell can sit in memory that the guest may read. The bus is never told about slots.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n, page = 0x1000;

/** RAM, none, read-only. */
export const scenario: Scenario = {
  name: "memory-slots",
  about: "RAM over a doorbell silences it, read-only memory does not: a doorbell that can be read",
  // Earlier, a vCPU's own note outlives the change: stale-mmio-cache.ts.
  kernels: ["6.19", "5.15", "4.4"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(addr, 4), kick);

    vm.ram(page, { gpa: addr, slot: 7 });
    cpu.store(addr, 4, 0x1234n);
    cpu.expectExits([]);
    vm.expectMemory(addr, [0x34, 0x12, 0, 0]);
    kick.expectCount(0);

    vm.removeSlot(7);
    cpu.store(addr, 4, 0x1234n);
    cpu.expectExits([]);
    kick.expectCount(1);

    const rom = vm.ram(page, { gpa: addr, slot: 7, readonly: true });
    rom.bytes.set([0xaa, 0xbb, 0xcc, 0xdd]);
    cpu.store(addr, 4, 0x1234n);
    cpu.expectExits([]);
    kick.expectCount(2);
    stage.expectEqual("what the guest reads", cpu.read(addr, 4), 0xddccbbaan);
    cpu.expectExits([]);
    cpu.store(addr + 8n, 4, 0n);
    cpu.expectExits(["mmio write 0xfebfb008 len 4 = 0x0"]);
    vm.expectMemory(addr, [0xaa, 0xbb, 0xcc, 0xdd]);
  },
};

if (import.meta.main) await main(scenario);

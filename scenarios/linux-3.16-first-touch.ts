/**
 * In 3.16 the normal bus cannot find a zero-length entry: its comparison wants the write to lie inside the entry. Only
 * the fast bus can, and the first store to a page never goes there. A VMM whose driver has no handler behind the exit,
 * because "the ioeventfd has it", loses the first kick of each page, and one more after each change of memory slots.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;

/** The first one goes to userspace. */
export const scenario: Scenario = {
  name: "linux-3.16-first-touch",
  about: "Linux 3.16: the first store to a zero-length doorbell's page exits, the next are fast",
  kernels: ["3.16"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(addr), kick);
    cpu.store(addr, 2);
    cpu.expectExits(["mmio write 0xfebfb000 len 2 = 0x0"]);
    kick.expectCount(0);
    cpu.store(addr, 2);
    cpu.expectExits([]);
    kick.expectCount(1);
    cpu.expectWork({ decoded: 0, bytesFetched: 0 });

    // Memory that goes away takes the note along.
    vm.ram(0x1000, { gpa: addr, slot: 7 });
    vm.removeSlot(7);
    cpu.store(addr, 2);
    cpu.expectExits(["mmio write 0xfebfb000 len 2 = 0x0"]);
  },
};

if (import.meta.main) await main(scenario);

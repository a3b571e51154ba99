/**
 * Registrations that KVM accepts and no guest can ring: a value with bits above the length, such as a sign-extended -1;
 * a port above 0xffff; 8 bytes to a port. `ioeventfd lint` finds them.
 *
 * @module
 */
import { mmioDoorbell, pioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n, port = 0xc010n;

/** Accepted for nothing. */
export const scenario: Scenario = {
  name: "never-fires",
  about: "A value wider than its length, a port above 0xffff: accepted, and never rung",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const never = stage.eventfd("never");
    vm.assign(mmioDoorbell(addr, 1, 0xffff_ffff_ffff_ffffn), never);
    vm.assign(mmioDoorbell(addr, 4, 0x1_0000_0001n), never);
    vm.assign(pioDoorbell(0x1_0000n + port, 2), never);
    vm.assign(pioDoorbell(port, 8), never);
    cpu.store(addr, 1, 0xffn);
    cpu.expectExits(["mmio write 0xfebfb000 len 1 = 0xff"]);
    cpu.store(addr, 4, 1n);
    cpu.expectExits(["mmio write 0xfebfb000 len 4 = 0x1"]);
    for (const len of [1, 2, 4]) {
      cpu.out(port, len);
      cpu.expectExits([`io write 0xc010 len ${len} = 0x0`]);
    }
    never.expectCount(0);
    // They do not even stand in the way of the right ones.
    const kick = stage.eventfd("kick");
    vm.assign(mmioDoorbell(addr, 1, 0xffn), kick);
    vm.assign(pioDoorbell(port, 2), kick);
    cpu.store(addr, 1, 0xffn);
    cpu.out(port, 2);
    kick.expectCount(2);
  },
};

if (import.meta.main) await main(scenario);

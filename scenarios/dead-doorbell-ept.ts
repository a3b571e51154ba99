/**
 * The dead doorbell where the CPU has EPT: a zero-length doorbell is on the fast MMIO bus too, which has zero-length
 * entries alone and so is never out of order. The first store to the page still goes the slow way, and is lost to
 * userspace; after it the fast bus answers. A test that rings twice sees nothing wrong.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const A = 0xfebf_b000n;

/** Dead once. */
export const scenario: Scenario = {
  name: "dead-doorbell-ept",
  about: "With EPT the dead doorbell misses its first kick alone: the fast MMIO bus has the others",
  kernels: ["6.19", "5.15"],
  skip: [{ backend: "kvm", reason: "it needs EPT, which the model has" }],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("any length at A+4");
    vm.assign(mmioDoorbell(A + 4n), kick);
    vm.assign(mmioDoorbell(A, 4), stage.eventfd("length 4 at A"));
    cpu.store(A + 4n, 4);
    cpu.expectExits(["mmio write 0xfebfb004 len 4 = 0x0"]);
    kick.expectCount(0);
    cpu.store(A + 4n, 4);
    cpu.expectExits([]);
    kick.expectCount(1);
  },
};

if (import.meta.main) await main(scenario);

/**
 * The dead doorbell comes and goes with registrations that have nothing to do with it: each changes the length of the
 * array, so the binary search starts elsewhere. In a VMM with hotplug this is a device that works until another one is
 * plugged in.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const A = 0xfebf_b000n;

/** Alive, dead, alive. */
export const scenario: Scenario = {
  name: "flapping-doorbell",
  about:
    "An unrelated registration mends or breaks a doorbell: one below mends it, one above breaks it",
  kernels: ["6.19", "5.15"],
  paging: "shadow",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("any length at A+4"), other = stage.eventfd("others");
    const below = mmioDoorbell(A - 0x1000n, 4), above = mmioDoorbell(A + 0x1000n, 4);
    vm.assign(mmioDoorbell(A + 4n), kick);
    vm.assign(mmioDoorbell(A, 4), other);
    const ring = (state: string, rings: boolean) => {
      cpu.store(A + 4n, 4);
      stage.row({ registrations: vm.registrations.length, after: state, rings: String(rings) });
      cpu.expectExits(rings ? [] : ["mmio write 0xfebfb004 len 4 = 0x0"]);
    };
    ring("length 4 at A", false);
    vm.assign(below, other);
    ring("one more below", true);
    vm.assign(above, other);
    ring("one more above", false);
    vm.deassign(below, other);
    vm.deassign(above, other);
    ring("both gone", false);
    // Registering the dead one again puts it where the search comes by.
    vm.deassign(mmioDoorbell(A + 4n), kick);
    vm.assign(mmioDoorbell(A + 4n), kick);
    ring("itself again", true);
  },
};

if (import.meta.main) await main(scenario);

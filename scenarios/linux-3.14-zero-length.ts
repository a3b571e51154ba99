/**
 * Before the commit: length 0 is no length. A VMM that wants "any store here" registers the four lengths one by one, and
 * each takes an eventfd's place on the bus; the collision rule lets them stand side by side.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { KVM_CAP_IOEVENTFD_NO_LENGTH } from "@ioeventfd/uapi";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;

/** Four registrations for one doorbell. */
export const scenario: Scenario = {
  name: "linux-3.14-zero-length",
  about: "Linux 3.14 refuses zero length: four fixed lengths do the job, in a suboptimal way",
  kernels: ["3.14"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    stage.expectEqual("the capability", stage.kvm.checkExtension(KVM_CAP_IOEVENTFD_NO_LENGTH), 0);
    vm.expectRefused("EINVAL", mmioDoorbell(addr), kick);
    // In this order. In ascending order length 4 would be dead: four-lengths-order.ts.
    for (const len of [1, 4, 2, 8] as const) vm.assign(mmioDoorbell(addr, len), kick);
    for (const len of [1, 2, 4, 8]) {
      cpu.store(addr, len);
      cpu.expectExits([]);
    }
    kick.expectCount(4);
    cpu.expectWork({ decoded: 1, fetchPageTableReads: { atLeast: 3 } });
    stage.note(
      "The commit of 2014 made one registration of these four, and took the page lookup away.",
    );
  },
};

if (import.meta.main) await main(scenario);

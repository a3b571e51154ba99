/**
 * The seed commit and 3.16 take zero length in memory alone. A VMM that looks at the capability for "no length" and then
 * asks for a port gets EINVAL; the capability that promises ports too came later, as "any length".
 *
 * @module
 */
import { mmioDoorbell, pioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { KVM_CAP_IOEVENTFD_ANY_LENGTH, KVM_CAP_IOEVENTFD_NO_LENGTH } from "@ioeventfd/uapi";
import { main } from "./_main.ts";

/** EINVAL in spite of the capability. */
export const scenario: Scenario = {
  name: "linux-3.16-pio-zero-length",
  about: "Zero length on a port is EINVAL until 4.4, though the capability says yes",
  kernels: ["3.16", "seed"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    stage.expectEqual("no length", stage.kvm.checkExtension(KVM_CAP_IOEVENTFD_NO_LENGTH), 1);
    stage.expectEqual("any length", stage.kvm.checkExtension(KVM_CAP_IOEVENTFD_ANY_LENGTH), 0);
    vm.assign(mmioDoorbell(0xfebfb000n), kick);
    vm.expectRefused("EINVAL", pioDoorbell(0xc010n), kick);
    // What works everywhere: the length that the driver uses.
    vm.assign(pioDoorbell(0xc010n, 2), kick);
    cpu.out(0xc010n, 2, 5n);
    cpu.expectExits([]);
    kick.expectCount(1);
  },
};

if (import.meta.main) await main(scenario);

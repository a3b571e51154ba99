/**
 * Up to 4.4 KVM lets the guest use port 0x80 directly, the port that old code writes to for a short delay. A doorbell
 * there is accepted and never rings, and no exit tells.
 *
 * @module
 */
import { pioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

/** The port with a hole. */
export const scenario: Scenario = {
  name: "port-80",
  about: "A doorbell at port 0x80 is silent up to 4.4: accesses there never leave the guest",
  kernels: ["4.4", "3.16", "seed", "3.14", "5.15", "6.19"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const post = stage.eventfd("port 0x80"), beside = stage.eventfd("port 0x81");
    vm.assign(pioDoorbell(0x80n, 1), post);
    vm.assign(pioDoorbell(0x81n, 1), beside);
    cpu.out(0x80n, 1, 0x55n);
    cpu.expectExits([]);
    post.expectCount(stage.release.x86.port80Bypass ? 0 : 1);
    cpu.out(0x81n, 1, 0x55n);
    beside.expectCount(1);
  },
};

if (import.meta.main) await main(scenario);

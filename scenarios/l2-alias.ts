/**
 * The guest runs a guest of its own. In 3.16 and 4.4 KVM asks the fast bus with the address that the exit has, which is
 * then one of the inner guest's: a store to its own device at the same number kicks the outer guest's device.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;

/** An address of another world. */
export const scenario: Scenario = {
  name: "l2-alias",
  about: "A nested guest's store to its own address rings the doorbell of its host's device",
  kernels: ["3.16", "4.4", "5.15", "6.19"],
  skip: [{ backend: "kvm", reason: "it needs nested EPT, which the model has" }],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("the outer guest's queue");
    vm.assign(mmioDoorbell(addr), kick);
    cpu.store(addr, 4);
    const before = kick.count();

    cpu.setNested(true);
    cpu.load((a) => {
      a.mov(a.edi, addr);
      a.mov(a.ptr(a.rdi), a.eax);
      a.hlt();
    });
    cpu.run();
    cpu.setNested(false);
    const fast = cpu.work?.["fast-mmio"]?.exits ?? 0;
    stage.expectEqual("fast hits", fast, stage.release.x86.fastHitInL2 ? 1 : 0);
    if (stage.release.x86.fastHitInL2) kick.expectCount(before + 1n);
  },
};

if (import.meta.main) await main(scenario);

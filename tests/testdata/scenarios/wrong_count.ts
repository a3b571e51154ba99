import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";

export const scenario: Scenario = {
  name: "wrong-count",
  about: "It expects one kick too many",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(0xfebf_b000n), kick);
    cpu.store(0xfebf_b004n, 2, 7n);
    cpu.store(0xfebf_b000n, 2, 7n);
    kick.expectCount(2);
  },
};

import type { Scenario } from "@ioeventfd/scenario";

export const scenario: Scenario = {
  name: "overlapping-slots",
  about: "Its memory overlaps",
  play(stage) {
    const { vm } = stage.machine();
    vm.ram(0x1000, { gpa: 0x2000n });
  },
};

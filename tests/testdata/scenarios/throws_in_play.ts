import type { Scenario } from "@ioeventfd/scenario";

export const scenario: Scenario = {
  name: "throws-in-play",
  about: "Its script is wrong",
  play(stage) {
    stage.vm().cpu("prot64");
  },
};

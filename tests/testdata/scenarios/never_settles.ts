import type { Scenario } from "@ioeventfd/scenario";

/** Waits for what never comes. */
export const scenario: Scenario = {
  name: "never-settles",
  about: "A promise that nothing settles",
  play(stage) {
    stage.machine();
    return new Promise(() => {});
  },
};

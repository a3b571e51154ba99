import type { Scenario } from "@ioeventfd/scenario";

/** Throws where nobody catches it. */
export const scenario: Scenario = {
  name: "throws-later",
  about: "An error in a timer, while play() waits",
  play() {
    setTimeout(() => {
      throw new Error("out of coffee");
    });
    return new Promise((resolve) => setTimeout(resolve, 1_000));
  },
};

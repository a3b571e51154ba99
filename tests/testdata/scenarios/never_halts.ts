import type { Scenario } from "@ioeventfd/scenario";

export const scenario: Scenario = {
  name: "never-halts",
  about: "Its guest goes round in circles",
  limits: { maxInstructions: 20_000, timeoutMs: 100 },
  play(stage) {
    stage.machine().cpu.runProgram((a) => a.jmp(a.label("here")));
  },
};

import type { Scenario } from "@ioeventfd/scenario";

export const scenario: Scenario = {
  name: "unmapped-code",
  about: "Its guest jumps to where no memory is",
  play(stage) {
    stage.machine().cpu.runProgram((a) => {
      a.mov(a.eax, 0x80_0000);
      a.jmp(a.rax);
    });
  },
};

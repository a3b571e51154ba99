/**
 * A VMM that resets or migrates a vCPU while it handles an OUT needs to know whether RIP has moved. Up to 4.4 it has; since
 * then it moves when the guest is entered again, except after port 0x7e, on which somebody relied.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import { guestLayout, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

/** Before or after. */
export const scenario: Scenario = {
  name: "out-rip",
  about: "RIP during the exit of an OUT: after it up to 4.4, on it since then, port 0x7e apart",
  kernels: ["6.19", "5.15", "4.4", "3.16", "seed", "3.14"],
  skip: [{ backend: "kvm", reason: "not every KVM leaves VMX's way of it to see" }],
  play(stage) {
    const { outAdvancesRipFirst, port7eQuirk } = stage.release.x86;
    const { cpu } = stage.machine();
    for (const port of [0x70, 0x7e]) {
      let during = 0n;
      cpu.onWrite = () => during = cpu.vcpu.getRegs().rip;
      cpu.runProgram((a) => {
        a.out(port, a.al); // 2 bytes
        a.hlt();
      });
      const early = outAdvancesRipFirst || (port7eQuirk && port === 0x7e);
      stage.row({ port: hex(port), "RIP has moved": String(early) });
      stage.expectEqual(`RIP at port ${port}`, during, BigInt(guestLayout.code + (early ? 2 : 0)));
    }
  },
};

if (import.meta.main) await main(scenario);

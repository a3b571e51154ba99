/**
 * A debugger in the guest steps over a doorbell. Until the skip after a fast hit was made the common one, the debug
 * exception was lost with it, and the step became two.
 *
 * @module
 */
import { guestLayout, mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;
const trapFlag = 0x100, debugVector = 1;

/** One step or two. */
export const scenario: Scenario = {
  name: "fast-single-step",
  about: "Single-stepping a fast kick: the #DB comes after it, or after the next instruction",
  kernels: ["4.4", "3.16", "5.15", "6.19"],
  skip: [{ backend: "kvm", reason: "it needs EPT, which the model has" }],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(addr), kick);
    cpu.store(addr, 4);
    cpu.runProgram((a) => {
      a.mov(a.edi, addr);
      a.mov(a.ebx, 0);
      a.pushf();
      a.or(a.qword(a.rsp), trapFlag);
      a.popf();
      a.mov(a.ptr(a.rdi), a.eax); // the kick that is stepped over
      a.inc(a.ebx);
      a.inc(a.ebx);
      a.hlt();
    });
    // The handler of vector n is a HLT at handlers + n.
    cpu.expectRegister("rip", BigInt(guestLayout.handlers + debugVector + 1));
    cpu.expectRegister("rbx", stage.release.x86.fastSingleStep ? 0n : 1n);
  },
};

if (import.meta.main) await main(scenario);

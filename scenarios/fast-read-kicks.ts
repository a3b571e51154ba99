/**
 * An EPT misconfiguration tells KVM an address and nothing else: not even whether the guest reads or writes. So a load
 * from a zero-length doorbell kicks the device, the instruction is skipped, and the register keeps what it held. Nobody
 * who debugs a driver by reading its notification register will expect that. It was never fixed.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;

/** A read that kicks. */
export const scenario: Scenario = {
  name: "fast-read-kicks",
  about: "A load from a zero-length doorbell signals it, is skipped, and leaves its register alone",
  kernels: ["6.19", "5.15", "4.4", "3.16"],
  skip: [{ backend: "kvm", reason: "it needs EPT, which the model has" }],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(addr), kick);
    cpu.onRead = () => 0x7777n;

    // The first touch is emulated, and emulation knows a load from a store.
    stage.expectEqual("the first load", cpu.read(addr, 4), 0x7777n);
    cpu.expectExits(["mmio read 0xfebfb000 len 4"]);
    kick.expectCount(0);

    cpu.runProgram((a) => {
      a.mov(a.edi, addr);
      a.mov(a.eax, 0x1234);
      a.mov(a.eax, a.ptr(a.rdi));
      a.hlt();
    });
    cpu.expectExits([]);
    cpu.expectRegister("rax", 0x1234n);
    kick.expectCount(1);

    // A read-modify-write is skipped whole as well.
    cpu.runProgram((a) => {
      a.mov(a.edi, addr);
      a.mov(a.eax, 5);
      a.xchg(a.ptr(a.rdi), a.eax);
      a.hlt();
    });
    cpu.expectExits([]);
    cpu.expectRegister("rax", 5n);
    kick.expectCount(2);
  },
};

if (import.meta.main) await main(scenario);

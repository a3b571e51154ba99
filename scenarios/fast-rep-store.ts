/**
 * A fast hit skips the whole instruction. A REP STOS that begins at a zero-length doorbell kicks once and is gone, its
 * count and pointer untouched; emulated, it stores element by element. Never fixed either.
 *
 * @module
 */
import { type Assembler, mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;

function repStore(a: Assembler): void {
  a.cld();
  a.mov(a.edi, addr);
  a.mov(a.eax, 0);
  a.mov(a.ecx, 3);
  a.rep().stos(4);
  a.hlt();
}

/** Three stores, one kick. */
export const scenario: Scenario = {
  name: "fast-rep-store",
  about: "REP STOS to a zero-length doorbell: one kick, and the other stores never happen",
  kernels: ["6.19", "5.15", "4.4"],
  skip: [{ backend: "kvm", reason: "it needs EPT, which the model has" }],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(addr), kick);

    // The page's first touch goes through the emulator, which makes all three stores.
    cpu.runProgram(repStore);
    cpu.expectExits(["mmio write 0xfebfb004 len 4 = 0x0", "mmio write 0xfebfb008 len 4 = 0x0"]);
    cpu.expectRegister("rcx", 0n);
    kick.expectCount(1);

    cpu.runProgram(repStore);
    cpu.expectExits([]);
    cpu.expectRegister("rcx", 3n);
    cpu.expectRegister("rdi", addr);
    kick.expectCount(2);
  },
};

if (import.meta.main) await main(scenario);

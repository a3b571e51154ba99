/**
 * A driver that sets a bit in a doorbell register: the load exits, because no eventfd answers loads, and the store that
 * follows is matched with the value computed from what userspace answered. A CMPXCHG that fails stores too.
 *
 * @module
 */
import { type Assembler, mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n;

/** Load, then store. */
export const scenario: Scenario = {
  name: "read-modify-write",
  about: "Read-modify-write of a doorbell: the load exits, the store kicks with what was computed",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("value 8");
    vm.assign(mmioDoorbell(addr, 4, 8n), kick);
    cpu.onRead = () => 5n;
    const modify = (program: (a: Assembler) => void) =>
      cpu.runProgram((a) => {
        a.mov(a.edi, addr);
        program(a);
        a.hlt();
      });

    modify((a) => a.lock().add(a.dword(a.rdi), 3));
    cpu.expectExits(["mmio read 0xfebfb000 len 4"]);
    kick.expectCount(1);
    modify((a) => a.inc(a.dword(a.rdi)));
    cpu.expectExits(["mmio read 0xfebfb000 len 4", "mmio write 0xfebfb000 len 4 = 0x6"]);

    // EAX is not what the register holds, so CMPXCHG fails, and writes back what it read.
    cpu.onRead = () => 8n;
    modify((a) => {
      a.mov(a.eax, 1);
      a.mov(a.ecx, 2);
      a.cmpxchg(a.ptr(a.rdi), a.ecx);
    });
    cpu.expectExits(["mmio read 0xfebfb000 len 4"]);
    cpu.expectRegister("rax", 8n);
    kick.expectCount(2);
  },
};

if (import.meta.main) await main(scenario);

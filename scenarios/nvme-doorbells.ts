/**
 * An NVMe controller with 64 queue pairs: 128 doorbells of 4 bytes in one page. An eventfd says that a doorbell was rung
 * and not what was written, and an NVMe doorbell's value is the new tail. So a VMM registers them only once the driver
 * keeps the values in memory too: shadow doorbells.
 *
 * @module
 */
import { costRow, mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const doorbellPage = 0xfebf_1000n;
/** The shadow doorbells, in the guest's RAM. */
const shadow = 0x9000n;
const pairs = 64;

/** 64 queue pairs. */
export const scenario: Scenario = {
  name: "nvme-doorbells",
  about: "128 NVMe doorbells in one page: the eventfd says which, shadow doorbells say how far",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kicks = Array.from({ length: 2 * pairs }, (_, index) => {
      const queue = index >> 1, kind = index % 2 === 0 ? "submission" : "completion";
      const kick = stage.eventfd(`${kind} queue ${queue}`);
      // 4 bytes, any value: one at each stride of 4, so none touches what another covers.
      vm.assign(mmioDoorbell(doorbellPage + 4n * BigInt(index), 4), kick);
      return kick;
    });

    // The driver moves every tail to 1 more than the queue's number: memory first, then the doorbell.
    cpu.runProgram((a) => {
      a.mov(a.esi, shadow);
      a.mov(a.edi, doorbellPage);
      a.mov(a.ecx, 0);
      const next = a.label("next queue");
      a.inc(a.ecx);
      a.mov(a.ptr(a.rsi), a.ecx);
      a.mov(a.ptr(a.rdi), a.ecx);
      a.add(a.esi, 8);
      a.add(a.edi, 8);
      a.cmp(a.ecx, pairs);
      a.jnz(next);
      a.hlt();
    });
    cpu.expectExits([]);
    stage.row({ rang: `${pairs} submission queues`, ...costRow(cpu) });

    kicks.forEach((kick, index) => kick.expectCount(index % 2 === 0 ? 1 : 0));
    // The thread that serves queue 41 wakes, and reads from memory what the eventfd did not keep.
    stage.expectEqual("kicks of queue 41", kicks[82]!.read(), 1n);
    vm.expectMemory(shadow + 8n * 41n, [42, 0, 0, 0]);

    // A completion head that the driver writes in 8 bytes matches neither of the two it covers.
    cpu.store(doorbellPage + 4n, 8, 0n);
    cpu.expectExits(["mmio write 0xfebf1004 len 8 = 0x0"]);
  },
};

if (import.meta.main) await main(scenario);

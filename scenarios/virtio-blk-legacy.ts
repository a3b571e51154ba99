/**
 * virtio-blk-pci with `disable-modern=on`: one port for all queues, and the value says which. Length and value must both
 * be right, or the VMM gets an exit that it has to answer as if there were no ioeventfd.
 *
 * @module
 */
import { costRow, qemuVirtioPciLegacy, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

/** One port, told apart by value. */
export const scenario: Scenario = {
  name: "virtio-blk-legacy",
  about: "One port for all queues: length 2 and the queue's number must match",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const doorbells = qemuVirtioPciLegacy({ base: 0xc000n, queues: 2 });
    const kicks = doorbells.map((doorbell, queue) => {
      const kick = stage.eventfd(`queue ${queue}`);
      vm.assign(doorbell, kick);
      return kick;
    });
    doorbells.forEach((doorbell, queue) => {
      cpu.ring(doorbell);
      cpu.expectExits([]);
      // An OUT tells KVM port, length and value by itself: nothing is fetched or decoded.
      cpu.expectWork({ bytesFetched: 0, decoded: 0, fetchPageTableReads: 0 });
      stage.row({ queue, ...costRow(cpu) });
    });
    for (const kick of kicks) kick.expectCount(1);

    // Near misses. Each is a working doorbell in a driver's author's mind, and an exit.
    const port = doorbells[0]!.addr;
    cpu.out(port, 2, 2n);
    cpu.expectExits(["io write 0xc010 len 2 = 0x2"]);
    cpu.out(port, 1, 0n);
    cpu.expectExits(["io write 0xc010 len 1 = 0x0"]);
    cpu.out(port, 4, 0n);
    cpu.expectExits(["io write 0xc010 len 4 = 0x0"]);
    for (const kick of kicks) kick.expectCount(1);
  },
};

if (import.meta.main) await main(scenario);

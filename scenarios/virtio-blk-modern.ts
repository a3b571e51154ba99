/**
 * virtio-blk-pci as QEMU wires it today: each queue has an address of its own in the notification BAR, and its
 * ioeventfd takes a store of any length. The address says which queue, so nobody has to look at the value: that is what
 * lets VMX answer with the guest physical address alone.
 *
 * @module
 */
import { costRow, qemuVirtioPciModern, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const queues = 4;

/** Zero length per queue. */
export const scenario: Scenario = {
  name: "virtio-blk-modern",
  about: "Zero length for each queue: one address each, any store kicks, no page is looked up",
  // Before 4.4 the first touch of the page goes to userspace: linux-3.16-first-touch.ts shows it.
  kernels: ["6.19", "5.15", "4.4"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const doorbells = qemuVirtioPciModern({ notify: 0xfebfb000n, queues });
    const kicks = doorbells.map((doorbell, queue) => {
      const kick = stage.eventfd(`queue ${queue}`);
      vm.assign(doorbell, kick);
      return kick;
    });

    // Linux's driver writes the queue's number in 2 bytes, others write 4: both kick.
    for (const len of [2, 4]) {
      doorbells.forEach(({ addr }, queue) => {
        cpu.store(addr, len, BigInt(queue));
        cpu.expectExits([]);
        stage.row({ queue, "store of": len, ...costRow(cpu) });
      });
    }
    for (const kick of kicks) kick.expectCount(2);

    // All queues are on one page, so one MMIO SPTE serves them.
    cpu.ring(doorbells[3]!);
    cpu.expectWork({ spteInstalls: 0, fetchPageTableReads: 0, dataPageTableReads: 0, decoded: 0 });

    // An address between two doorbells is nobody's: the VMM should be told, not the neighbour.
    cpu.store(doorbells[0]!.addr + 2n, 2, 0n);
    cpu.expectExits(["mmio write 0xfebfb002 len 2 = 0x0"]);
  },
};

if (import.meta.main) await main(scenario);

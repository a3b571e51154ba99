/**
 * virtio-mmio as QEMU, Firecracker and kvmtool wire it: QueueNotify is a register at 0x50, 4 bytes, and the value is the
 * queue. The value matters, so every kick is fetched, decoded and walked; firecracker's virtio-pci is the way out.
 *
 * @module
 */
import { costRow, type Scenario, virtioMmio } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const base = 0xd000_0000n;

/** Length 4, datamatch. */
export const scenario: Scenario = {
  name: "virtio-mmio",
  about: "QueueNotify of virtio-mmio: length 4, the queue's number as the value",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const doorbells = virtioMmio({ base, queues: 3 });
    const kicks = doorbells.map((doorbell, queue) => {
      const kick = stage.eventfd(`queue ${queue}`);
      vm.assign(doorbell, kick);
      return kick;
    });
    for (const doorbell of doorbells) cpu.ring(doorbell);
    doorbells.forEach((doorbell, queue) => {
      cpu.ring(doorbell);
      cpu.expectExits([]);
      cpu.expectWork({
        decoded: 1,
        bytesFetched: { atLeast: 2 },
        fetchPageTableReads: { atLeast: 3 },
      });
      stage.row({ queue, ...costRow(cpu) });
    });
    for (const kick of kicks) kick.expectCount(2);

    // The other registers of the page are the VMM's: status at 0x70, a load of the magic at 0x00.
    cpu.store(base + 0x70n, 4, 0xfn);
    cpu.expectExits(["mmio write 0xd0000070 len 4 = 0xf"]);
    cpu.onRead = () => 0x74726976n; // "virt"
    stage.expectEqual("magic", cpu.read(base, 4), 0x74726976n);
    // A queue that was never set up.
    cpu.store(base + 0x50n, 4, 3n);
    cpu.expectExits(["mmio write 0xd0000050 len 4 = 0x3"]);
  },
};

if (import.meta.main) await main(scenario);

/**
 * A kick is pending in an eventfd when the VM is saved. The counter is no part of what VMMs save, so after the restore
 * nobody is told; and a driver that suppresses further kicks while one is out (EVENT_IDX) never rings again. Firecracker
 * 5958, cloud-hypervisor 8004. The cure is to treat every queue as kicked once after a restore.
 *
 * @module
 */
import { firecrackerVirtioPci, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const notify = 0xc000_6000n;
/** Where the driver keeps its available index: state that a snapshot does have. */
const availableIndex = 0x9000n;

/** The lost kick. */
export const scenario: Scenario = {
  name: "snapshot-lost-kick",
  about:
    "A kick between the guest's ring and the device's read is lost across snapshot and restore",
  kernels: ["6.19", "5.15", "4.4"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const [doorbell] = firecrackerVirtioPci({ notify, queues: 1 });
    const kick = stage.eventfd("tx queue");
    vm.assign(doorbell!, kick);
    cpu.runProgram((a) => {
      a.mov(a.eax, notify);
      a.inc(a.dword(availableIndex)); // one descriptor is available
      a.mov(a.word(a.rax), a.cx); // and the device is told
      a.hlt();
    });
    kick.expectCount(1);

    // Saved before the device's thread has read the eventfd.
    const snapshot = vm.snapshot();
    const { vm: restored, eventfd } = stage.restore(snapshot);
    restored.expectMemory(availableIndex, [1, 0, 0, 0]);
    eventfd("tx queue").expectCount(0);
    stage.note("After the restore the queue has a descriptor and the eventfd has no kick.");

    // The registration itself is back, so a guest that rings again is heard; this one will not.
    restored.cpus[0]!.ring(doorbell!);
    eventfd("tx queue").expectCount(1);
    eventfd("tx queue").read();

    // The cure: the VMM kicks each queue once.
    eventfd("tx queue").write(1n);
    stage.expectEqual("kicks that the device reads", eventfd("tx queue").read(), 1n);

    // A VMM that saved counters would not lose it.
    const kept = stage.restore(snapshot, { eventfdCounters: "keep" });
    kept.eventfd("tx queue").expectCount(1);
  },
};

if (import.meta.main) await main(scenario);

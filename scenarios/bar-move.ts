/**
 * The guest's firmware or kernel moves a BAR: the VMM takes the registrations out of the old place and puts them into the
 * new one. Between the two the doorbells are the VMM's to emulate; a kick there is an exit, not a loss.
 *
 * @module
 */
import { qemuVirtioPciModern, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

/** Old ones out, then new ones in. */
export const scenario: Scenario = {
  name: "bar-move",
  about: "A BAR moves: old registrations out, new ones in, and no kick is lost in between",
  kernels: ["6.19", "5.15", "4.4"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const queues = 2;
    const before = qemuVirtioPciModern({ notify: 0xfebfb000n, queues });
    const after = qemuVirtioPciModern({ notify: 0xfebfd000n, queues });
    const kicks = before.map((doorbell, queue) => {
      const kick = stage.eventfd(`queue ${queue}`);
      vm.assign(doorbell, kick);
      return kick;
    });
    for (const doorbell of before) cpu.ring(doorbell);

    before.forEach((doorbell, queue) => vm.deassign(doorbell, kicks[queue]!));
    // The window. The VMM answers the exit with what the ioeventfd would have done.
    cpu.onWrite = () => kicks[0]!.write(1n);
    cpu.ring(before[0]!);
    cpu.expectExits(["mmio write 0xfebfb000 len 2 = 0x0"]);
    after.forEach((doorbell, queue) => vm.assign(doorbell, kicks[queue]!));

    for (const doorbell of after) {
      cpu.ring(doorbell);
      cpu.expectExits([]);
    }
    kicks[0]!.expectCount(3);
    kicks[1]!.expectCount(2);
    // Nothing is left behind: the old place is the VMM's again.
    cpu.onWrite = () => {};
    cpu.ring(before[1]!);
    cpu.expectExits(["mmio write 0xfebfb004 len 2 = 0x0"]);
    kicks[1]!.expectCount(2);
  },
};

if (import.meta.main) await main(scenario);

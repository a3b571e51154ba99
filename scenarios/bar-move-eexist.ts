/**
 * Two devices trade places, and the VMM registers the first at its new address while the second still has its doorbells
 * there: EEXIST, which names nobody. A retry makes it worse where the first queues of a device went through: half of it
 * is in the new place. cloud-hypervisor 8572 and firecracker 6093 are this.
 *
 * @module
 */
import { qemuVirtioPciModern, type Scenario, showDoorbell } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

/** New ones in before the old ones are out. */
export const scenario: Scenario = {
  name: "bar-move-eexist",
  about: "Two BARs trade places in the wrong order: EEXIST, and what it collides with",
  kernels: ["6.19", "5.15", "4.4", "3.16"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const blk = qemuVirtioPciModern({ notify: 0xfebfb000n, queues: 2 });
    const net = qemuVirtioPciModern({ notify: 0xfebfc000n, queues: 2 });
    const blkKicks = [0, 1].map((queue) => stage.eventfd(`blk queue ${queue}`));
    const netKicks = [0, 1].map((queue) => stage.eventfd(`net queue ${queue}`));
    blk.forEach((doorbell, queue) => vm.assign(doorbell, blkKicks[queue]!));
    net.forEach((doorbell, queue) => vm.assign(doorbell, netKicks[queue]!));

    // The mistake: blk leaves its place and asks for net's, which net has not left.
    blk.forEach((doorbell, queue) => vm.deassign(doorbell, blkKicks[queue]!));
    const refusal = vm.expectRefused("EEXIST", net[0]!, blkKicks[0]!);
    const { collidesWith, clause } = refusal.reason;
    if (collidesWith !== undefined) {
      stage.expectEqual("what it collides with", collidesWith.addr, net[0]!.addr);
      stage.note(`${showDoorbell(net[0]!)}: EEXIST by clause ${clause}, with net's own doorbell`);
    }
    // A fixed length does not slip in beside any length either.
    vm.expectRefused("EEXIST", { ...net[0]!, match: { len: 2 } }, blkKicks[0]!);

    // The order that works: everything out, then everything in.
    net.forEach((doorbell, queue) => vm.deassign(doorbell, netKicks[queue]!));
    net.forEach((doorbell, queue) => vm.assign(doorbell, blkKicks[queue]!));
    blk.forEach((doorbell, queue) => vm.assign(doorbell, netKicks[queue]!));
    for (const doorbell of [...blk, ...net]) cpu.ring(doorbell);
    for (const doorbell of [...blk, ...net]) {
      cpu.ring(doorbell);
      cpu.expectExits([]);
    }
  },
};

if (import.meta.main) await main(scenario);

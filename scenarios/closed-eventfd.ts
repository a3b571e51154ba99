/**
 * A VMM closes an eventfd and forgets to deassign. KVM holds the eventfd itself, not the descriptor: the doorbell goes on
 * swallowing kicks that nobody can read, its address stays taken, and no call can take it back, because a deassign names
 * the eventfd by a descriptor that is gone.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const doorbell = mmioDoorbell(0xfebf_b000n, 4);

/** Closed, and still there. */
export const scenario: Scenario = {
  name: "closed-eventfd",
  about: "A closed eventfd stays registered: kicks vanish, EEXIST, and no way to remove it",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const kick = stage.eventfd("queue 0");
    vm.assign(doorbell, kick);
    const twin = kick.dup("its dup");
    kick.close();
    // With a descriptor left, whatever its number, all is well.
    cpu.ring(doorbell);
    twin.expectCount(1);
    vm.deassign(doorbell, twin);
    vm.assign(doorbell, twin);
    twin.close();

    // With none left the store is still swallowed: no exit, no counter.
    cpu.ring(doorbell);
    cpu.expectExits([]);
    const replacement = stage.eventfd("replacement");
    stage.expectEqual("the same number, another eventfd", replacement.fd, kick.fd);
    vm.expectRefused("EEXIST", doorbell, replacement);
    vm.expectRefusal("ENOENT", "deassign by the same number", () => {
      vm.deassign(doorbell, replacement);
    });
    replacement.expectCount(0);
    stage.note("Deassign first, close afterwards. Only the end of the VM frees this one.");
  },
};

if (import.meta.main) await main(scenario);

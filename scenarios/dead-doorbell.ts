/**
 * A doorbell that was registered without an error, matches exactly, and never fires. KVM keeps a bus as an array that is
 * sorted and searched by a comparison which is no order once a zero-length entry touches the end of a longer one: the
 * search turns the wrong way and ends. Nobody is told; the kicks are exits.
 *
 * Runs on this host's kernel too: `ioeventfd run --backend kvm scenarios/dead-doorbell.ts`.
 *
 * @module
 */
import { mmioDoorbell, pioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const A = 0xfebf_b000n, port = 0xc000n;

/** Zero length at A+4, then length 4 at A. */
export const scenario: Scenario = {
  name: "dead-doorbell",
  about: "Zero length at A+4, then length 4 at A: both accepted, and A+4 is silent",
  kernels: ["6.19", "5.15"],
  // Shadow paging has no fast MMIO bus. With EPT it mends the doorbell in memory: dead-doorbell-ept.ts.
  paging: "shadow",
  play(stage) {
    const { vm, cpu } = stage.machine();
    const first = stage.eventfd("any length at A+4"), second = stage.eventfd("length 4 at A");

    vm.assign(mmioDoorbell(A + 4n), first);
    cpu.store(A + 4n, 4);
    cpu.expectExits([]);
    first.expectCount(1);

    vm.assign(mmioDoorbell(A, 4), second); // accepted
    cpu.store(A, 4);
    cpu.expectExits([]);
    second.expectCount(1);
    for (const len of [1, 2, 4, 8]) {
      cpu.store(A + 4n, len);
      cpu.expectExits([`mmio write 0xfebfb004 len ${len} = 0x0`]);
    }
    first.expectCount(1);

    // Ports have the same array and the same search.
    vm.assign(pioDoorbell(port + 4n), first);
    vm.assign(pioDoorbell(port, 4), second);
    cpu.out(port + 4n, 2);
    cpu.expectExits(["io write 0xc004 len 2 = 0x0"]);

    // In ascending order the same two work, until somebody registers between them.
    vm.deassign(mmioDoorbell(A + 4n), first);
    vm.assign(mmioDoorbell(A + 4n), first);
    cpu.store(A + 4n, 4);
    cpu.expectExits([]);
    first.expectCount(2);
    stage.note(
      "The second was registered 4 bytes below the first, which it neither hits nor overlaps.",
    );
  },
};

if (import.meta.main) await main(scenario);

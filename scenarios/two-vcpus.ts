/**
 * Two vCPUs ring one doorbell while its thread reads it now and then. The counter adds up kicks between two reads: one
 * wake-up may stand for many, none is lost. The seed decides who runs when.
 *
 * @module
 */
import { mmioDoorbell, type Scenario } from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const addr = 0xfebf_b000n, port = 0x510n;
const rings = 50;

/** Several kicks, one read. */
export const scenario: Scenario = {
  name: "two-vcpus",
  about: "Two vCPUs ring one doorbell: reads collect every kick, whatever the order",
  kernels: ["6.19", "5.15", "4.4"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    const cpus = [cpu, vm.cpu("prot64")];
    const kick = stage.eventfd("queue 0");
    vm.assign(mmioDoorbell(addr), kick);
    let collected = 0n, reads = 0;
    for (const one of cpus) {
      // Each vCPU has an exit of its own after every ring; the device's thread reads at some of them.
      one.onWrite = () => {
        if (stage.random.below(4) !== 0 || kick.count() === 0n) return;
        collected += kick.read();
        reads++;
      };
      one.load((a) => {
        a.mov(a.edi, addr);
        a.mov(a.edx, port);
        a.mov(a.ecx, rings);
        const again = a.label("again");
        a.mov(a.ptr(a.rdi), a.ecx);
        a.out(a.dx, a.al);
        a.dec(a.ecx);
        a.jnz(again);
        a.hlt();
      });
    }
    stage.interleave(cpus);
    for (const one of cpus) one.expectEnd("hlt");
    const left = kick.count();
    stage.expectEqual("kicks", collected + left, BigInt(rings * cpus.length));
    stage.note(
      `${rings * cpus.length} kicks: ${reads} reads collected ${collected}, ${left} were left.`,
    );
  },
};

if (import.meta.main) await main(scenario);

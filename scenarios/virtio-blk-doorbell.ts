/**
 * One queue of a virtio-blk device, rung over every path that KVM has for it: what each path did, and what it cost. The
 * first ring of a page is apart: KVM learns then that no memory is there.
 *
 * @module
 */
import {
  costRow,
  type Doorbell,
  mmioDoorbell,
  pioDoorbell,
  qemuVirtioPciLegacy,
  qemuVirtioPciModern,
  qemuVirtioPciModernPio,
  type Scenario,
  virtioMmio,
} from "@ioeventfd/scenario";
import { KVM_CAP_IOEVENTFD_ANY_LENGTH } from "@ioeventfd/uapi";
import { bootToLongMode } from "./_boot.ts";
import { main } from "./_main.ts";

/** One queue over each path. */
export const scenario: Scenario = {
  name: "virtio-blk-doorbell",
  about: "One virtio-blk queue over each path: who takes the kick, and what it costs",
  play(stage) {
    // As QEMU does: zero length where the kernel says that any length works.
    const anyLength = stage.kvm.checkExtension(KVM_CAP_IOEVENTFD_ANY_LENGTH) === 1;
    const modern = qemuVirtioPciModern({ notify: 0xfebfb000n, queues: 1 }, anyLength);
    const paths: [string, Doorbell, registered: boolean][] = [
      ["virtio-pci modern", modern[0]!, true],
      ["virtio-pci modern, length 2", mmioDoorbell(0xfebfa000n, 2), true],
      ["virtio-mmio", virtioMmio({ base: 0xd0000000n, queues: 1 })[0]!, true],
      ["virtio-pci modern, PIO", qemuVirtioPciModernPio({ base: 0xc080n, queues: 1 })[0]!, true],
      ["virtio-pci legacy", qemuVirtioPciLegacy({ base: 0xc000n, queues: 1 })[0]!, true],
      ["MMIO, no ioeventfd", mmioDoorbell(0xfebf9000n, 2), false],
      ["PIO, no ioeventfd", pioDoorbell(0xc0c0n, 2), false],
    ];

    const { vm, cpu } = stage.machine("real16");
    cpu.runProgram(bootToLongMode);
    cpu.mode = "prot64";
    stage.note("The guest booted from real mode into 64-bit code, then rang once over each path.");
    for (const [name, doorbell, registered] of paths) {
      const kick = stage.eventfd(name);
      if (registered) vm.assign(doorbell, kick);
      for (const ring of ["first", "again"]) {
        const exits = cpu.ring(doorbell).length;
        stage.expectEqual(`exits of ${name}, ${ring}`, exits, registered ? 0 : 1);
        stage.row({ doorbell: name, ring, signals: kick.count(), ...costRow(cpu) });
      }
      kick.expectCount(registered ? 2 : 0);
    }

    // The claim of the commit: a hit of zero length looks up no page and decodes nothing.
    cpu.ring(modern[0]!);
    if (anyLength) {
      cpu.expectWork({
        fetchPageTableReads: 0,
        dataPageTableReads: 0,
        bytesFetched: 0,
        decoded: 0,
      });
    }
  },
};

if (import.meta.main) await main(scenario);

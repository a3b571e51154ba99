/**
 * QEMU's pci-testdev, the device that kvm-unit-tests measures doorbells with: six registers, each kicked 100 times with
 * one byte, as `vmexit.flat` does.
 *
 * @module
 */
import {
  costRow,
  type Doorbell,
  mmioDoorbell,
  pioDoorbell,
  type Scenario,
} from "@ioeventfd/scenario";
import { KVM_CAP_IOEVENTFD_ANY_LENGTH } from "@ioeventfd/uapi";
import { main } from "./_main.ts";

const memory = 0xfebf_e800n, ports = 0xc080n;
const rings = 100;
/** What the device tells the guest to write. */
const matching = 0xfan, any = 0xcen;

interface Test {
  readonly name: string;
  /** Where the guest writes; registered unless the name says no-eventfd. */
  readonly doorbell: Doorbell;
  readonly value: bigint;
}

/** Six registers. */
export const scenario: Scenario = {
  name: "pci-testdev",
  about:
    "The six registers of QEMU's pci-testdev: no eventfd, wildcard and datamatch on both buses",
  play(stage) {
    // QEMU registers length 0 for the wildcard in memory where the kernel takes any length.
    const anyLength = stage.kvm.checkExtension(KVM_CAP_IOEVENTFD_ANY_LENGTH) === 1;
    const tests: Test[] = [
      { name: "mmio-no-eventfd", doorbell: mmioDoorbell(memory, 1), value: matching },
      {
        name: "mmio-wildcard-eventfd",
        doorbell: mmioDoorbell(memory + 1n, anyLength ? 0 : 1),
        value: any,
      },
      {
        name: "mmio-datamatch-eventfd",
        doorbell: mmioDoorbell(memory + 2n, 1, matching),
        value: matching,
      },
      { name: "portio-no-eventfd", doorbell: pioDoorbell(ports + 3n, 1), value: matching },
      { name: "portio-wildcard-eventfd", doorbell: pioDoorbell(ports + 4n, 1), value: any },
      {
        name: "portio-datamatch-eventfd",
        doorbell: pioDoorbell(ports + 5n, 1, matching),
        value: matching,
      },
    ];
    const { vm, cpu } = stage.machine();
    for (const { name, doorbell, value } of tests) {
      const { bus, addr } = doorbell;
      const kick = stage.eventfd(name);
      const registered = !name.includes("no-eventfd");
      if (registered) vm.assign(doorbell, kick);
      cpu.runProgram((a) => {
        a.mov(a.edi, addr);
        a.mov(a.edx, addr);
        a.mov(a.al, value);
        a.mov(a.ecx, rings);
        const again = a.label("again");
        if (bus === "mmio") a.mov(a.byte(a.rdi), a.al);
        else a.out(a.dx, a.al);
        a.loop(again);
        a.hlt();
      });
      kick.expectCount(registered ? rings : 0);
      stage.expectEqual(`exits of ${name}`, cpu.exits.length, registered ? 0 : rings);
      stage.row({ register: name, rings, signals: kick.count(), ...costRow(cpu) });
    }
  },
};

if (import.meta.main) await main(scenario);

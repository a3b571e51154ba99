/**
 * How QEMU, Firecracker and kvmtool wire a device of three queues: every registration goes in, and each queue's kick
 * reaches its own eventfd and no other.
 *
 * @module
 */
import {
  costRow,
  type Doorbell,
  firecrackerVirtioPci,
  kvmtoolVirtioPci,
  qemuVirtioPciLegacy,
  qemuVirtioPciModern,
  qemuVirtioPciModernPio,
  type Scenario,
  showDoorbell,
  virtioMmio,
} from "@ioeventfd/scenario";
import { main } from "./_main.ts";

const queues = 3;
const wirings: [string, Doorbell[]][] = [
  ["QEMU virtio-pci modern", qemuVirtioPciModern({ notify: 0xfebf_b000n, queues })],
  [
    "QEMU, page-per-vq",
    qemuVirtioPciModern({ notify: 0xfea0_0000n, queues, multiplier: 4096 }),
  ],
  ["QEMU, before any length", qemuVirtioPciModern({ notify: 0xfebf_a000n, queues }, false)],
  ["QEMU, modern-pio-notify", qemuVirtioPciModernPio({ base: 0xc080n, queues })],
  ["QEMU virtio-pci legacy", qemuVirtioPciLegacy({ base: 0xc000n, queues })],
  ["QEMU virtio-mmio", virtioMmio({ base: 0xfeb0_0000n, queues })],
  ["Firecracker virtio-mmio", virtioMmio({ base: 0xc000_1000n, queues })],
  ["Firecracker virtio-pci", firecrackerVirtioPci({ notify: 0xc000_6000n, queues })],
  ["kvmtool virtio-pci", kvmtoolVirtioPci({ ports: 0x6200n, memory: 0xd200_0000n, queues })],
];

/** Every preset. */
export const scenario: Scenario = {
  name: "vmm-wirings",
  about: "The doorbells of QEMU, Firecracker and kvmtool: each kick reaches its own queue",
  kernels: ["6.19", "5.15", "4.4"],
  play(stage) {
    const { vm, cpu } = stage.machine();
    for (const [name, doorbells] of wirings) {
      const kicks = doorbells.map((doorbell) => {
        const kick = stage.eventfd(showDoorbell(doorbell));
        vm.assign(doorbell, kick);
        return kick;
      });
      for (const round of [1, 2]) {
        for (const doorbell of doorbells) {
          cpu.ring(doorbell);
          cpu.expectExits([]);
        }
        for (const kick of kicks) kick.expectCount(round);
      }
      stage.row({
        wiring: name,
        doorbells: doorbells.length,
        "last queue": showDoorbell(doorbells.at(-1)!),
        ...costRow(cpu),
      });
    }
  },
};

if (import.meta.main) await main(scenario);

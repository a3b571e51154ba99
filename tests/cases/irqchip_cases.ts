// Devices in the kernel on the same buses.
// KERNEL 6.19 arch/x86/kvm/x86.c kvm_vm_ioctl_enable_cap, kvm_arch_vm_ioctl
import { assertEquals } from "@std/assert";
import {
  KVM_CAP_IRQ_ROUTING,
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_CREATE_VCPU,
  KVM_ENABLE_CAP,
} from "@ioeventfd/uapi";
import { callCase, type Case, cpuCase } from "./case.ts";
import { PIO } from "./flags.ts";
import { errnoOf, type Rig } from "./rig.ts";

type Place = readonly [bus: "pio" | "mmio", addr: number, len: number];

/** Whether an ioeventfd takes a write that a device could take too. */
function ioeventfdWins(rig: Rig, irqchipFirst: boolean, [bus, addr, len]: Place): boolean {
  const one = rig.another(), fd = one.efd();
  if (irqchipFirst) one.irqchip().pit();
  assertEquals(one.io(addr, len, bus === "pio" ? PIO : 0, 0, fd), 0, "never refused");
  if (!irqchipFirst) one.irqchip().pit();
  const width = len === 0 ? 1 : len;
  assertEquals(bus === "pio" ? one.out(addr, width) : one.store(addr, width), false);
  return one.count(fd) === 1n;
}

function winners(rig: Rig, irqchipFirst: boolean, places: readonly Place[]): Place[] {
  return places.filter((place) => ioeventfdWins(rig, irqchipFirst, place));
}

const atStart: readonly Place[] = [
  ["pio", 0x20, 1],
  ["pio", 0x20, 4],
  ["pio", 0x4d0, 1],
  ["mmio", 0xfec00000, 4],
];
const within: readonly Place[] = [
  ["pio", 0x20, 0],
  ["pio", 0x21, 1],
  ["pio", 0xa1, 1],
  ["pio", 0x43, 1],
  ["mmio", 0xfec00010, 4],
];

/** Interrupt controllers and doorbells. */
export const irqchipCases: readonly Case[] = [
  callCase(
    "the irqchip first: it wins, but for a non-zero length at a device's very start",
    (rig) => {
      assertEquals(winners(rig, true, [...atStart, ...within]), [...atStart]);
    },
  ),

  callCase("the irqchip last: the ioeventfd wins everywhere", (rig) => {
    const places = [...atStart, ...within];
    assertEquals(winners(rig, false, places), places);
  }),

  callCase("port 0x61 is the kernel's only when the timer was made with the speaker", (rig) => {
    assertEquals(ioeventfdWins(rig, true, ["pio", 0x61, 1]), true);
    const one = rig.another().irqchip().pit(true);
    assertEquals([one.out(0x61, 1), one.out(0x62, 1)], [false, true]);
  }),

  callCase("the page of the local APIC is theirs in any order, the next page is not", (rig) => {
    for (const irqchipFirst of [true, false]) {
      for (const [at, count] of [[0xfee00000, 0n], [0xfee00ff8, 0n], [0xfee01000, 1n]] as const) {
        const one = rig.another(), fd = one.efd();
        if (irqchipFirst) one.irqchip();
        assertEquals(one.io(at, 4, 0, 0, fd), 0);
        if (!irqchipFirst) one.irqchip();
        assertEquals([one.store(at, 4), one.count(fd)], [false, count]);
      }
    }
    assertEquals(rig.store(0xfee00000, 4), true, "without irqchip nobody answers there");
  }),

  callCase("ioeventfds at 0x22 and 0x20 before the irqchip make OUT 0x20 miss the PIC", (rig) => {
    rig.io(0x22, 1, PIO, 0, rig.efd());
    rig.io(0x20, 4, PIO, 0, rig.efd());
    rig.irqchip();
    assertEquals(rig.out(0x20, 1), true);
  }),

  callCase("KVM_CREATE_IRQCHIP is EEXIST a second time and EINVAL after a vCPU", (rig) => {
    rig.irqchip();
    assertEquals(errnoOf(() => rig.irqchip()), "EEXIST");
    const other = rig.another();
    other.vm.ioctl(KVM_CREATE_VCPU, 3);
    assertEquals(errnoOf(() => other.irqchip()), "EINVAL");
  }),

  cpuCase("the id of a vCPU whose descriptor was closed stays taken", (rig) => {
    rig.vm.createVcpu(7)[Symbol.dispose]();
    assertEquals(errnoOf(() => rig.vm.createVcpu(7)), "EEXIST");
  }),

  callCase("KVM_CAP_SPLIT_IRQCHIP reserves as many routes as KVM_CAP_IRQ_ROUTING says", (rig) => {
    const most = rig.system.checkExtension(KVM_CAP_IRQ_ROUTING);
    const enable = (routes: number): string | 0 => {
      const bytes = new Uint8Array(104);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, KVM_CAP_SPLIT_IRQCHIP, true);
      view.setUint32(8, routes, true);
      return errnoOf(() => rig.vm.ioctl(KVM_ENABLE_CAP, bytes));
    };
    assertEquals([enable(most + 1), enable(most), enable(most)], ["EINVAL", 0, "EEXIST"]);
  }),

  callCase("KVM_CREATE_PIT2 is ENOENT without the PIC and EEXIST a second time", (rig) => {
    assertEquals(errnoOf(() => rig.pit()), "ENOENT");
    rig.irqchip().pit();
    assertEquals(errnoOf(() => rig.pit()), "EEXIST");
  }),

  cpuCase("the PIC answers what was written to it, until an ioeventfd steals the write", (rig) => {
    rig.irqchip();
    assertEquals([rig.out(0x21, 1, 0x5a), rig.in(0x21)], [false, 0x5a]);
    assertEquals([rig.out(0xa1, 1, 0xc3), rig.in(0xa1)], [false, 0xc3]);
    const fd = rig.efd();
    assertEquals(rig.io(0x4d0, 1, PIO, 0, fd), 0);
    assertEquals([rig.out(0x4d0, 1, 0x20), rig.count(fd), rig.in(0x4d0)], [false, 1n, 0]);
  }),
];

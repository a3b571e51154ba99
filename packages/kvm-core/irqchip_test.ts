// In-kernel devices on the buses, and how they meet ioeventfds (live 7.4 to 7.6).
import { assertEquals } from "@std/assert";
import { encodeIoeventfd, KVM_CREATE_PIT2, KVM_ENABLE_CAP, KVM_IOEVENTFD } from "@ioeventfd/uapi";
import { errnoOf, PIO, refusal, Rig } from "./testdata/helpers.ts";

/** Whether an ioeventfd at that place takes a write that a device contains too. */
function ioeventfdWins(irqchipFirst: boolean, bus: "pio" | "mmio", addr: number, len: number) {
  const rig = new Rig();
  const fd = rig.efd();
  const create = (): void => {
    rig.vm.createIrqchip();
    rig.vm.createPit2();
  };
  if (irqchipFirst) create();
  assertEquals(rig.io(addr, len, bus === "pio" ? PIO : 0, 0, fd), 0, "never refused");
  if (!irqchipFirst) create();
  const write = len === 0 ? 1 : len;
  assertEquals(bus === "pio" ? rig.out(addr, write) : rig.store(addr, write), false);
  return rig.count(fd) === 1n;
}

Deno.test("createIrqchip() first: the device wins, but for a non-zero length at its very start", () => {
  assertEquals(ioeventfdWins(true, "pio", 0x20, 1), true);
  assertEquals(ioeventfdWins(true, "pio", 0x4d0, 1), true);
  assertEquals(ioeventfdWins(true, "mmio", 0xfec00000, 4), true);
  assertEquals(ioeventfdWins(true, "pio", 0x20, 4), true, "wider than the device");
  assertEquals(ioeventfdWins(true, "pio", 0x20, 0), false);
  assertEquals(ioeventfdWins(true, "pio", 0x21, 1), false);
  assertEquals(ioeventfdWins(true, "pio", 0xa1, 1), false);
  assertEquals(ioeventfdWins(true, "pio", 0x43, 1), false);
  assertEquals(ioeventfdWins(true, "mmio", 0xfec00010, 4), false);
});

Deno.test("createIrqchip() after: the ioeventfd wins everywhere", () => {
  for (const port of [0x20, 0x21, 0xa1, 0x4d0, 0x43]) {
    assertEquals(ioeventfdWins(false, "pio", port, 1), true);
  }
  for (let at = 0xfec00000; at <= 0xfec000f0; at += 16) {
    assertEquals(ioeventfdWins(false, "mmio", at, 4), true);
  }
});

Deno.test("Port 0x61 is the kernel's only when the PIT was made with the speaker", () => {
  assertEquals(ioeventfdWins(true, "pio", 0x61, 1), true);
  const rig = new Rig();
  rig.vm.createIrqchip();
  rig.vm.createPit2(true);
  assertEquals(rig.out(0x61, 1), false);
  assertEquals(rig.out(0x62, 1), true, "its range is four ports, it answers one");
  assertEquals(rig.vm.bus(1).entries().map(({ lo, len }) => [lo, len]), [
    [0x20, 2],
    [0x40, 4],
    [0x61, 4],
    [0xa0, 2],
    [0x4d0, 2],
  ]);
});

// live 7.5
Deno.test("The page of the local APIC is theirs in any order, the next page is not", () => {
  for (const irqchipFirst of [true, false]) {
    for (const at of [0xfee00000, 0xfee00004, 0xfee00ff8]) {
      const rig = new Rig();
      const fd = rig.efd();
      if (irqchipFirst) rig.vm.createIrqchip();
      assertEquals(rig.io(at, 4, 0, 0, fd), 0);
      if (!irqchipFirst) rig.vm.createIrqchip();
      assertEquals([rig.store(at, 4), rig.count(fd)], [false, 0n]);
    }
  }
  const rig = new Rig();
  const fd = rig.efd();
  rig.vm.createIrqchip();
  rig.io(0xfee01000, 4, 0, 0, fd);
  assertEquals([rig.store(0xfee01000, 4), rig.count(fd)], [false, 1n]);
  assertEquals(new Rig().store(0xfee00000, 4), true, "without irqchip nobody answers there");
});

// live 7.6
Deno.test("Ioeventfds at 0x22 and 0x20 before the irqchip make OUT 0x20 miss the PIC", () => {
  const rig = new Rig();
  rig.io(0x22, 1, PIO, 0, rig.efd());
  rig.io(0x20, 4, PIO, 0, rig.efd());
  rig.vm.createIrqchip();
  assertEquals(rig.out(0x20, 1), true);
});

Deno.test("createIrqchip() is EEXIST after any irqchip and EINVAL after a vCPU", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  assertEquals(errnoOf(() => rig.vm.createIrqchip()), "EEXIST");
  assertEquals(errnoOf(() => rig.vm.enableSplitIrqchip()), "EEXIST");
  const other = new Rig();
  other.vm.openVcpu(0);
  assertEquals(errnoOf(() => other.vm.createIrqchip()), "EINVAL");
});

Deno.test("createPit2() is ENOENT without the PIC and EEXIST a second time", () => {
  const rig = new Rig();
  assertEquals(errnoOf(() => rig.vm.createPit2()), "ENOENT");
  rig.vm.createIrqchip();
  assertEquals(rig.vm.ioctl(KVM_CREATE_PIT2, new Uint8Array(64)), 0);
  assertEquals(errnoOf(() => rig.vm.createPit2()), "EEXIST");
});

Deno.test("enableSplitIrqchip() by KVM_ENABLE_CAP: at most 24 routes, no devices on the buses", () => {
  const rig = new Rig();
  const argument = (routes: number): Uint8Array => {
    const bytes = new Uint8Array(104);
    new DataView(bytes.buffer).setUint32(0, 121, true);
    new DataView(bytes.buffer).setUint32(8, routes, true);
    return bytes;
  };
  assertEquals(errnoOf(() => rig.vm.ioctl(KVM_ENABLE_CAP, argument(25))), "EINVAL");
  assertEquals(rig.vm.ioctl(KVM_ENABLE_CAP, argument(24)), 0);
  assertEquals([rig.vm.irqchipMode, rig.vm.irqchip], ["split", null]);
  assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(1).deviceCount], [0, 0]);
  assertEquals(rig.store(0xfee00000, 4), false, "local APICs are there");
});

Deno.test("createIrqchip() on a full bus is ENOSPC and leaves nothing behind", () => {
  const rig = new Rig();
  for (let at = 0; at < 998; at++) rig.zone(0x8000 + at * 4, 4, 1);
  assertEquals(refusal(() => rig.vm.createIrqchip()).code, "ENOSPC");
  assertEquals([rig.vm.bus(1).deviceCount, rig.vm.irqchipMode], [998, "none"]);
});

Deno.test("Pic takes masks, priorities and end of interrupt of the second chip too", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  const { pic } = rig.vm.irqchip!;
  for (const [port, base, wiring] of [[0x20, 8, 4], [0xa0, 0x70, 2]] as const) {
    for (const [at, value] of [[0, 0x11], [1, base], [1, wiring], [1, 1]] as const) {
      rig.out(port + at, 1, value);
    }
  }
  rig.out(0x21, 1, 0x10);
  assertEquals(pic.imr, 0x10);
  for (const irq of [4, 6, 12]) rig.vm.irqchip!.setIrq(irq, true);
  assertEquals(pic.acknowledge(), 0x74, "IRQ 12 through input 2, before 6; 4 is masked");
  assertEquals(pic.isr, 1 << 12 | 1 << 2);
  assertEquals(pic.acknowledge(), -1, "6 waits behind 2");
  rig.out(0xa0, 1, 0x20);
  rig.out(0x20, 1, 0x20);
  assertEquals([pic.isr, pic.acknowledge()], [0, 14]);
  const out = new Uint8Array(8);
  assertEquals(rig.vm.bus(1).read(0x21, 0, 1, out), 0);
  assertEquals(out[0], 0x10);
});

Deno.test("Ioapic answers its version and keeps its redirections", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  const out = new Uint8Array(8);
  const read = (register: number): number => {
    rig.store(0xfec00000, 4, register);
    assertEquals(rig.vm.bus(0).read(0xfec00010, 0, 4, out), 0);
    return new DataView(out.buffer).getUint32(0, true);
  };
  assertEquals(read(1), 0x170011);
  assertEquals(read(0x10), 0x10000, "masked");
  rig.store(0xfec00010, 4, 0x31);
  assertEquals(read(0x10), 0x31);
});

Deno.test("KVM_IOEVENTFD heeds no interrupt controller", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  const bytes = encodeIoeventfd({
    addr: 0xfee00000n,
    len: 4,
    fd: rig.efd(),
    flags: 0,
    datamatch: 0n,
  });
  assertEquals(rig.vm.ioctl(KVM_IOEVENTFD, bytes), 0);
});

// In-kernel devices, where a test looks into them or the bus. How they meet ioeventfds is in tests/cases, for every
// backend.
// KERNEL 6.19 arch/x86/kvm/i8259.c picdev_write, kvm_pic_init, kvm_pic_reset, kvm_pic_read_irq
// KERNEL 6.19 arch/x86/kvm/ioapic.c ioapic_mmio_read, ioapic_mmio_write, ioapic_read_indirect, ioapic_write_indirect, kvm_ioapic_init
// KERNEL 6.19 arch/x86/kvm/i8254.c kvm_create_pit, pit_ioport_read
import { assertEquals } from "@std/assert";
import { encodeIoeventfd, KVM_ENABLE_CAP, KVM_IOEVENTFD } from "@ioeventfd/uapi";
import { errnoOf, refusal, Rig } from "./testdata/helpers.ts";

Deno.test("the ports of the PICs and the PIT with the speaker are entries of the bus", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  rig.vm.createPit2(true);
  assertEquals(rig.vm.bus(1).entries().map(({ lo, len }) => [lo, len]), [
    [0x20, 2],
    [0x40, 4],
    [0x61, 4],
    [0xa0, 2],
    [0x4d0, 2],
  ]);
});

Deno.test("no irqchip is made after another, or after a vCPU", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  assertEquals(errnoOf(() => rig.vm.createIrqchip()), "EEXIST");
  assertEquals(errnoOf(() => rig.vm.enableSplitIrqchip()), "EEXIST");
  const other = new Rig();
  other.vm.openVcpu(0);
  assertEquals(errnoOf(() => other.vm.createIrqchip()), "EINVAL");
});

Deno.test("enableSplitIrqchip() by KVM_ENABLE_CAP: at most 4096 routes, no devices on the buses", () => {
  const rig = new Rig();
  const argument = (routes: number): Uint8Array => {
    const bytes = new Uint8Array(104);
    new DataView(bytes.buffer).setUint32(0, 121, true);
    new DataView(bytes.buffer).setUint32(8, routes, true);
    return bytes;
  };
  assertEquals(errnoOf(() => rig.vm.ioctl(KVM_ENABLE_CAP, argument(4097))), "EINVAL");
  assertEquals(rig.vm.ioctl(KVM_ENABLE_CAP, argument(4096)), 0);
  assertEquals([rig.vm.irqchipMode, rig.vm.irqchip], ["split", null]);
  assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(1).deviceCount], [0, 0]);
  assertEquals(rig.store(0xfee00000, 4), false, "local APICs are there");
});

Deno.test("Irqchip.setIrq() keeps a line high while any source holds it", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  const irqchip = rig.vm.irqchip!;
  irqchip.setIrq(5, true, 1);
  assertEquals(irqchip.pic.irr, 1 << 5);
  irqchip.pic.acknowledge();
  irqchip.setIrq(5, true);
  irqchip.setIrq(5, false);
  assertEquals(irqchip.pic.irr, 0, "no edge: the other source holds it");
  irqchip.setIrq(5, false, 1);
  irqchip.setIrq(5, true);
  assertEquals(irqchip.pic.irr, 1 << 5);
  for (const gsi of [24, 1000, 0xffff_ffff]) irqchip.setIrq(gsi, true);
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

Deno.test("reads of 3, 5, 6 and 7 bytes of the I/O APIC, and those of the PIT's control word, put nothing anywhere", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  rig.vm.createPit2();
  const read = (bus: number, at: number, len: number): number => {
    const out = new Uint8Array(8).fill(0xaa);
    assertEquals(rig.vm.bus(bus).read(at, 0, len, out), 0);
    return out.filter((byte) => byte !== 0xaa).length;
  };
  assertEquals([1, 2, 3, 4, 5, 6, 7, 8].map((len) => read(0, 0xfec0_0020, len)), [
    1,
    2,
    0,
    4,
    0,
    0,
    0,
    8,
  ]);
  assertEquals([0x40, 0x41, 0x42, 0x43].map((port) => read(1, port, 1)), [1, 1, 1, 0]);
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

Deno.test("Pic: a spurious interrupt of the second chip is not in service, and ICW1 leaves what is", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  const { pic } = rig.vm.irqchip!;
  for (const [port, base] of [[0x20, 8], [0xa0, 0x70]] as const) {
    for (const [at, value] of [[0, 0x11], [1, base], [1, 4], [1, 1]] as const) {
      rig.out(port + at, 1, value);
    }
  }
  rig.vm.irqchip!.setIrq(12, true);
  rig.out(0xa1, 1, 0x10);
  assertEquals([pic.acknowledge(), pic.isr], [0x77, 1 << 2], "12 was masked after it asked");
  const ended: number[] = [];
  pic.onEoi((irq) => void ended.push(irq));
  rig.vm.irqchip!.setIrq(5, true);
  rig.out(0x20, 1, 0x11);
  assertEquals([pic.isr, pic.irr & 0xff, ended], [1 << 2, 0, [5]]);
  rig.vm.irqchip!.setIrq(5, true);
  assertEquals(pic.irr & 1 << 5, 1 << 5, "the line counts as low again");
});

Deno.test("Ioapic: registers behind the last read all ones, narrow writes clear the rest, odd ones do nothing", () => {
  const rig = new Rig();
  rig.vm.createIrqchip();
  const { ioapic } = rig.vm.irqchip!;
  const out = new Uint8Array(8);
  const register = (select: number): number => {
    ioapic.write(0xfec00000, 0, 4, select);
    ioapic.read(0xfec00010, 0, 4, out);
    return new DataView(out.buffer).getUint32(0, true);
  };
  assertEquals([3, 0xf, 0x40, 0xff].map(register), Array(4).fill(0xffff_ffff));
  for (const [len, kept] of [[4, 0x1a0a5], [2, 0xa0a5], [1, 0xa5], [3, 0x10000]] as const) {
    const one = new Rig();
    one.vm.createIrqchip();
    const { ioapic } = one.vm.irqchip!;
    ioapic.write(0xfec00000, 0, 4, 0x10);
    ioapic.write(0xfec00010, 0, len, 0x1f0a5);
    ioapic.read(0xfec00010, 0, 4, out);
    assertEquals(new DataView(out.buffer).getUint32(0, true), kept, `${len}`);
  }
});

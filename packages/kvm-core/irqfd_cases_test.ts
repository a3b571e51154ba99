// KVM_IRQFD as a live kernel answered, one test a case (KQ_*), without a CPU to take the interrupt.
import { assertEquals } from "@std/assert";
import { encodeIrqfd, KVM_IRQFD } from "@ioeventfd/uapi";
import { errnoOf, PIO, Rig } from "./testdata/helpers.ts";

const RESAMPLE = 2, DEASSIGN = 1;

function withIrqchip(): Rig {
  const rig = new Rig();
  rig.vm.createIrqchip();
  return rig;
}

const irr = (rig: Rig): number => rig.vm.irqchip!.pic.irr;

Deno.test("KQ_01 KVM_CHECK_EXTENSION answers for irqfd and resampling", () => {
  assertEquals([32, 82].map((cap) => new Rig().kvm.checkExtension(cap)), [1, 1]);
});

Deno.test("KQ_02 without irqchip EINVAL, even with a bad descriptor", () => {
  const rig = new Rig();
  assertEquals(rig.irqfd(rig.efd(), 4), "EINVAL");
  assertEquals(rig.irqfd(-1, 4), "EINVAL");
  assertEquals(rig.irqfd(rig.efd(), 4, DEASSIGN), 0, "taking away looks for none");
});

Deno.test("KQ_03 several irqfds, and two eventfds on one interrupt", () => {
  const rig = withIrqchip();
  assertEquals([rig.irqfd(rig.efd(), 4), rig.irqfd(rig.efd(), 8), rig.irqfd(rig.efd(), 4)], [
    0,
    0,
    0,
  ]);
});

Deno.test("KQ_05 KQ_06 one eventfd is bound once, in this VM and in any other", () => {
  const rig = withIrqchip(), other = rig.another();
  other.vm.createIrqchip();
  const fd = rig.efd();
  assertEquals(rig.irqfd(fd, 10), 0);
  assertEquals([rig.irqfd(fd, 10), rig.irqfd(fd, 11), other.irqfd(fd, 10)], [
    "EBUSY",
    "EBUSY",
    "EBUSY",
  ]);
});

Deno.test("KQ_07 KQ_09 DEASSIGN of what is not there is 0, as often as asked", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  assertEquals(rig.irqfd(fd, 4, DEASSIGN), 0);
  assertEquals(rig.irqfd(fd, 4), 0);
  assertEquals([rig.irqfd(fd, 4, DEASSIGN), rig.irqfd(fd, 4, DEASSIGN)], [0, 0]);
});

Deno.test("KQ_08 DEASSIGN with another interrupt number is 0 and takes nothing away", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  rig.irqfd(fd, 10);
  for (const gsi of [11, 12, 13, 14]) assertEquals(rig.irqfd(fd, gsi, DEASSIGN), 0);
  assertEquals(rig.irqfd(fd, 10), "EBUSY");
  assertEquals(rig.irqfd(fd, 10, DEASSIGN), 0);
  assertEquals(rig.irqfd(fd, 10), 0);
});

Deno.test("KQ_11 each flag bit from 2 on is EINVAL", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  for (let bit = 2; bit < 32; bit++) assertEquals(rig.irqfd(fd, 4, 1 << bit), "EINVAL");
});

Deno.test("KQ_12 with RESAMPLE, then away again", () => {
  const rig = withIrqchip();
  const fd = rig.efd(), resample = rig.efd();
  assertEquals(rig.irqfd(fd, 10, RESAMPLE, resample), 0);
  assertEquals(rig.irqfd(fd, 10, DEASSIGN), 0);
});

Deno.test("KQ_13 a bad resamplefd is EBADF or EINVAL, and leaves the eventfd free", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  assertEquals(rig.irqfd(fd, 10, RESAMPLE, -1), "EBADF");
  assertEquals(rig.irqfd(fd, 10, RESAMPLE, rig.kvm.openOther("pipe")), "EINVAL");
  assertEquals(rig.irqfd(fd, 10), 0);
});

Deno.test("KQ_14 after DEASSIGN the eventfd may go to another interrupt, or another VM", () => {
  const rig = withIrqchip(), other = rig.another();
  other.vm.createIrqchip();
  const fd = rig.efd();
  rig.irqfd(fd, 10);
  rig.irqfd(fd, 10, DEASSIGN);
  assertEquals(rig.irqfd(fd, 11), 0);
  rig.irqfd(fd, 11, DEASSIGN);
  assertEquals(other.irqfd(fd, 10), 0);
});

Deno.test("KQ_15 a write raises the request bit in the PIC", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  rig.irqfd(fd, 4);
  assertEquals(irr(rig), 0);
  rig.kvm.eventfdWrite(fd, 1n);
  assertEquals([irr(rig), rig.count(fd)], [0x10, 0n]);
});

Deno.test("KQ_17 what was pending before is injected at once, and stays in the counter", () => {
  const rig = withIrqchip();
  const fd = rig.efd(3);
  assertEquals(rig.irqfd(fd, 4), 0);
  assertEquals([irr(rig), rig.count(fd)], [0x10, 3n]);
});

Deno.test("KQ_18 interrupt numbers are not checked", () => {
  const rig = withIrqchip();
  for (const gsi of [0, 1000, 4096, 0xffffffff]) assertEquals(rig.irqfd(rig.efd(), gsi), 0);
});

Deno.test("KQ_19 close of the eventfd detaches it", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  rig.irqfd(fd, 4);
  rig.kvm.close(fd);
  assertEquals(rig.efd(), fd);
  assertEquals(rig.irqfd(fd, 4), 0);
});

Deno.test("KQ_21 close of the VM frees the eventfd for another", () => {
  const rig = withIrqchip(), other = rig.another();
  other.vm.createIrqchip();
  const fd = rig.efd();
  rig.irqfd(fd, 4);
  rig.vm[Symbol.dispose]();
  assertEquals(other.irqfd(fd, 4), 0);
  assertEquals(rig.kvm.files.lookupEventfd(fd).references, 2);
});

Deno.test("KQ_23 a bad pointer is EFAULT, a bad VM descriptor EBADF", () => {
  const rig = withIrqchip();
  assertEquals(errnoOf(() => rig.vm.ioctl(KVM_IRQFD, 0x10)), "EFAULT");
  const bytes = encodeIrqfd({ fd: rig.efd(), gsi: 4, flags: 0, resamplefd: 0 });
  assertEquals(errnoOf(() => rig.kvm.ioctlOn(-2, KVM_IRQFD, bytes)), "EBADF");
  assertEquals(rig.kvm.ioctlOn(rig.vm.fd, KVM_IRQFD, bytes), 0);
});

Deno.test("KQ_24 other waiters of the eventfd are not woken: KVM eats the signal", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  let woken = 0;
  rig.kvm.files.lookupEventfd(fd).addWaiter({ wake: () => (woken++, false) });
  rig.kvm.eventfdWrite(fd, 1n);
  assertEquals(woken, 1);
  rig.kvm.eventfdRead(fd);
  woken = 0;
  rig.irqfd(fd, 4);
  rig.kvm.eventfdWrite(fd, 1n);
  assertEquals([woken, rig.kvm.poll(fd)], [0, 4]);
});

Deno.test("KQ_25 a reader that waits already is not woken, and reads on after DEASSIGN", async () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  const context = rig.kvm.files.lookupEventfd(fd);
  const read = context.readAsync();
  rig.irqfd(fd, 4);
  rig.kvm.eventfdWrite(fd, 1n);
  rig.irqfd(fd, 4, DEASSIGN);
  rig.kvm.eventfdWrite(fd, 2n);
  assertEquals(await read, 2n);
});

Deno.test("KQ_26 of a semaphore one unit is consumed", () => {
  const rig = withIrqchip();
  const fd = rig.efd(0, 1);
  rig.irqfd(fd, 4);
  rig.kvm.eventfdWrite(fd, 3n);
  assertEquals(rig.count(fd), 2n);
});

Deno.test("KQ_27 after DEASSIGN writes stay in the counter", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  rig.irqfd(fd, 4);
  rig.irqfd(fd, 4, DEASSIGN);
  rig.kvm.eventfdWrite(fd, 2n);
  assertEquals(rig.count(fd), 2n);
});

Deno.test("KQ_31 five writes before the interrupt is taken are one request", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  rig.irqfd(fd, 4);
  for (let at = 0; at < 5; at++) rig.kvm.eventfdWrite(fd, 1n);
  const { pic } = rig.vm.irqchip!;
  assertEquals(pic.irr, 0x10);
  pic.acknowledge();
  assertEquals([pic.irr, pic.isr], [0, 0x10]);
});

// live 7.10
Deno.test("KQ_32 one eventfd as ioeventfd and irqfd: a port write raises the interrupt, the counter reads 0", () => {
  const rig = withIrqchip();
  const fd = rig.efd();
  assertEquals(rig.irqfd(fd, 4), 0);
  assertEquals(rig.io(0xe1, 1, PIO, 0, fd), 0);
  assertEquals(rig.out(0xe1, 1), false);
  assertEquals([irr(rig), rig.count(fd)], [0x10, 0n]);
});

/** Both PICs set up as a BIOS does, nothing masked. */
function initPics(rig: Rig): void {
  for (const [port, base, wiring] of [[0x20, 0x20, 4], [0xa0, 0x28, 2]] as const) {
    for (const [at, value] of [[0, 0x11], [1, base], [1, wiring], [1, 1], [1, 0]] as const) {
      assertEquals(rig.out(port + at, 1, value), false);
    }
  }
}

// live 7.11, KQ_30
Deno.test("KQ_30 resampling: write, interrupt, end of interrupt, then resamplefd holds 1", () => {
  const rig = withIrqchip();
  initPics(rig);
  rig.out(0x4d0, 1, 1 << 5); // IRQ 5 is level-triggered
  const fd = rig.efd(), resample = rig.efd();
  assertEquals(rig.irqfd(fd, 5, RESAMPLE, resample), 0);
  rig.kvm.eventfdWrite(fd, 1n);
  const { pic } = rig.vm.irqchip!;
  assertEquals([pic.irr, pic.isr], [0x20, 0]);
  assertEquals(pic.acknowledge(), 0x25);
  assertEquals([pic.irr, pic.isr, rig.count(resample)], [0x20, 0x20, 0n]);
  assertEquals(rig.out(0x20, 1, 0x20), false, "end of interrupt");
  assertEquals([pic.irr, pic.isr, rig.count(resample)], [0, 0, 1n]);
});

// live 7.8
Deno.test("irqfd with a split irqchip: RESAMPLE is EINVAL before the descriptor", () => {
  const rig = new Rig();
  rig.vm.enableSplitIrqchip();
  assertEquals(rig.irqfd(-1, 4, RESAMPLE, -1), "EINVAL");
  assertEquals(rig.irqfd(-1, 4), "EBADF");
  assertEquals(rig.irqfd(rig.efd(), 4), 0);
});

Deno.test("irqfd with a full irqchip: flags, then the descriptor, then resamplefd, which may be the same", () => {
  const rig = withIrqchip();
  assertEquals(rig.irqfd(-1, 4, 0x10), "EINVAL");
  assertEquals(rig.irqfd(-1, 4, RESAMPLE, -1), "EBADF");
  assertEquals(rig.irqfd(rig.kvm.openOther("pipe"), 4, RESAMPLE, -1), "EINVAL");
  const fd = rig.efd();
  assertEquals(rig.irqfd(fd, 4, RESAMPLE, fd), 0);
  assertEquals(rig.irqfd(rig.efd(), 4), 0, "plain beside resampling");
});

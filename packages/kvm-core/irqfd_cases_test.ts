// KVM_IRQFD (KQ_*) where a test looks into the model or acknowledges interrupts itself. What a kernel shows of it is in
// tests/cases, for every backend.
import { assertEquals } from "@std/assert";
import { encodeIrqfd, KVM_IRQFD } from "@ioeventfd/uapi";
import { errnoOf, Rig } from "./testdata/helpers.ts";

const RESAMPLE = 2, DEASSIGN = 1;

function withIrqchip(): Rig {
  const rig = new Rig();
  rig.vm.createIrqchip();
  return rig;
}

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

Deno.test("irqfd with RESAMPLE: the last one of a line lets it go when it is taken away", () => {
  const rig = withIrqchip();
  const { pic } = rig.vm.irqchip!;
  const [fd, resample, other] = [rig.efd(), rig.efd(), rig.efd()];
  rig.irqfd(fd, 5, RESAMPLE, resample);
  rig.irqfd(other, 5, RESAMPLE, resample);
  rig.kvm.eventfdWrite(fd, 1n);
  const held = (): boolean => {
    pic.acknowledge();
    rig.vm.irqchip!.setIrq(5, true);
    rig.vm.irqchip!.setIrq(5, false);
    return (pic.irr & 1 << 5) === 0;
  };
  assertEquals(held(), true);
  rig.irqfd(fd, 5, DEASSIGN);
  assertEquals(held(), true, "the other holds it");
  rig.irqfd(other, 5, DEASSIGN);
  assertEquals(held(), false);
});

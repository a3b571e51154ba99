// What an irqfd does to its interrupt, its eventfds and their waiters, each rule by itself.
import { assertEquals } from "@std/assert";
import { kernelReleases } from "@ioeventfd/uapi";
import { refusal, Rig } from "./testdata/helpers.ts";

const DEASSIGN = 1, RESAMPLE = 2;

/** A VM whose PICs are as a BIOS leaves them, with some inputs level-triggered. */
function withPics(release = "6.19", levels = 0): Rig {
  const rig = new Rig(release);
  rig.vm.createIrqchip();
  for (const [port, base, wiring] of [[0x20, 0x20, 4], [0xa0, 0x28, 2]] as const) {
    for (const [at, value] of [[0, 0x11], [1, base], [1, wiring], [1, 1], [1, 0]] as const) {
      rig.out(port + at, 1, value);
    }
  }
  rig.out(0x4d0, 1, levels);
  return rig;
}

/** Takes the interrupt and ends it; its vector, or −1. */
function serve(rig: Rig): number {
  const vector = rig.vm.irqchip!.pic.acknowledge();
  rig.out(0x20, 1, 0x20);
  return vector;
}

function references(rig: Rig, fd: number): number {
  return rig.kvm.files.lookupEventfd(fd).references;
}

const names = kernelReleases.map(({ name }) => name);

Deno.test("KVM_IRQFD injects at once what is pending already, and nothing else", () => {
  for (const name of names) {
    for (const count of [0, 3]) {
      const rig = withPics(name);
      rig.irqfd(rig.efd(count), 5);
      assertEquals([serve(rig), serve(rig)], count > 0 ? [0x25, -1] : [-1, -1], name);
    }
  }
});

Deno.test("An irqfd pulses its line at each write, and at nothing else", () => {
  for (const name of names) {
    const rig = withPics(name);
    const fd = rig.efd();
    rig.irqfd(fd, 5);
    for (let times = 0; times < 3; times++) {
      rig.kvm.eventfdWrite(fd, 1n);
      assertEquals([serve(rig), serve(rig)], [0x25, -1], name);
    }
    if (rig.count(fd) > 0n) rig.kvm.eventfdRead(fd);
    assertEquals(serve(rig), -1, "a read");
  }
});

Deno.test("An irqfd leaves writers that wait to the wake of a read", async () => {
  const rig = withPics();
  const fd = rig.efd();
  const context = rig.kvm.files.lookupEventfd(fd);
  context.write(2n ** 64n - 2n);
  const written = context.writeAsync(1n);
  rig.irqfd(fd, 5);
  assertEquals(serve(rig), 0x25);
  assertEquals(context.read(), 2n ** 64n - 2n);
  await written;
  assertEquals(serve(rig), 0x25);
});

Deno.test("An irqfd goes with the last descriptor of its eventfd", () => {
  for (const name of names) {
    const rig = withPics(name);
    const fd = rig.efd(), resample = rig.efd(), context = rig.kvm.files.lookupEventfd(fd);
    rig.irqfd(fd, 5, RESAMPLE, resample);
    assertEquals([context.references, references(rig, resample)], [2, 2]);
    rig.kvm.close(fd);
    assertEquals([context.references, references(rig, resample)], [0, 1], name);
  }
});

Deno.test("KVM_IRQFD_FLAG_DEASSIGN takes away what has both this eventfd and this interrupt", () => {
  const rig = withPics("6.19", 1 << 5);
  const fd = rig.efd(), resample = rig.efd();
  rig.irqfd(fd, 5, RESAMPLE, resample);
  assertEquals([rig.irqfd(fd, 4, DEASSIGN), rig.irqfd(resample, 5, DEASSIGN)], [0, 0]);
  assertEquals([references(rig, fd), references(rig, resample)], [2, 2]);
  rig.kvm.eventfdWrite(fd, 1n);
  assertEquals(serve(rig), 0x25);
  assertEquals(rig.count(resample), 1n);
  assertEquals(rig.irqfd(fd, 5, DEASSIGN), 0);
  assertEquals([references(rig, fd), references(rig, resample)], [1, 1]);
  rig.kvm.eventfdWrite(fd, 1n);
  assertEquals([serve(rig), rig.count(fd)], [-1, 1n]);
  const { pic } = rig.vm.irqchip!;
  pic.setLine(5, true);
  pic.acknowledge();
  rig.out(0x20, 1, 0x20);
  assertEquals([rig.count(resample), pic.irr], [1n, 1 << 5], "its line is left alone");
});

Deno.test("A resampling irqfd hears the end of its own interrupt, others of none", () => {
  const rig = withPics("6.19", 1 << 5 | 1 << 6 | 1 << 7);
  const [five, resample, six] = [rig.efd(), rig.efd(), rig.efd()];
  rig.irqfd(five, 5, RESAMPLE, resample);
  rig.irqfd(six, 6);
  const { pic } = rig.vm.irqchip!;
  for (const [irq, signals, asked] of [[7, 0n, true], [6, 0n, true], [5, 1n, false]] as const) {
    pic.setLine(irq, true);
    assertEquals(serve(rig), 0x20 + irq);
    assertEquals([rig.count(resample), (pic.irr >>> irq & 1) === 1], [signals, asked], `${irq}`);
    pic.setLine(irq, false);
  }
});

Deno.test("KVM_IRQFD says which flags it does not know", () => {
  const rig = withPics();
  for (const [flags, shown] of [[4, "0x4"], [0x8000_0003, "0x80000000"], [5, "0x4"]] as const) {
    const argument = { fd: rig.efd(), gsi: 5, flags, resamplefd: 0 };
    const { code, reason } = refusal(() => rig.vm.irqfd(argument));
    assertEquals([code, reason.check], ["EINVAL", "flags"]);
    assertEquals(reason.detail, `Flags ${shown} are not known`);
  }
});

Deno.test("KVM_IRQFD without PIC and IOAPIC, or with the APICs alone, by release", () => {
  const answers = names.map((name) => {
    const none = new Rig(name), split = new Rig(name);
    split.vm.enableSplitIrqchip();
    return [none, split].flatMap((rig) =>
      [0, RESAMPLE].map((flags) => rig.irqfd(rig.efd(), 5, flags, rig.efd()))
    );
  });
  assertEquals(answers, [
    ...[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]],
    ...[["EINVAL", "EINVAL", 0, "EINVAL"], ["EINVAL", "EINVAL", 0, "EINVAL"]],
  ]);
});

Deno.test("irqfds go once, though one that goes takes another with it", () => {
  const rig = withPics("4.4");
  const [first, second] = [rig.efd(), rig.efd()];
  let isEnding = false;
  const wake = (): boolean => isEnding && rig.irqfd(second, 5, DEASSIGN) === 0;
  rig.kvm.files.lookupEventfd(first).addWaiter({ wake });
  for (const [fd, gsi] of [[first, 4], [second, 5]] as const) rig.irqfd(fd, gsi);
  rig.kvm.eventfdWrite(first, 1n); // 4.4 leaves it there, and takes it when the irqfd goes
  isEnding = true;
  rig.vm[Symbol.dispose]();
  assertEquals([references(rig, first), references(rig, second), rig.count(first)], [1, 1, 0n]);
});

Deno.test("The last resampling irqfd of a line lets it go", () => {
  const others: readonly (readonly [gsi: number, flags: number, held: boolean])[] = [
    ...[[5, RESAMPLE, true], [5, 0, false], [6, RESAMPLE, false], [6, 0, false]] as const,
  ];
  for (const [gsi, flags, held] of others) {
    const rig = withPics("6.19", 1 << 5 | 1 << 6);
    const [fd, other, resample] = [rig.efd(), rig.efd(), rig.efd()];
    rig.irqfd(fd, 5, RESAMPLE, resample);
    assertEquals(rig.irqfd(other, gsi, flags, resample), 0);
    const { pic } = rig.vm.irqchip!;
    rig.kvm.eventfdWrite(fd, 1n);
    assertEquals(pic.irr, 1 << 5);
    rig.irqfd(fd, 5, DEASSIGN);
    assertEquals(pic.irr, held ? 1 << 5 : 0, `${gsi} ${flags}`);
  }
});

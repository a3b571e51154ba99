import { assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { KVM_FAST_MMIO_BUS, KVM_PIO_BUS, KVM_VIRTIO_CCW_NOTIFY_BUS } from "@ioeventfd/uapi";
import { Ioeventfd, type IoeventfdInit } from "./ioeventfd.ts";
import { EOPNOTSUPP } from "./io_device.ts";

/** An ioeventfd of 4 bytes at 0x1_8000_1000 that compares 2^63 + 5, but for what is told. */
function ioeventfd(init: Partial<IoeventfdInit> = {}): Ioeventfd {
  return new Ioeventfd({
    lo: 0x8000_1000,
    hi: 1,
    len: 8,
    wildcard: false,
    datamatchLo: 5,
    datamatchHi: 0x8000_0000,
    context: new EventfdContext(),
    busIndex: 0,
    sequence: 3,
    ...init,
  });
}

Deno.test("Ioeventfd.write() signals where all 64 bits of address and value are its own", () => {
  const one = ioeventfd();
  assertEquals(one.write(0x8000_1000, 1, 8, 5, 0x8000_0000), 0);
  assertEquals(one.write(0x8000_1000 | 0, 1, 8, 5, 0x8000_0000 | 0), 0);
  assertEquals(one.write(0x8000_1000, 0, 8, 5, 0x8000_0000), EOPNOTSUPP);
  assertEquals(one.write(0x8000_1001, 1, 8, 5, 0x8000_0000), EOPNOTSUPP);
  assertEquals(one.write(0x8000_1000, 1, 8, 5, 0), EOPNOTSUPP);
  assertEquals(one.write(0x8000_1000, 1, 4, 5, 0x8000_0000), EOPNOTSUPP);
  assertEquals(one.wouldWrite(0x8000_1000, 1, 8, 5, 0x8000_0000), true);
  assertEquals(one.wouldWrite(0x8000_1000, 0, 8, 5, 0x8000_0000), false);
  assertEquals(one.context.count, 2n);
});

Deno.test("Ioeventfd.view is unsigned, and names the bus of userspace", () => {
  const view = { bus: "mmio" as const, addr: 0x1_8000_1000n, len: 8, sequence: 3 };
  assertEquals(ioeventfd().view, { ...view, datamatch: 0x8000_0000_0000_0005n });
  const others = { pio: KVM_PIO_BUS, ccw: KVM_VIRTIO_CCW_NOTIFY_BUS, mmio: KVM_FAST_MMIO_BUS };
  for (const bus of ["pio", "ccw", "mmio"] as const) {
    const one = ioeventfd({ busIndex: others[bus], wildcard: true });
    assertEquals(one.view, { ...view, bus, datamatch: null });
  }
});

Deno.test("Ioeventfd.label tells a fast twin from what it is the twin of", () => {
  assertEquals(ioeventfd().label, "ioeventfd 3");
  assertEquals(ioeventfd({ busIndex: KVM_FAST_MMIO_BUS }).label, "fast twin of ioeventfd 3");
});

Deno.test("Ioeventfd.destroy() gives its reference back once, and tells each time", () => {
  const context = new EventfdContext();
  const told: number[] = [];
  const one = ioeventfd({ context, onDestroy: ({ destroyed }) => told.push(destroyed) });
  const another = ioeventfd({ context });
  assertEquals(context.references, 3);
  one.destroy();
  one.destroy();
  assertEquals([context.references, told], [2, [1, 2]]);
  another.destroy();
  assertEquals(context.references, 1);
});

// Accesses of lengths that are not 1, 2, 4 or 8, as the fast bus and string instructions make them.
import { assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { kernelReleases, release } from "@ioeventfd/uapi";
import { IoBus } from "./io_bus.ts";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import { ReferenceBus } from "./reference_bus.ts";

const ENOENT = -2;

function doorbell(lo: number, len: number, context: EventfdContext, hi = 0): Ioeventfd {
  return new Ioeventfd({
    ...{ lo, hi, len, wildcard: true, datamatchLo: 0, datamatchHi: 0 },
    ...{ context, busIndex: 0, sequence: 0 },
  });
}

/** Swallows what comes. */
const device: IoDevice = { write: () => 0 };

Deno.test("IoBus.write() of any number of bytes answers as the kernel's array does", () => {
  const sets: readonly (readonly [lo: number, len: number, kind?: "device"])[][] = [
    [[0x1000, 0], [0x1010, 0]],
    [[0x1000, 0], [0x1010, 4]],
    [[0x1000, 4], [0x1000, 8], [0x1010, 0]],
    [[0x1000, 4]],
    [[0x1004, 0], [0x1000, 4]],
    [[0x1000, 0], [0x1010, 16, "device"]],
    [[0x1000, 0], [0xff0, 64, "device"]],
    [],
  ];
  let signals = 0;
  for (const { bus: rules } of kernelReleases) {
    for (const set of sets) {
      const [mine, theirs] = [new EventfdContext(), new EventfdContext()];
      const bus = new IoBus(rules), array = new ReferenceBus(rules);
      const made: Ioeventfd[] = [];
      for (const [lo, len, kind] of set) {
        const one = kind ? device : doorbell(lo, len, mine);
        assertEquals(bus.register(lo, 0, len, one), 0);
        array.insert(lo, 0, len, kind ? device : doorbell(lo, len, theirs));
        if (one instanceof Ioeventfd) made.push(one);
      }
      const compare = (): void => {
        for (const lo of [0xfff, 0x1000, 0x1004, 0x1010, 0x1018]) {
          for (const len of [0, 1, 2, 3, 4, 5, 8, 9, 16, -1]) {
            const shown = `${JSON.stringify(set)} ${lo.toString(16)} ${len}`;
            assertEquals(bus.write(lo, 0, len, 0, 0), array.write(lo, 0, len, 0, 0), shown);
            assertEquals(mine.count, theirs.count, shown);
          }
        }
      };
      compare();
      signals += Number(mine.count);
      // Taken away again, and one of no bytes made anew.
      for (const one of made) bus.unregister(one);
      for (const { device } of [...array.entries()]) {
        if (device instanceof Ioeventfd) array.remove(device);
      }
      bus.register(0x1000, 0, 0, doorbell(0x1000, 0, mine));
      array.insert(0x1000, 0, 0, doorbell(0x1000, 0, theirs));
      compare();
    }
  }
  assertEquals(signals > 100, true);
});

Deno.test("IoBus.unregister() tells an ioeventfd that is there from one like it", () => {
  const bus = new IoBus(release("4.4").bus);
  const context = new EventfdContext();
  const one = doorbell(0x1000, 4, context);
  bus.register(0x1000, 0, 4, one);
  assertEquals(bus.unregister(doorbell(0x1000, 4, context)), ENOENT);
  assertEquals(bus.unregister(doorbell(0x2000, 4, context)), ENOENT);
  assertEquals([bus.deviceCount, bus.unregister(one), bus.unregister(one)], [1, 0, ENOENT]);
});

Deno.test("IoBus.orphan() leaves the range and its place to the ghost", () => {
  for (const hi of [0, 0xffff_fff0]) {
    const bus = new IoBus(release("4.4").bus);
    const context = new EventfdContext();
    const one = doorbell(0xfee0_0000, 4, context, hi),
      below = doorbell(0xfed0_0000, 4, context, hi);
    for (const each of [one, below]) bus.register(each.lo, each.hi, each.len, each);
    const ghost: IoDevice = { write: () => EOPNOTSUPP };
    bus.orphan(one, ghost);
    assertEquals(bus.entries().map(({ lo, hi, device }) => ({ lo, hi, device })), [
      { lo: 0xfed0_0000, hi, device: below },
      { lo: 0xfee0_0000, hi, device: ghost },
    ]);
    assertEquals(bus.write(0xfee0_0000, hi, 4, 0, 0), EOPNOTSUPP);
    assertEquals(bus.write(0xfed0_0000, hi, 4, 0, 0), 0);
    assertEquals([context.count, bus.ioeventfd(one), bus.deviceCount], [1n, null, 2]);
  }
});

// Ioeventfds at a range that is their own, and at one that is not.
import { assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { kernelReleases, latestRelease } from "@ioeventfd/uapi";
import { IoBus } from "./io_bus.ts";
import { EOPNOTSUPP } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";

/** A doorbell of 4 bytes for any value. */
function doorbell(lo: number, hi: number, context = new EventfdContext()): Ioeventfd {
  return new Ioeventfd({
    ...{ lo, hi, len: 4, wildcard: true, datamatchLo: 0, datamatchHi: 0 },
    ...{ context, busIndex: 0, sequence: 0 },
  });
}

Deno.test("IoBus.register() of an ioeventfd at another range: found there, where it takes nothing", () => {
  for (const [lo, hi, len] of [[0x2000, 0, 4], [0x1000, 1, 4], [0x1000, 0, 8]] as const) {
    const bus = new IoBus(latestRelease.bus);
    const one = doorbell(0x1000, 0);
    assertEquals(bus.register(lo, hi, len, one), 0);
    assertEquals(bus.entries().map((entry) => [entry.lo, entry.hi, entry.len]), [[lo, hi, len]]);
    assertEquals(bus.write(lo, hi, len, 0, 0), EOPNOTSUPP);
    assertEquals([bus.ioeventfd(one), bus.collides(one)], [null, false]);
    // A write within the longer range does come to it.
    assertEquals(bus.write(0x1000, 0, 4, 0, 0), len === 8 ? 0 : EOPNOTSUPP);
    assertEquals([bus.deviceCount, bus.unregister(one), bus.deviceCount], [1, 0, 0]);
  }
});

Deno.test("IoBus knows ioeventfds at both ends of 64 bits", () => {
  for (const { bus: rules } of kernelReleases) {
    for (
      const [lo, hi] of [[0, 0], [0x8000_0000, 0], [0, 1], [0xffff_fff0, 0xffff_ffff]] as const
    ) {
      const bus = new IoBus(rules);
      const one = doorbell(lo, hi);
      assertEquals(bus.register(lo, hi, 4, one), 0);
      assertEquals([bus.ioeventfd(one), bus.collides(doorbell(lo, hi))], [one, true]);
      assertEquals(bus.collides(doorbell(lo, hi ^ 1)), false);
      assertEquals(bus.match(lo, hi, 4, 0, 0), one);
      assertEquals(bus.write(lo, hi, 4, 0, 0), 0);
      assertEquals(one.context.count, 1n);
      // The array is there now, and kept.
      assertEquals(bus.entries().length, 1);
      assertEquals(bus.register(lo, hi, 8, { write: () => 0 }), 0);
      assertEquals(bus.entries().map((entry) => [entry.lo, entry.hi]), [[lo, hi], [lo, hi]]);
    }
  }
});

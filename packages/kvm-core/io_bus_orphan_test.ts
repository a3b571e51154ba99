// A doorbell that was freed while its bus keeps it: the bus goes on as the kernel's array does.
import { assert, assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { release } from "@ioeventfd/uapi";
import fc from "fast-check";
import { IoBus } from "./io_bus.ts";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import { ReferenceBus } from "./reference_bus.ts";

const { bus: rules } = release("4.4");

Deno.test("IoBus.orphan() leaves a ghost whose place is its doorbell's, whatever comes after", () => {
  const doorbell = fc.record({
    lo: fc.integer({ min: 0x1000, max: 0x1008 }),
    len: fc.constantFrom(0, 1, 4, 8),
    datamatch: fc.constantFrom(null, 1, 2),
  });
  const list = fc.array(doorbell, { minLength: 1, maxLength: 6 });
  let ghostsRung = 0;
  fc.assert(
    fc.property(list, list, fc.nat(5), (before, after, which) => {
      const [mine, theirs] = [new EventfdContext(), new EventfdContext()];
      const bus = new IoBus(rules), array = new ReferenceBus(rules);
      const made: [Ioeventfd, Ioeventfd][] = [];
      const register = ({ lo, len, datamatch }: typeof before[number]): void => {
        const [one, other] = [mine, theirs].map((context) =>
          new Ioeventfd({
            ...{ lo, hi: 0, len, wildcard: len === 0 || datamatch === null },
            ...{ datamatchLo: len === 0 ? 0 : datamatch ?? 0, datamatchHi: 0 },
            ...{ context, busIndex: 0, sequence: made.length },
          })
        ) as [Ioeventfd, Ioeventfd];
        if (bus.collides(one)) return;
        bus.register(lo, 0, len, one);
        array.insert(lo, 0, len, other);
        made.push([one, other]);
      };
      before.forEach(register);
      const [gone, twin] = made[which % made.length]!;
      let rung = 0, shouldRing = 0;
      const ghost = (ring: () => void): IoDevice => ({
        write: (lo, hi, len, vlo, vhi) => {
          if (!gone.wouldWrite(lo, hi, len, vlo, vhi)) return EOPNOTSUPP;
          ring();
          return 0;
        },
      });
      bus.orphan(gone, ghost(() => rung++));
      array.replace(twin, ghost(() => shouldRing++));
      after.forEach(register);
      assertEquals(
        bus.entries().map(({ lo, len }) => [lo, len]),
        array.entries().map(({ lo, len }) => [lo, len]),
      );
      for (let lo = 0xfff; lo < 0x100a; lo++) {
        for (const len of [0, 1, 4, 8]) {
          for (const value of [0, 1, 2]) {
            assertEquals(bus.write(lo, 0, len, value, 0), array.write(lo, 0, len, value, 0));
            assertEquals([mine.count, rung], [theirs.count, shouldRing]);
          }
        }
      }
      ghostsRung += rung;
    }),
    { seed: 20_141, numRuns: 200 },
  );
  assert(ghostsRung > 100, `${ghostsRung}`);
});

Deno.test("IoBus.orphan() leaves the search astray where it went astray before, above 2^52 too", () => {
  for (const hi of [0, 0x20_0000]) {
    const bus = new IoBus(rules), array = new ReferenceBus(rules);
    const [mine, theirs] = [new EventfdContext(), new EventfdContext()];
    const set = [[0x100, 4], [0x200, 4], [0x1000, 8], [0x1001, 1], [0x1004, 4]] as const;
    const [made, twins] = [mine, theirs].map((context) =>
      set.map(([lo, len]) =>
        new Ioeventfd({
          ...{ lo, hi, len, wildcard: true, datamatchLo: 0, datamatchHi: 0 },
          ...{ context, busIndex: 0, sequence: 0 },
        })
      )
    ) as [Ioeventfd[], Ioeventfd[]];
    for (const one of made) bus.register(one.lo, hi, one.len, one);
    for (const twin of twins) array.insert(twin.lo, hi, twin.len, twin);
    const ghost: IoDevice = { write: () => EOPNOTSUPP };
    bus.orphan(made[2]!, ghost);
    array.replace(twins[2]!, ghost);
    for (const [lo, len] of set) {
      assertEquals(bus.write(lo, hi, len, 0, 0), array.write(lo, hi, len, 0, 0), `${lo}`);
    }
    assertEquals([mine.count, theirs.count], [3n, 3n], "the last is not found");
  }
});

Deno.test("IoBus that was dropped answers ENOMEM to all, and frees nobody twice", () => {
  const ENOMEM = -12;
  const bus = new IoBus(release("6.19").bus);
  let destroyed = 0;
  const device: IoDevice = { write: () => 0, read: () => 0, destroy: () => destroyed++ };
  assertEquals([bus.register(0x1000, 0, 4, device), bus.read(0x1000, 0, 4, new Uint8Array(4))], [
    0,
    0,
  ]);
  bus.destroy();
  bus.destroy();
  assertEquals([destroyed, bus.dropped, bus.deviceCount], [1, true, 0]);
  assertEquals([bus.entries(), bus.search(0x1000, 0, 4)], [[], { path: [], run: [] }]);
  const work = { comparisons: 0, devicesTried: 0 };
  assertEquals(bus.register(0x1000, 0, 4, device), ENOMEM);
  assertEquals(bus.read(0x1000, 0, 4, new Uint8Array(4)), ENOMEM);
  assertEquals(bus.writeCounted(0x1000, 0, 4, 0, 0, work), ENOMEM);
  assertEquals(bus.writeCookie(0x1000, 0, 4, 0, 0, 0), ENOMEM);
  for (const len of [0, 1, 4, 16]) assertEquals(bus.write(0x1000, 0, len, 0, 0), ENOMEM);
  assertEquals([destroyed, work.comparisons], [1, 0]);
});

// Registrations that share an address, or a place in the tables, and are told apart.
import { assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { latestRelease } from "@ioeventfd/uapi";
import { IoBus } from "./io_bus.ts";
import { EOPNOTSUPP } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import { SignalPlaces } from "./_signal_places.ts";

function doorbell(lo: number, len: number, datamatch: bigint | null = null): Ioeventfd {
  const [datamatchLo, datamatchHi] = [datamatch ?? 0n, (datamatch ?? 0n) >> 32n]
    .map((word) => Number(BigInt.asIntN(32, word))) as [number, number];
  return new Ioeventfd({
    ...{ lo, hi: 0, len, wildcard: datamatch === null, datamatchLo, datamatchHi },
    ...{ context: new EventfdContext(), busIndex: 0, sequence: 0 },
  });
}

function busWith(...doorbells: readonly Ioeventfd[]): IoBus {
  const bus = new IoBus(latestRelease.bus);
  for (const each of doorbells) bus.register(each.lo, each.hi, each.len, each);
  return bus;
}

function counts(doorbells: readonly Ioeventfd[]): bigint[] {
  return doorbells.map(({ context }) => context.count);
}

Deno.test("IoBus tells addresses apart that differ in their high word alone", () => {
  for (let hi = 1; hi < 16; hi++) {
    const bus = busWith(doorbell(0x1000, 4));
    assertEquals(bus.write(0x1000, hi, 4, 0, 0), EOPNOTSUPP, `${hi}`);
    assertEquals(bus.write(0x1000, 0, 4, 0, 0), 0);
  }
});

Deno.test("IoBus keeps an ioeventfd that collides apart from the one that is there, and takes it away alone", () => {
  // What is there, and what comes: any value unless told.
  const sets: readonly (readonly [readonly (bigint | null)[], bigint | null])[] = [
    ...[[[null], null], [[1n], null], [[null], 1n], [[1n], 1n]] as const,
    ...[[[1n, 2n], null], [[1n, 2n], 1n], [[1n, 2n], 2n]] as const,
  ];
  for (const [values, value] of sets) {
    for (let lo = 0x1000; lo < 0x1100; lo += 16) {
      const there = values.map((datamatch) => doorbell(lo, 4, datamatch));
      const bus = busWith(...there), more = doorbell(lo, 4, value);
      assertEquals(bus.register(lo, 0, 4, more), 0);
      assertEquals([bus.deviceCount, [...bus.ioeventfds()]], [there.length + 1, there]);
      assertEquals([bus.unregister(more), bus.unregister(more)], [0, 0]);
      assertEquals([bus.deviceCount, [...bus.ioeventfds()]], [there.length, there]);
      assertEquals(there.map((each) => bus.ioeventfd(each)), there);
      assertEquals(bus.write(lo, 0, 4, Number(values[0] ?? 0), 0), 0);
      assertEquals([there[0]!.context.count, more.context.count], [1n, 0n]);
    }
  }
});

Deno.test("IoBus.indexBytes counts three numbers a registration, one a free one, and each shared address", () => {
  const bus = busWith(), steps: number[] = [];
  const [first, second, third] = [null, 1n, 2n].map((datamatch) => doorbell(0x1000, 4, datamatch));
  const step = (
    change: (lo: number, hi: number, len: number, device: Ioeventfd) => unknown,
    one: Ioeventfd,
  ): void => {
    const before = bus.indexBytes;
    change.call(bus, one.lo, one.hi, one.len, one);
    steps.push(bus.indexBytes - before);
  };
  step(bus.register, first!);
  bus.unregister(first!);
  step(bus.register, second!);
  step(bus.register, third!);
  assertEquals(steps, [24, -8, 48]);
  const many = Array.from({ length: 100 }, (_, value) => doorbell(0x1000, 4, BigInt(value + 3)));
  const grown = busWith(second!, third!, ...many).indexBytes - bus.indexBytes;
  assertEquals(grown > 100 * 48, true, "and the keys of the values at a shared address");
});

Deno.test("IoBus.write() compares as many bytes as are written, where several values are at an address", () => {
  const junk = 0x1122_3344_5566_7788n;
  for (const len of [1, 2, 4, 8]) {
    const bits = BigInt(8 * len);
    for (const value of [0x80n, 0xff00n, 0x8000_0001n, 0xffff_ffff_0000_0001n]) {
      if (BigInt.asUintN(Number(bits), value) !== value) continue;
      const set = [doorbell(0x1000, len, value), doorbell(0x1000, len, value ^ 1n)];
      const others = [1, 2, 4, 8].filter((other) => other !== len).map((other) =>
        doorbell(0x1000, other)
      );
      const bus = busWith(...set, ...others);
      const written = BigInt.asUintN(64, value | junk << bits);
      const [vlo, vhi] = [Number(written & 0xffff_ffffn), Number(written >> 32n)];
      assertEquals(bus.match(0x1000, 0, len, vlo, vhi), set[0]);
      assertEquals(bus.write(0x1000, 0, len, vlo, vhi), 0);
      assertEquals(bus.write(0x1000, 0, len, vlo | 0, vhi | 0), 0);
      assertEquals(counts([...set, ...others]), [2n, 0n, 0n, 0n, 0n]);
      assertEquals(bus.write(0x1000, 0, len, vlo ^ 2, vhi), EOPNOTSUPP);
      if (len === 8) assertEquals(bus.write(0x1000, 0, len, vlo, vhi ^ 2), EOPNOTSUPP);
    }
  }
});

Deno.test("IoBus.match() among several takes lengths 1, 2, 4 and 8 alone", () => {
  const bus = busWith(doorbell(0x1000, 4), doorbell(0x1000, 8, 0n));
  const matches = (len: number): number | null => bus.match(0x1000, 0, len, 0, 0)?.len ?? null;
  assertEquals([0, 1, 3, 4, 8, 16, 20, 24].map(matches), [
    null,
    null,
    null,
    4,
    8,
    null,
    null,
    null,
  ]);
});

Deno.test("IoBus forgets a wildcard among several, and an address that all have left", () => {
  const eight = doorbell(0x1000, 8, 1n), any = doorbell(0x1000, 4), seven = doorbell(0x1000, 4, 7n);
  const bus = busWith(eight, any);
  assertEquals(bus.collides(seven), true);
  bus.unregister(any);
  assertEquals(bus.collides(seven), false);
  bus.register(0x1000, 0, 4, seven);
  assertEquals([bus.write(0x1000, 0, 4, 7, 0), ...counts([any, seven])], [0, 0n, 1n]);
  for (const each of [eight, seven]) bus.unregister(each);
  for (const key of [any, seven, doorbell(0x1000, 0)]) assertEquals(bus.collides(key), false);
  bus.register(0x1000, 0, 4, any);
  assertEquals([...bus.ioeventfds()], [any]);
});

Deno.test("IoBus gives back the place of each counter that it took", () => {
  const { take, giveBack } = SignalPlaces.prototype;
  let taken = 0;
  SignalPlaces.prototype.take = function (cell) {
    taken++;
    return take.call(this, cell);
  };
  SignalPlaces.prototype.giveBack = function (place) {
    taken--;
    giveBack.call(this, place);
  };
  try {
    const set = [doorbell(0x1000, 4, 1n), doorbell(0x1000, 4, 2n), doorbell(0x2000, 4)];
    const bus = busWith(...set);
    assertEquals(taken, 3);
    for (const each of set) bus.unregister(each);
    assertEquals(taken, 0);
  } finally {
    Object.assign(SignalPlaces.prototype, { take, giveBack });
  }
});

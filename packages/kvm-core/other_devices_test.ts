// The devices on a bus that are not ioeventfds, by themselves.
import { assertEquals } from "@std/assert";
import { OtherDevices } from "./_other_devices.ts";
import { isPlain, RangeCover } from "./_range_cover.ts";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";

type Range = readonly [lo: number, len: number, hi?: number];

function entry([lo, len, hi = 0]: Range) {
  const device: IoDevice = { write: () => EOPNOTSUPP };
  return { lo, hi, len, device, order: 0 };
}

Deno.test("OtherDevices takes what it has, and no other device", () => {
  const others = new OtherDevices();
  const [zone, odd, none] = [entry([0x1000, 16]), entry([0x2000, -1]), entry([0x1000, 16])];
  others.add(zone);
  others.add(odd);
  assertEquals([others.count, others.odd, others.remove(none.device)], [2, true, false]);
  assertEquals([others.has(zone.device), others.has(none.device)], [true, false]);
  assertEquals([others.remove(zone.device), others.odd, others.mayMeet(0x9000, 0)], [
    true,
    true,
    true,
  ]);
  assertEquals([others.remove(odd.device), others.odd, others.count], [true, false, 0]);
});

Deno.test("OtherDevices.mayMeet() is for addresses in or at the end of a range, and at the very top", () => {
  const others = new OtherDevices();
  const meets = (lo: number, hi = 0): boolean => others.mayMeet(lo, hi);
  assertEquals([meets(0), meets(0, -1)], [false, false], "nothing there");
  others.add(entry([0x1000, 16]));
  assertEquals([0xfff, 0x1000, 0x1008, 0x1010, 0x1011].map((lo) => meets(lo)), [
    ...[false, true, true, true, false],
  ]);
  assertEquals([meets(0x1000, 1), meets(0, -1), meets(0, 0xffff_ffff), meets(0, -2)], [
    ...[false, true, true, false],
  ]);
  others.add(entry([0x8000, -8]));
  assertEquals(meets(0x1011), true, "a range that no search can rely on may be anywhere");
});

Deno.test("OtherDevices are apart unless two of them meet or one is odd; none is left after clear()", () => {
  const sets: readonly (readonly [readonly Range[], apart: boolean, odd?: boolean])[] = [
    [[], true],
    [[[0x1000, 16], [0x1010, 16]], true],
    [[[0x1010, 16], [0x1000, 17]], false],
    [[[0x1000, 16], [0x1000, 16]], false],
    [[[0x1000, 0], [0x1000, 0]], false],
    [[[0x1000, 16], [0x1010, 0]], false],
    [[[0x1000, 16], [0x1011, 0]], true],
    [[[0x1000, 0], [0x1000, 16]], false],
    [[[0xffc, 4], [0x1000, 0], [0x1000, 16]], false],
    [[[0x1000, 64], [0x1004, 4], [0x1020, 4]], false],
    [[[0x1000, -1]], false, true],
    [[[0, 16, 1 << 20]], false, true],
    [[[0xffff_fff0, 16, (1 << 20) - 1]], false, true],
    [[[0xffff_fff0, 15, (1 << 20) - 1]], true],
  ];
  for (const [ranges, apart, odd = false] of sets) {
    const others = new OtherDevices();
    for (const range of ranges) others.add(entry(range));
    assertEquals([others.apart, others.odd], [apart, odd], JSON.stringify(ranges));
    others.clear();
    assertEquals([others.apart, others.odd, others.count, others.mayMeet(0x1000, 0)], [
      ...[true, false, 0, false],
    ]);
    others.add(entry([0x1000, 16]));
    assertEquals([others.apart, others.mayMeet(0x1008, 0), others.mayMeet(0x2000, 0)], [
      ...[true, true, false],
    ]);
  }
});

Deno.test("RangeCover.meets() agrees with a look at each range", () => {
  const ranges = [[0x40, 8], [0x10, 0], [0x20, 16], [0x30, 4], [0x42, 2], [0, 1]] as const;
  for (let take = 0; take <= ranges.length; take++) {
    const entries = ranges.slice(0, take).map((range) => entry(range));
    const cover = new RangeCover();
    cover.rebuild(entries);
    assertEquals(cover.empty, take === 0);
    for (let at = 0; at < 0x60; at++) {
      for (const len of [0, 1, 4, 8, 32]) {
        const expected = entries.some(({ lo, len: size }) => lo <= at + len && at <= lo + size);
        assertEquals(cover.meets(at, len), expected, `${take} ${at} ${len}`);
      }
    }
  }
});

Deno.test("isPlain() is for ranges of no negative length that end below 2^52", () => {
  const plain = ([lo, len, hi]: Range): boolean => isPlain(entry([lo, len, hi ?? 0]));
  const top = (1 << 20) - 1;
  const plainOnes: Range[] = [[0, 0], [0x1000, 4], [0xffff_fff0, 15, top]];
  const oddOnes: Range[] = [[0, -1], [0xffff_fff0, 16, top], [0, 0, 1 << 20], [0, 4, -1]];
  assertEquals(plainOnes.map(plain), plainOnes.map(() => true));
  assertEquals(oddOnes.map(plain), oddOnes.map(() => false));
});

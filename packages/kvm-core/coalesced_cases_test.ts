// Coalesced zones as a live kernel answered, one test a case (KC_*), and how they meet ioeventfds.
import { assertEquals } from "@std/assert";
import { DEASSIGN, PIO, refusal, Rig } from "./testdata/helpers.ts";

const BASE = 0xd0000000;

Deno.test("KC_02 pio is 0 or 1, else EINVAL, on either call", () => {
  const rig = new Rig();
  assertEquals(rig.zone(BASE, 8, 0), 0);
  assertEquals(rig.zone(0x3f8, 8, 1), 0);
  assertEquals(rig.zone(0x3f8, 8, 2), "EINVAL");
  assertEquals(rig.zone(0x3f8, 8, 2, false), "EINVAL");
});

Deno.test("KC_03 unregistering a zone that is not there is 0", () => {
  assertEquals(new Rig().zone(BASE, 8, 0, false), 0);
});

Deno.test("KC_04 169 port writes fit, the 170th exits", () => {
  const rig = new Rig();
  rig.zone(0x3f8, 8, 1);
  let exits = 0;
  for (let at = 0; at < 169; at++) if (rig.out(0x3f8, 1, at)) exits++;
  assertEquals([exits, rig.vm.ring.first, rig.vm.ring.last], [0, 0, 169]);
  assertEquals(rig.out(0x3f8, 1), true);
});

Deno.test("KC_05 entries carry address, length and data; a write across the zone's end exits", () => {
  const rig = new Rig();
  rig.zone(BASE, 8);
  assertEquals(rig.store(BASE, 4, 0x11223344), false);
  assertEquals(rig.store(BASE + 7, 1, 0x5a), false);
  assertEquals(rig.store(BASE + 7, 2, 0x5a5a), true);
  assertEquals(rig.vm.ring.drain(), [
    { addr: BigInt(BASE), len: 4, pio: 0, data: 0x11223344n },
    { addr: BigInt(BASE + 7), len: 1, pio: 0, data: 0x5an },
  ]);
});

Deno.test("KC_06 a port's entry is marked; after unregistering the OUT exits", () => {
  const rig = new Rig();
  rig.zone(0x3f8, 8, 1);
  assertEquals(rig.out(0x3f8, 4, 0x12345678), false);
  assertEquals(rig.vm.ring.drain(), [{ addr: 0x3f8n, len: 4, pio: 1, data: 0x12345678n }]);
  assertEquals(rig.zone(0x3f8, 8, 1, false), 0);
  assertEquals(rig.out(0x3f8, 4), true);
});

Deno.test("KC_08 the ring wraps at 170", () => {
  const rig = new Rig();
  rig.zone(0x3f8, 8, 1);
  rig.vm.ring.first = rig.vm.ring.last = 160;
  for (let at = 0; at < 20; at++) assertEquals(rig.out(0x3f8, 1, at), false);
  assertEquals(rig.vm.ring.last, 10);
  assertEquals(rig.vm.ring.drain().map(({ data }) => Number(data)), [...Array(20).keys()]);
});

Deno.test("KC_09 `last` put outside of the ring: the write exits, the page is untouched", () => {
  const rig = new Rig();
  rig.zone(0x3f8, 8, 1);
  rig.vm.ring.last = 5000;
  const before = rig.vm.ring.bytes.slice();
  assertEquals(rig.out(0x3f8, 1, 7), true);
  assertEquals(rig.vm.ring.bytes, before);
  assertEquals(rig.vm.ring.drain(), []);
});

Deno.test("The ring is the page that userspace maps: indices at 0 and 4, entries of 24 bytes from 8", () => {
  const rig = new Rig();
  rig.zone(BASE, 0x1000);
  rig.store(BASE + 0x123, 8, 0x1122334455667788n);
  const view = new DataView(rig.vm.ring.bytes.buffer);
  assertEquals(rig.vm.ring.bytes.length, 4096);
  assertEquals([view.getUint32(0, true), view.getUint32(4, true)], [0, 1]);
  assertEquals(view.getBigUint64(8, true), BigInt(BASE + 0x123));
  assertEquals(view.getUint32(16, true), 8);
  assertEquals(view.getBigUint64(24, true), 0x1122334455667788n);
});

// live 5.2
Deno.test("1,000 zones fill the bus: then ENOSPC for any ioeventfd on it, after EEXIST, and on it alone", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(BASE, 4, 0, 0, fd), 0);
  for (let at = 0; at < 1000; at++) assertEquals(rig.zone(0xe0000000 + at * 16, 8), 0);
  assertEquals(rig.zone(0xf0000000, 8), "ENOSPC");
  assertEquals(rig.io(BASE + 8, 4, 0, 0, fd), "ENOSPC");
  assertEquals(rig.io(BASE, 4, 0, 0, fd), "EEXIST");
  assertEquals(rig.io(0x510, 4, PIO, 0, fd), 0);
  assertEquals(rig.io(BASE, 4, DEASSIGN, 0, fd), 0);
  assertEquals(rig.io(BASE, 4, 0, 0, fd), "ENOSPC");
  const { reason } = refusal(() =>
    rig.vm.assignIoeventfd(rig.spec("mmio", BigInt(BASE), { len: 0 }, fd))
  );
  assertEquals(reason.check, "bus-full");
  assertEquals(rig.zone(0xe0000000, 8, 0, false), 0);
  for (let at = 0; at < 50; at++) assertEquals(rig.io(BASE + at * 8, 4, 0, 0, fd), 0);
});

Deno.test("Ioeventfds leave room for exactly 1,000 zones", () => {
  const rig = new Rig();
  const fd = rig.efd();
  for (let at = 0; at < 300; at++) rig.io(BASE + at * 8, 4, 0, 0, fd);
  let fit = 0;
  while (rig.zone(0xe0000000 + fit * 16, 8) === 0) fit++;
  assertEquals(fit, 1000);
});

// live 7.1
for (const pio of [0, 1]) {
  const bus = pio === 1 ? "PIO" : "MMIO";
  const base = pio === 1 ? 0x600 : BASE;
  const flags = pio === 1 ? PIO : 0;
  const write = (rig: Rig, addr: number, len: number) =>
    pio === 1 ? rig.out(addr, len, 1) : rig.store(addr, len, 1);

  Deno.test(`At a zone's start a non-zero length always wins, elsewhere whoever was first: ${bus}`, () => {
    for (const zoneFirst of [true, false]) {
      for (
        const [offset, len, ioeventfdWins] of [
          [0, 4, true],
          [0, 1, true],
          [0, 0, !zoneFirst],
          [4, 4, !zoneFirst],
          [4, 0, !zoneFirst],
          [12, 4, !zoneFirst],
        ] as const
      ) {
        const rig = new Rig();
        const fd = rig.efd();
        if (zoneFirst) rig.zone(base, 16, pio);
        assertEquals(rig.io(base + offset, len, flags, 0, fd), 0);
        if (!zoneFirst) rig.zone(base, 16, pio);
        assertEquals(write(rig, base + offset, len === 0 ? 4 : len), false);
        const what = `${zoneFirst ? "zone" : "ioeventfd"} first, +${offset} len ${len}`;
        assertEquals(rig.count(fd), ioeventfdWins ? 1n : 0n, what);
        assertEquals(rig.vm.ring.last, ioeventfdWins ? 0 : 1, what);
      }
    }
  });
}

// live 7.2
Deno.test("A full ring lets writes through to the ioeventfd: 169 in the ring, 31 signals, no exit", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.zone(BASE, 16);
  rig.io(BASE + 4, 4, 0, 0, fd);
  let exits = 0;
  for (let at = 0; at < 200; at++) if (rig.store(BASE + 4, 4, at)) exits++;
  assertEquals([rig.vm.ring.last, rig.count(fd), exits], [169, 31n, 0]);
});

// live 7.3
Deno.test("Zones of size 0, zones that wrap and duplicates are accepted", () => {
  const rig = new Rig();
  assertEquals(rig.zone(BASE, 0), 0);
  assertEquals(rig.zone(2n ** 64n - 4n, 8), 0);
  assertEquals([rig.zone(BASE, 8), rig.zone(BASE, 8)], [0, 0]);
  assertEquals(rig.store(BASE, 8), false);
  assertEquals(rig.vm.bus(0).deviceCount, 4);
  assertEquals(rig.zone(BASE, 8, 0, false), 0, "takes both of 8 bytes");
  assertEquals(rig.vm.bus(0).deviceCount, 2);
  assertEquals(rig.store(BASE, 8), true);
});

Deno.test("Unregistering a part of a zone takes the whole of it", () => {
  const rig = new Rig();
  rig.zone(BASE, 0x100);
  assertEquals(rig.zone(BASE + 0x10, 4, 0, false), 0);
  assertEquals(rig.vm.bus(0).deviceCount, 0);
});

Deno.test("A zone of 2 GiB or more is a negative length on the bus, and cannot be unregistered", () => {
  const rig = new Rig();
  assertEquals(rig.zone(BASE, 0xffffffff), 0);
  assertEquals(rig.vm.bus(0).entries()[0]?.len, -1);
  assertEquals(rig.zone(BASE, 0xffffffff, 0, false), 0);
  assertEquals(rig.vm.bus(0).deviceCount, 1);
});

Deno.test("Typed zones: `pio` as a boolean, misuse is no errno", () => {
  const rig = new Rig();
  rig.vm.registerCoalesced({ addr: 0x3f8n, size: 8, pio: true });
  assertEquals(rig.out(0x3f8, 1), false);
  rig.vm.unregisterCoalesced({ addr: 0x3f8n, size: 8, pio: true });
  assertEquals(rig.out(0x3f8, 1), true);
});

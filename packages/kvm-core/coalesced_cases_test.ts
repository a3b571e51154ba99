// Coalesced zones (KC_*) where a test looks into the ring or the bus. What a kernel shows of them is in tests/cases, for
// every backend.
import { assertEquals } from "@std/assert";
import { Rig } from "./testdata/helpers.ts";

const BASE = 0xd0000000;

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

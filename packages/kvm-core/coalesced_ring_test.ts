// The page of coalesced writes, byte for byte.
import { assertEquals } from "@std/assert";
import { kernelReleases, release } from "@ioeventfd/uapi";
import { CoalescedRing, KVM_COALESCED_MMIO_MAX } from "./coalesced_ring.ts";
import type { KernelReport } from "./kernel_report.ts";

Deno.test("CoalescedRing.push() fills an entry up to the length, and leaves what is behind it", () => {
  for (const { name, bus: rules } of kernelReleases) {
    for (let len = 1; len <= 8; len++) {
      const ring = new CoalescedRing(rules);
      ring.bytes.fill(0xee, 8);
      ring.first = ring.last = 3;
      const expected = ring.bytes.slice(), view = new DataView(expected.buffer);
      const at = 8 + 3 * 24;
      view.setUint32(4, 4, true);
      view.setUint32(at, 0x8000_1000, true);
      view.setUint32(at + 4, 0x7fff_0001, true);
      view.setUint32(at + 8, len, true);
      if (rules.coalescedPio) view.setUint32(at + 12, 1, true);
      for (let byte = 0; byte < len; byte++) expected[at + 16 + byte] = 0x91 + byte;
      assertEquals(ring.push(0x8000_1000, 0x7fff_0001, len, 0x94939291, 0x98979695, 1), true);
      assertEquals(ring.bytes, expected, `${name} ${len}`);
    }
  }
});

Deno.test("CoalescedRing.push() reports a write right behind the page, where the release makes it", () => {
  const reports: KernelReport[] = [];
  const ring = new CoalescedRing(release("3.16").bus, (report) => reports.push(report));
  ring.first = 5;
  ring.last = KVM_COALESCED_MMIO_MAX;
  const before = ring.bytes.slice(8);
  assertEquals(ring.push(0x1000, 0, 4, 1, 0, 0), true);
  assertEquals([ring.bytes.slice(8), ring.last, reports.length], [before, 1, 1]);
});

Deno.test("CoalescedRing has room up to its last entry, in the releases that look", () => {
  for (const { name, bus: rules } of kernelReleases) {
    const ring = new CoalescedRing(rules);
    ring.first = 5;
    const room = [KVM_COALESCED_MMIO_MAX - 1, KVM_COALESCED_MMIO_MAX].map((last) => {
      ring.last = last;
      return ring.hasRoom;
    });
    assertEquals(room, [true, !rules.coalescedRingChecksLast], name);
  }
});

Deno.test("CoalescedRing.drain() takes nothing while an index is outside, and 8 bytes at most", () => {
  const ring = new CoalescedRing(release("6.19").bus);
  ring.push(0x1000, 0, 8, -1, -1, 0);
  for (const [first, last] of [[170, 1], [0, 170], [5000, 1], [170, 170]] as const) {
    ring.first = first;
    ring.last = last;
    assertEquals([ring.drain(), ring.first, ring.last], [[], first, last]);
  }
  ring.first = 0;
  ring.last = 1;
  new DataView(ring.bytes.buffer).setUint32(16, 9, true);
  assertEquals(ring.drain(), [{ addr: 0x1000n, len: 9, pio: 0, data: 0xffff_ffff_ffff_ffffn }]);
});

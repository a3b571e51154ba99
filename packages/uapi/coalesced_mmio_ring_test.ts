import { assertEquals, assertThrows } from "@std/assert";
import {
  type CoalescedMmio,
  decodeCoalescedMmioRing,
  encodeCoalescedMmioRing,
  KVM_COALESCED_MMIO_MAX,
} from "@ioeventfd/uapi";

function entry(i: number): CoalescedMmio {
  return { physAddr: BigInt(0x1000 + i), len: 4, pio: i % 2, data: new Uint8Array(8).fill(i) };
}

Deno.test("decodeCoalescedMmioRing() reads 170 slots of a page, and leaves its last 8 bytes", () => {
  assertEquals(KVM_COALESCED_MMIO_MAX, 170);
  const entries = Array.from({ length: 170 }, (_, i) => entry(i));
  const page = new Uint8Array(4096).fill(0xee);
  page.set(encodeCoalescedMmioRing({ first: 3, last: 169, entries }));
  assertEquals(decodeCoalescedMmioRing(page), { first: 3, last: 169, entries });
  assertEquals(page.subarray(4088), new Uint8Array(8).fill(0xee));
});

Deno.test("decodeCoalescedMmioRing() leaves indices as they are, out of range or not", () => {
  const bytes = encodeCoalescedMmioRing({ first: 0, last: 0xffffffff, entries: [entry(1)] });
  assertEquals(decodeCoalescedMmioRing(bytes).last, 0xffffffff);
  assertEquals(decodeCoalescedMmioRing(bytes.subarray(0, 31)).entries, []);
  assertThrows(() => decodeCoalescedMmioRing(bytes.subarray(0, 7)), RangeError, "0x8 bytes");
});

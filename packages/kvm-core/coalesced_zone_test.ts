import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CoalescedZoneDevice } from "./_coalesced_zone.ts";
import type { CoalescedRing } from "./coalesced_ring.ts";

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));

/** The rule in one type: sums wrap at 2^64. */
function isIn(first: bigint, size: bigint, addr: bigint, len: number): boolean {
  const end = u64(addr + BigInt(len));
  return len >= 0 && end >= addr && addr >= first && end <= u64(first + size);
}

Deno.test("CoalescedZoneDevice.contains() is the rule in 64 bits, near 2^32, 2^63 and 2^64 too", () => {
  const near = fc.integer({ min: -20, max: 20 });
  const base = fc.constantFrom(0n, 0x1000n, 1n << 32n, 1n << 63n, 1n << 64n);
  const size = fc.oneof(fc.nat(24), fc.constantFrom(0x8000_0000, 0xffff_ffff));
  const len = fc.constantFrom(-1, 0, 1, 2, 4, 8);
  let inside = 0;
  fc.assert(
    fc.property(base, near, near, size, len, (base, from, to, size, len) => {
      const first = u64(base + BigInt(from)), addr = u64(base + BigInt(to));
      const zone = new CoalescedZoneDevice(
        { lo: low(first), hi: high(first), size: size | 0, pio: 0 },
        {} as CoalescedRing,
        () => {},
      );
      const expected = isIn(first, BigInt(size), addr, len);
      assertEquals(zone.contains(low(addr), high(addr), len), expected);
      assertEquals(zone.contains(low(addr) >>> 0, high(addr) >>> 0, len), expected);
      if (expected) inside++;
    }),
    { seed: 20_141, numRuns: 4000 },
  );
  assert(inside > 400, `${inside}`);
});

Deno.test("CoalescedZoneDevice.destroy() tells its VM, which keeps a list of zones", () => {
  const told: CoalescedZoneDevice[] = [];
  const range = { lo: 0x1000, hi: 0, size: 4, pio: 0 };
  const zone = new CoalescedZoneDevice(range, {} as CoalescedRing, (one) => told.push(one));
  zone.destroy();
  assertEquals(told, [zone]);
});

import { assert, assertEquals } from "@std/assert";
import { kernelReleases, KVM_MMIO_BUS, KVM_PIO_BUS, latestRelease } from "@ioeventfd/uapi";
import fc from "fast-check";
import { CoalescedZoneDevice } from "./_coalesced_zone.ts";
import { CoalescedZones } from "./_coalesced_zones.ts";
import { AllocationFaults } from "./allocation_faults.ts";
import { CoalescedRing, KVM_COALESCED_MMIO_MAX } from "./coalesced_ring.ts";
import { IoBus } from "./io_bus.ts";
import { refusal, Rig } from "./testdata/helpers.ts";

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

Deno.test("KVM_UNREGISTER_COALESCED_MMIO leaves the zones of the other space alone", () => {
  const rig = new Rig();
  for (const pio of [0, 1]) assertEquals(rig.zone(0x1000, 16, pio), 0);
  assertEquals(rig.zone(0x1000, 16, 1, false), 0);
  assertEquals([rig.store(0x1000, 4), rig.out(0x1000, 4)], [false, true]);
  assertEquals(rig.zone(0x1000, 16, 0, false), 0);
  assertEquals(rig.store(0x1000, 4), true);
});

Deno.test("KVM_REGISTER_COALESCED_MMIO says that the bus is full, or cannot grow", () => {
  const rig = new Rig();
  const zone = { addr: 0x1000n, size: 4 };
  rig.vm.faults.fail("bus-grow");
  const { code, reason } = refusal(() => rig.vm.registerCoalesced(zone));
  assertEquals([code, reason.check], ["ENOMEM", "bus-memory"]);
  for (let i = 0; i < 1000; i++) assertEquals(rig.zone(0x1000, 4), 0);
  const full = refusal(() => rig.vm.registerCoalesced(zone));
  assertEquals([full.code, full.reason.check], ["ENOSPC", "bus-full"]);
});

Deno.test("KVM_UNREGISTER_COALESCED_MMIO reports the bus that goes when it cannot shrink", () => {
  for (const pio of [0, 1]) {
    const rig = new Rig("6.19");
    for (const addr of [0x1000, 0x2000]) assertEquals(rig.zone(addr, 16, pio), 0);
    rig.vm.faults.fail("bus-shrink");
    assertEquals(rig.zone(0x1000, 16, pio, false), 0);
    assertEquals(rig.vm.bus(pio === 1 ? KVM_PIO_BUS : KVM_MMIO_BUS).dropped, true);
    const bus = pio === 1 ? "pio" : "mmio";
    assertEquals(rig.vm.reports.length, 1);
    assert(rig.vm.reports[0]!.detail.includes(`(${bus})`), rig.vm.reports[0]!.detail);
  }
});

Deno.test("CoalescedZones keeps no zone that was unregistered, in any release", () => {
  for (const { bus: rules } of kernelReleases) {
    const faults = new AllocationFaults(), bus = new IoBus(rules, faults);
    const ring = new CoalescedRing(rules);
    const zones = new CoalescedZones({ rules, faults, ring, bus: () => bus, report: () => {} });
    const zone = { lo: 0x1000, hi: 0, size: 8, pio: 0 };
    for (let times = 0; times < 2; times++) zones.register(zone);
    assertEquals([zones.count, bus.deviceCount], [2, 2]);
    zones.unregister(zone);
    assertEquals([zones.count, bus.deviceCount], [0, 0]);
  }
});

Deno.test("CoalescedRing.push() leaves the bytes behind the length as they were, and drain() leaves them out", () => {
  const ring = new CoalescedRing(latestRelease.bus);
  for (let at = 0; at < KVM_COALESCED_MMIO_MAX; at++) {
    ring.push(0x1000, 0, 8, 0x44332211, 0x88776655 | 0, 0);
    ring.drain();
  }
  for (const len of [1, 2, 3, 4, 5, 7, 8]) {
    const data = 8 + 24 * ring.last + 16;
    ring.push(0x1000, 0, len, 0xa4a3a2a1 | 0, 0xa8a7a6a5 | 0, 0);
    const bytes = [...ring.bytes.subarray(data, data + 8)];
    const now = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8];
    const old = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88];
    assertEquals(bytes, [...now.slice(0, len), ...old.slice(len)]);
    assertEquals(ring.drain()[0]!.data, 0xa8a7a6a5a4a3a2a1n & ((1n << BigInt(8 * len)) - 1n));
  }
});

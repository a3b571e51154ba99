import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  encodeUserspaceMemoryRegion,
  kernelReleases,
  KVM_GET_DIRTY_LOG,
  KVM_MEM_GUEST_MEMFD,
  KVM_SET_USER_MEMORY_REGION,
  KvmError,
  latestRelease,
  type MemoryRegion,
  release,
} from "@ioeventfd/uapi";
import { AllocationFaults } from "./allocation_faults.ts";
import { Memslots, type SlotChange } from "./memslots.ts";
import { errnoOf, refusal, Rig } from "./testdata/helpers.ts";

const HVA = 0x7f0000000000n;
const ok: MemoryRegion = { slot: 0, flags: 0, gpa: 0x10000n, size: 0x4000n, hva: HVA };

Deno.test("Memslots.set() refuses in the kernel's order", () => {
  const slots = new Memslots(latestRelease.memslots);
  const check = (change: Partial<MemoryRegion>): string =>
    refusal(() => slots.set({ ...ok, ...change })).reason.check;
  // Each row breaks its own check and all that come after it.
  const wrong: [string, Partial<MemoryRegion>][] = [
    ["missing", { slot: 9, size: 0n }],
    ["pages", { size: 1n << 43n, hva: 0x10000n }],
    ["wrap", { gpa: 2n ** 64n - 0x1000n, size: 0x2000n }],
    ["address-space", { slot: 2 << 16 }],
    ["hva", { hva: HVA + 1n }],
    ["gpa", { gpa: 0x10001n }],
    ["size", { size: 0x4001n }],
    ["flags", { flags: 0x8 }],
    ["slot-id", { slot: 32764 | 2 << 16 }],
  ];
  let all: Partial<MemoryRegion> = {};
  for (const [expected, change] of wrong) {
    assertEquals(check(change), expected);
    if (expected !== "missing") {
      all = { ...all, ...change };
      assertEquals(check(all), expected, `${expected} before the others`);
    }
  }
});

Deno.test("Memslots.set() refuses memory beyond the process's half of the address space", () => {
  const slots = new Memslots(latestRelease.memslots);
  assertEquals(errnoOf(() => slots.set({ ...ok, hva: 0x7fffffffb000n })), 0);
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, hva: 0x7fffffffc000n })), "EINVAL");
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, hva: 0xffff800000000000n })), "EINVAL");
});

Deno.test("Memslots.set() lets a slot change its place and dirty log, and nothing else", () => {
  const slots = new Memslots(latestRelease.memslots);
  slots.set(ok);
  for (const change of [{ hva: HVA + 0x1000n }, { size: 0x8000n }, { flags: 2 }]) {
    assertEquals(refusal(() => slots.set({ ...ok, ...change })).reason.check, "immutable");
  }
  const generation = slots.generation;
  slots.set(ok);
  assertEquals(slots.generation, generation, "the same again has no effect");
  slots.set({ ...ok, flags: 1 });
  slots.set({ ...ok, flags: 1, gpa: 0x20000n });
  assertEquals([slots.find(0x10000), slots.find(0x20000)?.flags], [null, 1]);
});

Deno.test("Memslots.set() refuses an overlap with another slot, and not with itself", () => {
  const slots = new Memslots(latestRelease.memslots);
  slots.set(ok);
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, gpa: 0x13000n })), "EEXIST");
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, gpa: 0x14000n })), 0);
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 2, gpa: 0xc000n })), 0, "right below");
  slots.set({ ...ok, slot: 2, size: 0n });
  assertEquals(errnoOf(() => slots.set({ ...ok, gpa: 0xf000n })), 0, "onto itself, a page down");
  assertEquals(errnoOf(() => slots.set({ ...ok, gpa: 0x11000n })), "EEXIST");
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1 << 16 })), 0, "another address space");
});

Deno.test("Memslots.set() of size 0 deletes, once", () => {
  const slots = new Memslots(latestRelease.memslots);
  slots.set(ok);
  slots.set({ ...ok, size: 0n });
  assertEquals(slots.find(0x10000), null);
  assertEquals(errnoOf(() => slots.set({ ...ok, size: 0n })), "EINVAL");
});

Deno.test("Memslots.set() knows one address space before 4.4, and no width of addresses before 6.19", () => {
  const high = { ...ok, gpa: 1n << 52n };
  assertEquals(
    kernelReleases.map(({ memslots }) => [
      errnoOf(() => new Memslots(memslots).set({ ...ok, slot: 1 << 16 })),
      errnoOf(() => new Memslots(memslots).set(high)),
    ]),
    [["EINVAL", 0], ["EINVAL", 0], ["EINVAL", 0], [0, 0], [0, 0], [0, "EINVAL"]],
  );
});

Deno.test("Memslots.set() goes up to the last page that a slot may have", () => {
  const set = (name: string, region: Partial<MemoryRegion>): string | 0 =>
    errnoOf(() => new Memslots(release(name).memslots).set({ ...ok, ...region }));
  const bits = BigInt(latestRelease.memslots.maxGpaBits!);
  assertEquals(set("6.19", { gpa: (1n << bits) - 0x4000n }), 0);
  assertEquals(set("6.19", { gpa: (1n << bits) - 0x3000n }), "EINVAL");
  const most = (1n << 43n) - 0x1000n; // 2^31 - 1 pages
  assertEquals(set("6.19", { size: most, hva: 0x10000n }), 0);
  assertEquals(set("6.19", { size: most + 0x1000n, hva: 0x10000n }), "EINVAL");
});

Deno.test("Memslots.find() knows slots up to 2^52, which no guest goes beyond", () => {
  const slots = new Memslots(release("5.15").memslots);
  slots.set({ ...ok, slot: 1, gpa: (1n << 52n) - 0x4000n });
  slots.set({ ...ok, slot: 2, gpa: 1n << 52n });
  assertEquals(slots.slots.map(({ id }) => id), [1]);
  assertEquals([slots.find(2 ** 52 - 1)?.id, slots.find(2 ** 52)], [1, null]);
  assertEquals(slots.slot(2)?.gpa, 1n << 52n);
});

Deno.test("Memslots.slot() takes the address space from bits 31:16", () => {
  const slots = new Memslots(latestRelease.memslots);
  slots.set(ok);
  slots.set({ ...ok, slot: 1 << 16, gpa: 0x80000n });
  const found = [0, 1 << 16, 1, 1 << 16 | 1, 2 << 16].map((slot) =>
    slots.slot(slot)?.start ?? null
  );
  assertEquals(found, [0x10000, 0x80000, null, null, null]);
  assertEquals([slots.slot(1 << 16)?.addressSpace, slots.slots.length], [1, 1]);
});

Deno.test("Memslots.set() of a read-only slot again is no change, and a move of it is one", () => {
  const slots = new Memslots(latestRelease.memslots);
  const readonly = { ...ok, flags: 2 };
  slots.set(readonly);
  const before = slots.generation;
  slots.set(readonly);
  assertEquals(slots.generation, before);
  slots.set({ ...readonly, gpa: 0x20000n });
  assertEquals(slots.find(0x20000)?.readonly, true);
});

Deno.test("Memslots.set() says what it refuses", () => {
  const faults = new AllocationFaults();
  const slots = new Memslots(latestRelease.memslots, undefined, faults);
  slots.set(ok);
  const said = (change: Partial<MemoryRegion>): string =>
    refusal(() => slots.set({ ...ok, slot: 1, ...change })).reason.detail;
  assertEquals(said({ flags: 0x8000_0001 }), "Flags 0x80000000 are not known");
  assertEquals(
    said({ gpa: 0x13000n }),
    "Slot 0x1 at 0x13000 + 0x4000 overlaps slot 0x0 at 0x10000 + 0x4000",
  );
  faults.fail("memslot");
  const { code, reason } = refusal(() => slots.set({ ...ok, slot: 1, gpa: 0x20000n }));
  assertEquals([code, reason.check, slots.slot(1)], ["ENOMEM", "allocation", null]);
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, gpa: 0x20000n })), 0);
  faults.fail("memslot");
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, size: 0n })), "ENOMEM");
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, size: 0n })), 0);
});

Deno.test("Memslots.set() of a move too high invalidates the old place for a while, and keeps it", () => {
  const slots = new Memslots(latestRelease.memslots);
  slots.set(ok);
  const kinds: SlotChange["kind"][] = [];
  slots.onSlotChange(({ kind }) => void kinds.push(kind));
  const { generation } = slots;
  assertEquals(errnoOf(() => slots.set({ ...ok, gpa: 1n << 52n })), "EINVAL");
  assertEquals(errnoOf(() => slots.set({ ...ok, slot: 1, gpa: 1n << 52n })), "EINVAL");
  assertEquals([slots.generation - generation, kinds], [4, ["move"]]);
  assertEquals([slots.slot(0)?.gpa, slots.find(Number(ok.gpa))?.id], [ok.gpa, 0]);
});

Deno.test("Memslots.onSlotChange() tells what changed after it did", () => {
  const slots = new Memslots(latestRelease.memslots);
  const seen: SlotChange["kind"][] = [];
  const stop = slots.onSlotChange(({ kind, after }) => {
    seen.push(kind);
    if (after !== null) assertEquals(slots.find(after.start), after);
  });
  slots.set(ok);
  slots.set({ ...ok, flags: 1 });
  slots.set({ ...ok, flags: 1, gpa: 0x40000n });
  slots.set({ ...ok, size: 0n });
  stop();
  slots.set(ok);
  assertEquals(seen, ["create", "flags", "move", "delete"]);
});

Deno.test("Memslots.find() agrees with a scan of all slots, whatever was found before", () => {
  const page = fc.integer({ min: 0, max: 40 });
  fc.assert(
    fc.property(
      fc.array(fc.record({ slot: fc.integer({ min: 0, max: 7 }), page, pages: page }), {
        maxLength: 20,
      }),
      fc.array(fc.integer({ min: 0, max: 45 * 4096 }), { maxLength: 20 }),
      (regions, probes) => {
        const slots = new Memslots(latestRelease.memslots);
        for (const { slot, page, pages } of regions) {
          const region = { slot, gpa: BigInt(page * 4096), size: BigInt(pages * 4096), hva: HVA };
          errnoOf(() => slots.set(region));
          for (const gpa of probes) {
            const scanned = slots.slots.find(({ start, end }) => gpa >= start && gpa < end);
            assertEquals(slots.find(gpa), scanned ?? null);
          }
        }
      },
    ),
  );
});

// live 7.7
Deno.test("A slot over a doorbell silences it, deleting the slot wakes it, without a registration call", () => {
  const rig = new Rig();
  const { hva, bytes } = rig.kvm.allocateMemory(0x1000);
  const fd = rig.efd();
  assertEquals(rig.io(0xd0000008, 4, 0, 0, fd), 0);
  const region = { slot: 3, gpa: 0xd0000000n, size: 0x1000n, hva };
  rig.store(0xd0000008, 4, 1);
  rig.vm.setMemoryRegion(region);
  rig.store(0xd0000008, 4, 0x11223344);
  assertEquals([rig.count(fd), [...bytes.subarray(8, 12)]], [1n, [0x44, 0x33, 0x22, 0x11]]);
  rig.vm.setMemoryRegion({ ...region, size: 0n });
  rig.store(0xd0000008, 4, 1);
  assertEquals(rig.count(fd), 2n);
});

Deno.test("A read-only slot lets the doorbell fire, leaves memory alone, and other stores exit", () => {
  const rig = new Rig();
  const { hva, bytes } = rig.kvm.allocateMemory(0x1000);
  const fd = rig.efd();
  rig.io(0xd0000008, 4, 0, 0, fd);
  rig.vm.setMemoryRegion({ slot: 0, flags: 2, gpa: 0xd0000000n, size: 0x1000n, hva });
  assertEquals([rig.store(0xd0000008, 4, 7), rig.store(0xd0000010, 4, 7)], [false, true]);
  assertEquals([rig.count(fd), bytes.some((byte) => byte !== 0)], [1n, false]);
});

Deno.test("A store across a page goes to both sides, and is the kernel's when both took it", () => {
  const rig = new Rig();
  const { hva, bytes } = rig.kvm.allocateMemory(0x1000);
  rig.vm.setMemoryRegion({ slot: 0, gpa: 0xd0000000n, size: 0x1000n, hva });
  const fd = rig.efd();
  rig.io(0xd0001000, 0, 0, 0, fd);
  assertEquals(rig.store(0xd0000ffd, 8, 0x8877665544332211n), false);
  assertEquals([[...bytes.subarray(0xffd)], rig.count(fd)], [[0x11, 0x22, 0x33], 1n]);
  rig.zone(0xd0002000, 16);
  assertEquals(rig.store(0xd0001ffe, 8, 0x8877665544332211n), true, "its first part exits");
  assertEquals(rig.vm.ring.drain(), [
    { addr: 0xd0002000n, len: 6, pio: 0, data: 0x887766554433n },
  ]);
});

// live 4.5
Deno.test("An odd part of a store across a page matches length 0 alone", () => {
  const rig = new Rig();
  const any = rig.efd(), one = rig.efd();
  rig.io(0xd0001000, 0, 0, 0, any);
  assertEquals(rig.store(0xd0000fff, 4, 1), true);
  assertEquals(rig.count(any), 1n);
  rig.io(0xd0002000, 1, 0, 0, one);
  rig.store(0xd0001fff, 4, 1);
  assertEquals(rig.count(one), 0n, "three bytes, not one");
  rig.store(0xd0001ffd, 4, 1);
  assertEquals(rig.count(one), 1n);
});

Deno.test("KVM_SET_USER_MEMORY_REGION by the raw door, and the dirty log it does not keep", () => {
  const rig = new Rig();
  const bytes = encodeUserspaceMemoryRegion({
    slot: 5,
    flags: 0,
    guestPhysAddr: 0x100000n,
    memorySize: 0x1000n,
    userspaceAddr: HVA,
  });
  assertEquals(rig.vm.ioctl(KVM_SET_USER_MEMORY_REGION, bytes), 0);
  assertEquals(rig.vm.slots.find(0x100fff)?.id, 5);
  assertEquals(rig.vm.slots.slot(5)?.bytes, null, "the process has no memory there");
  const log = new Uint8Array(16);
  log[0] = 5;
  assertEquals(errnoOf(() => rig.vm.ioctl(KVM_GET_DIRTY_LOG, log)), "ENOENT");
});

Deno.test("Vm.setMemoryRegion() takes u64 and u32 fields alone", () => {
  const { vm } = new Rig();
  // deno-lint-ignore no-explicit-any
  const set = (change: any) => () => vm.setMemoryRegion({ ...ok, ...change });
  assertThrows(set({ gpa: 4096 }), TypeError);
  assertThrows(set({ size: -1n }), RangeError);
  assertThrows(set({ slot: 1.5 }), TypeError);
  assertThrows(set({ flags: NaN }), TypeError);
});

Deno.test("Memslots.set() of private memory checks its offset, refuses a slot that is there, and binds last", () => {
  const slots = new Memslots(latestRelease.memslots);
  const private_ = { ...ok, slot: 1, gpa: 0x80000n, flags: KVM_MEM_GUEST_MEMFD };
  const check = (offset: bigint, change: Partial<MemoryRegion> = {}): string => {
    const bind = (): never => {
      throw new KvmError("EBADF", { check: "memfd", detail: "No guest_memfd" });
    };
    return refusal(() => slots.set({ ...private_, ...change }, { offset, bind })).reason.check;
  };
  slots.set(ok);
  const last = 2n ** 64n - 0x5000n;
  assertEquals([0n, 0x1000n, last].map((offset) => check(offset)), ["memfd", "memfd", "memfd"]);
  assertEquals([1n, 0x800n, last + 0x1000n, 2n ** 64n - 0x1000n].map((offset) => check(offset)), [
    ...Array(4).fill("memfd-offset"),
  ]);
  assertEquals(check(0n, { slot: 0, gpa: ok.gpa }), "immutable");
  assertEquals(check(0n, { gpa: ok.gpa }), "overlap");
  assertEquals(slots.slots.length, 1);
});

// "KVM: support any-length wildcard ioeventfd": each statement of the commit, on the release that is the commit alone.
import { assertEquals } from "@std/assert";
import { KVM_CAP_IOEVENTFD_NO_LENGTH, KVM_CHECK_EXTENSION, release } from "@ioeventfd/uapi";
import { collides } from "./collides.ts";
import { matches } from "./matches.ts";
import { CCW, DEASSIGN, DM, PIO, refusal, Rig } from "./testdata/helpers.ts";

const ADDR = 0xfebfb000;

Deno.test("seed: KVM_CAP_IOEVENTFD_NO_LENGTH is 100 and answers 1", () => {
  const { kvm } = new Rig("seed");
  assertEquals(KVM_CAP_IOEVENTFD_NO_LENGTH, 100);
  assertEquals(kvm.checkExtension(100), 1);
  assertEquals(kvm.ioctl(KVM_CHECK_EXTENSION, 100), 1);
  assertEquals(new Rig("3.14").kvm.checkExtension(100), 0, "before it");
});

Deno.test("seed: length 0 is accepted on MMIO", () => {
  const rig = new Rig("seed");
  assertEquals(rig.io(ADDR, 0, 0, 0, rig.efd()), 0);
  assertEquals(rig.vm.registrations(), [
    { bus: "mmio", addr: BigInt(ADDR), len: 0, datamatch: null, sequence: 0 },
  ]);
  assertEquals(new Rig("3.14").io(ADDR, 0, 0, 0, 3), "EINVAL", "before it");
});

Deno.test("seed: length 0 with PIO is EINVAL", () => {
  const rig = new Rig("seed");
  const fd = rig.efd();
  assertEquals(rig.io(0x510, 0, PIO, 0, fd), "EINVAL");
  const { reason } = refusal(() =>
    rig.vm.assignIoeventfd({ bus: "pio", addr: 0x510n, match: { len: 0 }, fd })
  );
  assertEquals(reason.check, "zero-length");
});

Deno.test("seed: length 0 with DATAMATCH is EINVAL", () => {
  const rig = new Rig("seed");
  assertEquals(rig.io(ADDR, 0, DM, 7, rig.efd()), "EINVAL");
  assertEquals(rig.io(ADDR, 0, DM, 0, rig.efd()), "EINVAL");
  assertEquals(rig.io(0x510, 0, DM | PIO, 7, rig.efd()), "EINVAL");
});

Deno.test("seed: length 0 on CCW is accepted, for the check names PIO and DATAMATCH alone", () => {
  const rig = new Rig("seed");
  assertEquals(rig.io(0x10000, 0, CCW, 0, rig.efd()), 0);
});

Deno.test("seed: the collision table", () => {
  const rules = release("seed").ioeventfd;
  const shape = (len: number, datamatch: bigint | null) => ({
    bus: "mmio",
    addr: 0x1000n,
    len,
    datamatch,
  });
  const any = shape(0, null), four = shape(4, null), two = shape(2, null);
  const one = shape(4, 1n), other = shape(4, 2n);
  assertEquals(collides(rules, any, any), "existing-zero-length");
  assertEquals(collides(rules, any, four), "existing-zero-length");
  assertEquals(collides(rules, any, one), "existing-zero-length");
  assertEquals(collides(rules, four, any), "new-zero-length");
  assertEquals(collides(rules, one, any), "new-zero-length");
  assertEquals(collides(rules, four, four), "wildcard");
  assertEquals(collides(rules, four, one), "wildcard");
  assertEquals(collides(rules, one, four), "wildcard");
  assertEquals(collides(rules, one, one), "datamatch");
  assertEquals(collides(rules, one, other), null);
  assertEquals(collides(rules, four, two), null, "lengths above 0 that differ");
  assertEquals(collides(rules, any, { ...any, addr: 0x1001n }), null, "addresses that differ");
  assertEquals(collides(rules, any, { ...any, bus: "ccw" }), null, "buses that differ");
});

Deno.test("seed: a collision says with what and by which clause", () => {
  const rig = new Rig("seed");
  rig.io(0x2000, 4, 0, 0, rig.efd());
  rig.io(ADDR, 0, 0, 0, rig.efd());
  const spec = rig.spec("mmio", BigInt(ADDR), { len: 2, datamatch: 3n }, rig.efd());
  const { code, reason, message } = refusal(() => rig.vm.assignIoeventfd(spec));
  assertEquals(code, "EEXIST");
  assertEquals(reason.check, "collision");
  assertEquals(reason.clause, "existing-zero-length");
  assertEquals(reason.collidesWith, {
    bus: "mmio",
    addr: BigInt(ADDR),
    len: 0,
    datamatch: null,
    sequence: 1,
  });
  assertEquals(
    message,
    "EEXIST: mmio 0xfebfb000 len 0x2 datamatch 0x3 collides with registration 1 " +
      "(mmio 0xfebfb000 len 0x0): it has zero length, which excludes every other at its address",
  );
});

Deno.test("seed: the match rule: length 0 takes any length and any value", () => {
  const any = { len: 0, wildcard: true, datamatchLo: 0, datamatchHi: 0 };
  for (let len = 1; len <= 8; len++) assertEquals(matches(any, len, 0x12345678, -1), true);
});

Deno.test("seed: lengths above 0 match as before: their own length, and with DATAMATCH the value", () => {
  for (const len of [1, 2, 4, 8]) {
    const wildcard = { len, wildcard: true, datamatchLo: 0, datamatchHi: 0 };
    const value = { len, wildcard: false, datamatchLo: 0x5a, datamatchHi: 0 };
    for (const written of [1, 2, 3, 4, 5, 6, 7, 8]) {
      assertEquals(matches(wildcard, written, 9, 9), written === len);
      assertEquals(matches(value, written, 0x5a, 0), written === len);
      assertEquals(matches(value, written, 0x5b, 0), false);
    }
  }
  const wide = { len: 8, wildcard: false, datamatchLo: -1, datamatchHi: -2 };
  assertEquals(matches(wide, 8, 0xffffffff, 0xfffffffe), true);
  assertEquals(matches(wide, 8, 0xffffffff, 0xffffffff), false);
});

Deno.test("seed: what is above the length written does not count, what is above it in datamatch does", () => {
  const value = { len: 1, wildcard: false, datamatchLo: 0x5a, datamatchHi: 0 };
  assertEquals(matches(value, 1, 0xff5a, 0x77), true);
  const tooWide = { len: 1, wildcard: false, datamatchLo: 0x15a, datamatchHi: 0 };
  assertEquals(matches(tooWide, 1, 0x15a, 0), false);
  const signed = { len: 4, wildcard: false, datamatchLo: -1, datamatchHi: -1 };
  assertEquals(matches(signed, 4, -1, -1), false);
});

Deno.test("seed: registrations of lengths 1, 2, 4 and 8 go as in 3.14", () => {
  for (const name of ["3.14", "seed"]) {
    const rig = new Rig(name);
    const fd = rig.efd();
    for (const len of [1, 2, 4, 8]) assertEquals(rig.io(0x1000 + len * 16, len, 0, 0, fd), 0);
    for (const len of [3, 5, 16, 0xffffffff]) assertEquals(rig.io(0x3000, len, 0, 0, fd), "EINVAL");
    for (const len of [1, 2, 4, 8]) assertEquals(rig.store(0x1000 + len * 16, len), false);
    assertEquals(rig.count(fd), 4n);
    for (const len of [1, 2, 4, 8]) {
      assertEquals(rig.io(0x1000 + len * 16, len, DEASSIGN, 0, fd), 0);
      assertEquals(rig.store(0x1000 + len * 16, len), true);
    }
  }
});

Deno.test("seed: a write does not find length 0 on the bus yet, which the fast path was for", () => {
  const rig = new Rig("seed");
  const fd = rig.efd();
  rig.io(ADDR, 0, 0, 0, fd);
  for (const len of [1, 2, 4, 8]) assertEquals(rig.store(ADDR, len), true);
  assertEquals(rig.vm.bus(0).write(ADDR, 0, 0, 0, 0), 0, "a key of length 0 does");
  assertEquals(rig.count(fd), 1n);
});

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { kernelReleases } from "@ioeventfd/uapi";
import { explainWrite } from "./explain_write.ts";
import { DM, PIO, Rig } from "./testdata/helpers.ts";

const explain = (rig: Rig, bus: number, addr: number, len: number, value = 0) =>
  explainWrite(rig.vm.bus(bus), addr, 0, len, value, 0);

Deno.test("explainWrite() names who takes a write, and does not make it", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.zone(0x1000, 16);
  rig.io(0x1004, 4, 0, 0, fd);
  rig.io(0x2000, 4, 0, 0, fd);
  const zone = explain(rig, 0, 0x1000, 4);
  assertEquals([zone.outcome, zone.taker?.label, zone.text], [
    "device",
    "coalesced zone",
    "Taken by coalesced zone at 0x1000",
  ]);
  const doorbell = explain(rig, 0, 0x2000, 4);
  assertEquals([doorbell.outcome, doorbell.text], ["ioeventfd", "Taken by ioeventfd 1 at 0x2000"]);
  assertEquals([rig.count(fd), rig.vm.ring.last], [0n, 0]);
});

Deno.test("explainWrite() says that a zone is before the doorbell, until its ring is full", () => {
  const rig = new Rig();
  rig.zone(0x1000, 16);
  rig.io(0x1004, 4, 0, 0, rig.efd());
  const hidden = explain(rig, 0, 0x1004, 4);
  assertEquals([hidden.outcome, hidden.matching?.sequence, hidden.hiddenBy?.label], [
    "device",
    0,
    "coalesced zone",
  ]);
  assertEquals(
    hidden.text,
    "Matches ioeventfd 0 at 0x1004, but it is taken before by coalesced zone at 0x1000",
  );
  rig.vm.ring.last = 169;
  const passed = explain(rig, 0, 0x1004, 4);
  assertEquals([passed.outcome, passed.passed.map(({ label }) => label), passed.hiddenBy], [
    "ioeventfd",
    ["coalesced zone"],
    null,
  ]);
});

Deno.test("explainWrite() names the entry that turns the search away from a dead doorbell", () => {
  const rig = new Rig();
  rig.io(0x604, 0, PIO, 0, rig.efd());
  rig.io(0x600, 4, PIO, 0, rig.efd());
  const dead = explain(rig, 1, 0x604, 4);
  assertEquals([dead.outcome, dead.matching?.sequence, dead.hiddenBy?.addr], ["missed", 0, 0x600n]);
  assertEquals(
    dead.text,
    "Matches ioeventfd 0 at 0x604, but the search never reaches it because of ioeventfd 1 at 0x600",
  );
});

Deno.test("explainWrite() sees a device that the search walks past", () => {
  const rig = new Rig();
  rig.io(0x22, 1, PIO, 0, rig.efd());
  rig.io(0x20, 4, PIO, 0, rig.efd());
  rig.vm.createIrqchip();
  const { outcome, unreached, text } = explain(rig, 1, 0x20, 1);
  assertEquals([outcome, unreached?.label], ["missed", "PIC"]);
  assertEquals(
    text,
    "Lies in PIC at 0x20, but the search never reaches it because of ioeventfd 0 at 0x22",
  );
});

Deno.test("explainWrite() lists near misses: value, then length, then address", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x1010, 4, 0, 0, fd);
  rig.io(0x1008, 4, 0, 0, fd);
  rig.io(0x100c, 2, 0, 0, fd);
  rig.io(0x100c, 4, DM, 7, fd);
  rig.io(0x2000, 4, 0, 0, fd);
  const { outcome, nearMisses, text } = explain(rig, 0, 0x100c, 4, 8);
  assertEquals(outcome, "missed");
  assertEquals(
    nearMisses.map((miss) => [miss.registration.sequence, miss.differs, miss.distance]),
    [
      [3, "datamatch", 0],
      [2, "length", 0],
      [0, "address", -4],
      [1, "address", 4],
    ],
  );
  assertEquals(text, "No registration matches; 3 differs in datamatch");
  assertEquals(explain(rig, 0, 0x9000, 4).text, "Nothing is registered near it");
});

Deno.test("explainWrite() foretells what write() does, and blames nobody for a write that arrives", () => {
  const op = fc.record({
    offset: fc.integer({ min: 0, max: 12 }),
    len: fc.constantFrom(0, 1, 2, 4, 8),
    value: fc.constantFrom(null, 1, 2),
    zone: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  });
  fc.assert(fc.property(
    fc.constantFrom(...kernelReleases),
    fc.array(op, { maxLength: 16, size: "max" }),
    (release, ops) => {
      const rig = new Rig(release);
      const fd = rig.efd();
      for (const { offset, len, value, zone } of ops) {
        const dm = len === 0 ? null : value;
        if (zone) rig.zone(0x1000 + offset, len);
        else rig.io(0x1000 + offset, len, dm === null ? 0 : DM, dm ?? 0, fd);
      }
      for (let offset = 0; offset < 14; offset++) {
        for (const len of [1, 2, 4, 8]) {
          const told = explain(rig, 0, 0x1000 + offset, len, 1);
          const before = rig.count(fd);
          const exits = rig.store(0x1000 + offset, len, 1);
          assertEquals(told.outcome === "missed", exits);
          assertEquals(told.outcome === "ioeventfd", rig.count(fd) > before);
          assertEquals(told.hiddenBy !== null, told.unreached !== null);
          if (told.outcome === "ioeventfd") assertEquals(told.hiddenBy, null);
          else if (told.matching !== null) assertEquals(told.hiddenBy === null, false);
        }
      }
    },
  ));
});

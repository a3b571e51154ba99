// Historic bugs, each shown on its own, and what a kernel does when memory runs out.
import { assertEquals } from "@std/assert";
import { release } from "@ioeventfd/uapi";
import { CCW, DEASSIGN, Rig } from "./testdata/helpers.ts";

const reports = (rig: Rig): [string, string][] =>
  rig.vm.reports.map(({ kind, quirk }) => [kind, quirk]);

Deno.test("fast-double-free: 3.16 frees a zero-length doorbell twice at the end of the VM", () => {
  const rig = new Rig("3.16");
  rig.io(0x1000, 0, 0, 0, rig.efd());
  rig.io(0x2000, 4, 0, 0, rig.efd());
  rig.vm[Symbol.dispose]();
  assertEquals(reports(rig), [["double-free", "fast-double-free"]]);
  assertEquals(
    rig.vm.reports[0]?.detail,
    "The ioeventfd at mmio 0x1000 len 0x0 was freed a second time",
  );
});

Deno.test("fast-double-free is gone with an object of its own", () => {
  for (const name of ["seed", "4.4", "5.15", "6.19"]) {
    const rig = new Rig(name);
    rig.io(0x1000, 0, 0, 0, rig.efd());
    rig.vm[Symbol.dispose]();
    assertEquals(reports(rig), []);
  }
  const of = release("6.19");
  const alone = { ...of, ioeventfd: { ...of.ioeventfd, fastMmioBus: "same-object" as const } };
  const rig = new Rig(alone);
  rig.io(0x1000, 0, 0, 0, rig.efd());
  rig.vm[Symbol.dispose]();
  assertEquals(
    reports(rig),
    [["double-free", "fast-double-free"]],
    "the field alone brings it back",
  );
});

Deno.test("fast-double-free does not happen to what was taken away in time", () => {
  const rig = new Rig("3.16");
  const fd = rig.efd();
  rig.io(0x1000, 0, 0, 0, fd);
  assertEquals(rig.io(0x1000, 0, DEASSIGN, 0, fd), 0);
  assertEquals(rig.vm.bus(3).deviceCount, 0);
  rig.vm[Symbol.dispose]();
  assertEquals(reports(rig), []);
});

Deno.test("zero-len-unfindable: up to 3.16 a store does not find length 0, and 4.4 mends it", () => {
  for (const [name, exits] of [["seed", true], ["3.16", true], ["4.4", false]] as const) {
    const rig = new Rig(name);
    rig.io(0x1000, 0, 0, 0, rig.efd());
    assertEquals(rig.store(0x1000, 4), exits);
  }
  const of = release("6.19");
  const rig = new Rig({ ...of, bus: { ...of.bus, zeroLengthFindable: false } });
  const fd = rig.efd();
  rig.io(0x1000, 0, 0, 0, fd);
  assertEquals(rig.store(0x1000, 4), true);
  assertEquals(rig.vm.bus(3).write(0x1000, 0, 0, 0, 0), 0, "the fast bus asks with length 0");
});

Deno.test("fast-bus-for-ccw: 3.16 takes the id of a CCW doorbell for a fast address", () => {
  const rig = new Rig("3.16");
  const fd = rig.efd();
  rig.io(0x10000, 0, CCW, 0, fd);
  assertEquals(rig.vm.bus(3).write(0x10000, 0, 0, 0, 0), 0);
  assertEquals(rig.count(fd), 1n);
});

Deno.test("fast-bus-for-ccw: CCW and MMIO at one number are two entries, and one of them fires", () => {
  const rig = new Rig("3.16");
  const ccw = rig.efd(), mmio = rig.efd();
  assertEquals([rig.io(0x10000, 0, CCW, 0, ccw), rig.io(0x10000, 0, 0, 0, mmio)], [0, 0]);
  assertEquals(rig.vm.bus(3).deviceCount, 2);
  assertEquals(rig.vm.bus(3).write(0x10000, 0, 0, 0, 0), 0);
  assertEquals([rig.count(ccw), rig.count(mmio)], [0n, 1n], "heapsort turns the pair round");
  assertEquals(rig.io(0x10000, 0, DEASSIGN, 0, mmio), 0);
  rig.vm.bus(3).write(0x10000, 0, 0, 0, 0);
  assertEquals([rig.count(ccw), rig.count(mmio)], [1n, 1n]);
});

Deno.test("deassign-uaf-oom: up to 4.4 a freed doorbell stays on the bus", () => {
  for (const name of ["3.14", "3.16", "4.4"]) {
    const rig = new Rig(name);
    const fd = rig.efd();
    rig.io(0x1000, 4, 0, 0, fd);
    rig.io(0x2000, 4, 0, 0, fd);
    rig.vm.faults.fail("bus-shrink");
    assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), 0, "the failure goes unseen");
    assertEquals(reports(rig), [["use-after-free", "deassign-uaf-oom"]]);
    assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), "ENOENT");
    assertEquals([rig.vm.registrations().length, rig.vm.bus(0).deviceCount], [1, 2]);
    assertEquals([rig.store(0x1000, 4), rig.count(fd)], [false, 0n], "swallowed by freed memory");
    assertEquals(reports(rig).length, 2);
    assertEquals(rig.io(0x1000, 4, 0, 0, fd), 0, "the list knows it no longer");
    rig.vm[Symbol.dispose]();
    assertEquals(reports(rig).at(-1), ["use-after-free", "deassign-uaf-oom"]);
    assertEquals(rig.kvm.files.lookupEventfd(fd).references, 1);
  }
});

Deno.test("deassign-uaf-oom: a fast twin can be the one that stays", () => {
  const rig = new Rig("3.16");
  const fd = rig.efd();
  rig.io(0x1000, 0, 0, 0, fd);
  rig.vm.faults.fail("bus-shrink", { after: 1 });
  assertEquals(rig.io(0x1000, 0, DEASSIGN, 0, fd), 0);
  assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(3).deviceCount], [0, 1]);
  assertEquals(rig.vm.bus(3).write(0x1000, 0, 0, 0, 0), 0);
  assertEquals([rig.count(fd), reports(rig).length], [0n, 2]);
});

Deno.test("When the array cannot shrink, 5.15 and 6.19 drop the bus with all that is on it", () => {
  for (const name of ["5.15", "6.19"]) {
    const rig = new Rig(name);
    const fd = rig.efd(), other = rig.efd();
    rig.io(0x1000, 4, 0, 0, fd);
    rig.io(0x2000, 4, 0, 0, other);
    rig.io(0x510, 4, 2, 0, other);
    rig.zone(0x3000, 16);
    rig.vm.faults.fail("bus-shrink");
    assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), 0, "DEASSIGN looks at no answer");
    assertEquals(rig.vm.reports[0], {
      kind: "bus-dropped",
      quirk: "bus-null-deref",
      detail: "kvm: failed to shrink bus, removing it completely (mmio)",
    });
    const bus = rig.vm.bus(0);
    assertEquals([bus.dropped, bus.deviceCount, bus.entries().length], [true, 0, 0]);
    assertEquals(bus.write(0x2000, 0, 4, 0, 0), -12);
    assertEquals([rig.store(0x2000, 4), rig.store(0x3000, 4)], [true, true]);
    assertEquals(rig.io(0x4000, 4, 0, 0, fd), "ENOMEM");
    assertEquals(rig.zone(0x5000, 16), "ENOMEM");
    assertEquals(rig.io(0x2000, 4, DEASSIGN, 0, other), "ENOENT", "destroyed with the bus");
    assertEquals(rig.zone(0x3000, 16, 0, false), 0);
    assertEquals([rig.out(0x510, 4), rig.count(other)], [false, 1n], "the other bus is whole");
    assertEquals(rig.kvm.files.lookupEventfd(fd).references, 1);
    assertEquals(rig.vm.registrations().map(({ bus }) => bus), ["pio"]);
  }
});

Deno.test("Unregistering a zone without memory drops the bus too", () => {
  for (const name of ["5.15", "6.19"]) {
    const rig = new Rig(name);
    rig.io(0x1000, 4, 0, 0, rig.efd());
    rig.zone(0x3000, 16);
    rig.zone(0x3000, 16);
    rig.vm.faults.fail("bus-shrink");
    assertEquals(rig.zone(0x3000, 16, 0, false), 0);
    assertEquals([rig.vm.bus(0).dropped, rig.vm.registrations().length], [true, 0]);
  }
});

Deno.test("A fast twin that does not fit takes its original back with it", () => {
  for (const name of ["3.16", "4.4", "5.15", "6.19"]) {
    const rig = new Rig(name);
    const fd = rig.efd();
    rig.vm.faults.fail("bus-grow", { after: 1 });
    assertEquals(rig.io(0x1000, 0, 0, 0, fd), "ENOMEM");
    assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(3).deviceCount], [0, 0]);
    assertEquals([rig.vm.bus(0).ioeventfdCount, rig.vm.bus(3).ioeventfdCount], [0, 0]);
    assertEquals(rig.kvm.files.lookupEventfd(fd).references, 1);
    assertEquals(rig.io(0x1000, 0, 0, 0, fd), 0, "nothing is left of it");
    assertEquals(reports(rig), []);
  }
});

Deno.test("A twin whose object cannot be had takes its original back since 4.4", () => {
  for (const name of ["4.4", "6.19"]) {
    const rig = new Rig(name);
    const fd = rig.efd();
    rig.vm.faults.fail("ioeventfd", { after: 1 });
    assertEquals(rig.io(0x1000, 0, 0, 0, fd), "ENOMEM");
    assertEquals([rig.vm.bus(0).deviceCount, rig.vm.registrations().length], [0, 0]);
  }
});

Deno.test("Failing allocations are ENOMEM in their place among the checks", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x1000, 4, 0, 0, fd);
  rig.vm.faults.fail("ioeventfd");
  assertEquals(rig.io(0x1000, 4, 0, 0, -1), "EBADF", "the descriptor is looked up first");
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), "ENOMEM", "the collision is looked for after");
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), "EEXIST");
  rig.vm.faults.fail("bus-grow");
  assertEquals(rig.io(0x2000, 4, 0, 0, fd), "ENOMEM");
  assertEquals(rig.io(0x2000, 4, 0, 0, fd), 0);
  rig.vm.faults.fail("coalesced-zone");
  assertEquals([rig.zone(0x3000, 4), rig.zone(0x3000, 4)], ["ENOMEM", 0]);
  rig.vm.faults.fail("irqfd");
  rig.vm.createIrqchip();
  assertEquals([rig.irqfd(fd, 4), rig.irqfd(fd, 4)], ["ENOMEM", 0]);
});

Deno.test("coalesced-oob: up to 4.4 the kernel writes wherever userspace points `last`", () => {
  const rig = new Rig("4.4");
  rig.zone(0x1000, 16);
  rig.vm.ring.last = 5000;
  const before = rig.vm.ring.bytes.slice(8);
  assertEquals(rig.store(0x1000, 4, 7), false);
  assertEquals(reports(rig), [["out-of-bounds", "coalesced-oob"]]);
  assertEquals(rig.vm.reports[0]?.detail, "A coalesced write went to entry 0x1388 of 0xaa");
  assertEquals([rig.vm.ring.bytes.slice(8), rig.vm.ring.last], [before, 5001 % 170]);
});

Deno.test("eventfd-sem-underflow: up to 5.15 a semaphore that leaves an irqfd empty holds 2^64-1", () => {
  const counts = ["4.4", "5.15", "6.19"].map((name) => {
    const rig = new Rig(name);
    rig.vm.createIrqchip();
    const fd = rig.efd(0, 1);
    rig.irqfd(fd, 4);
    rig.irqfd(fd, 4, 1);
    return rig.count(fd);
  });
  assertEquals(counts, [2n ** 64n - 1n, 2n ** 64n - 1n, 0n]);
});

Deno.test("irqfd-counter-grows: up to 4.4 nobody takes from the counter of an irqfd", () => {
  const counts = ["4.4", "6.19"].map((name) => {
    const rig = new Rig(name);
    rig.vm.createIrqchip();
    const fd = rig.efd();
    rig.irqfd(fd, 4);
    for (let at = 0; at < 5; at++) rig.kvm.eventfdWrite(fd, 1n);
    return rig.count(fd);
  });
  assertEquals(counts, [5n, 0n]);
});

Deno.test("nontransitive-bus-miss: an exact registration that no store reaches, without any errno", () => {
  const rig = new Rig();
  const dead = rig.efd();
  assertEquals(rig.io(0xd0000004, 0, 0, 0, dead), 0);
  assertEquals(rig.store(0xd0000004, 4), false);
  assertEquals(rig.io(0xd0000000, 4, 0, 0, rig.efd()), 0);
  assertEquals(rig.store(0xd0000004, 4), true);
  assertEquals(rig.io(0xd0000004, 0, DEASSIGN, 0, dead), 0);
  assertEquals(rig.io(0xd0000004, 0, 0, 0, dead), 0);
  assertEquals(rig.store(0xd0000004, 4), false, "made again it works");
});

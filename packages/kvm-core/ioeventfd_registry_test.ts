// KVM_IOEVENTFD: which check refuses, and what the refusal says.
import { assertEquals } from "@std/assert";
import {
  type IoeventfdSpec,
  kernelReleases,
  KVM_FAST_MMIO_BUS,
  KVM_MMIO_BUS,
} from "@ioeventfd/uapi";
import { CCW, DEASSIGN, DM, errnoOf, PIO, refusal, Rig } from "./testdata/helpers.ts";

const TOP = 2n ** 64n;

/** What `ioctl` refuses with. */
function told(rig: Rig, addr: bigint, len: number, flags: number, datamatch = 0n, fd = rig.efd()) {
  const { code, reason } = refusal(() => {
    const code = rig.io(addr, len, flags, datamatch, fd);
    if (code === 0) return;
    const bus = flags & PIO ? "pio" : flags & CCW ? "ccw" : "mmio";
    const match = (flags & DM ? { len, datamatch } : { len }) as IoeventfdSpec["match"];
    const spec = { bus, addr, match, fd } as const;
    if (flags & DEASSIGN) rig.vm.deassignIoeventfd(spec);
    else rig.vm.assignIoeventfd(spec);
  });
  return `${code} ${reason.check}: ${reason.detail}`;
}

Deno.test("KVM_IOEVENTFD refuses a range whose end is 2^64 or beyond, and no other", () => {
  for (const len of [1, 2, 4, 8]) {
    const rig = new Rig();
    assertEquals(rig.io(TOP - BigInt(len), len, 0, 0, rig.efd()), "EINVAL");
    assertEquals(rig.io(TOP - 1n - BigInt(len), len, 0, 0, rig.efd()), 0);
    assertEquals(rig.io(0xffff_ffffn, len, 0, 0, rig.efd()), 0);
    assertEquals(rig.io(TOP - 1n - 2n ** 32n, len, 0, 0, rig.efd()), 0);
  }
  const rig = new Rig();
  assertEquals(rig.io(TOP - 1n, 0, 0, 0, rig.efd()), 0);
  assertEquals(
    told(rig, TOP - 2n, 2, 0),
    "EINVAL wrap: Address 0xfffffffffffffffe plus length 0x2 wraps at 2^64",
  );
});

Deno.test("KVM_IOEVENTFD names the lengths of the release, and the flags that it does not know", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x1000, 3, 0, 0, rig.efd()), "EINVAL");
  for (const [kernel, allowed] of [["6.19", "0, 1, 2, 4, 8"], ["3.14", "1, 2, 4, 8"]] as const) {
    const detail = refusal(() => new Rig(kernel).vm.ioctl(0x4040ae79, lengthThree())).reason.detail;
    assertEquals(detail, `Length 0x3 is not one of ${allowed}`);
  }
  for (const flags of [0x20, 0x8000_0000, 0x8000_0020]) {
    const request = new Uint8Array(64);
    new DataView(request.buffer).setUint32(16, 4, true);
    new DataView(request.buffer).setUint32(24, flags, true);
    const { reason } = refusal(() => rig.vm.ioctl(0x4040ae79, request));
    assertEquals(reason.check, "flags");
    assertEquals(reason.detail, `Flags 0x${flags.toString(16)} are outside of 0x1f`);
  }
});

/** `struct kvm_ioeventfd` of length 3. */
function lengthThree(): Uint8Array {
  const request = new Uint8Array(64);
  new DataView(request.buffer).setUint32(16, 3, true);
  return request;
}

Deno.test("KVM_IOEVENTFD tells of what is missing, and of what is there instead", () => {
  const rig = new Rig();
  const [fd, other] = [rig.efd(), rig.efd()];
  const missing = (flags = 0, len = 4, datamatch = 0n): string =>
    told(rig, 0x1000n, len, DEASSIGN | flags, datamatch, fd);
  const none = "No registration of this eventfd is";
  assertEquals(
    missing(),
    `ENOENT not-found: ${none} mmio 0x1000 len 0x4: nothing is registered at this address`,
  );
  assertEquals(
    missing(PIO | DM, 2, 7n),
    `ENOENT not-found: ${none} pio 0x1000 len 0x2 datamatch 0x7: nothing is registered at this address`,
  );
  assertEquals(rig.io(0x1000, 4, DM, 5, other), 0);
  assertEquals(rig.io(0x1001, 1, 0, 0, other), 0);
  assertEquals(rig.io(0x1000, 1, PIO, 0, other), 0);
  const there = "there is mmio 0x1000 len 0x4 datamatch 0x5";
  assertEquals(missing(), `ENOENT not-found: ${none} mmio 0x1000 len 0x4: ${there}`);
  for (const datamatch of [6, 7]) assertEquals(rig.io(0x1000, 4, DM, datamatch, other), 0);
  const three = `${there}, mmio 0x1000 len 0x4 datamatch 0x6, mmio 0x1000 len 0x4 datamatch 0x7`;
  assertEquals(missing(), `ENOENT not-found: ${none} mmio 0x1000 len 0x4: ${three}`);
  assertEquals(rig.io(0x1000, 2, 0, 0, other), 0);
  assertEquals(missing(), `ENOENT not-found: ${none} mmio 0x1000 len 0x4: ${three}, …`);
});

Deno.test("KVM_IOEVENTFD takes away what has this eventfd, address, length and value, and nothing else", () => {
  const rig = new Rig();
  const [fd, other] = [rig.efd(), rig.efd()];
  assertEquals(rig.io(0x1_0000_1000n, 4, DM, 0x1_0000_0005n, fd), 0);
  for (
    const [addr, len, flags, datamatch, from] of [
      [0x1000n, 4, DM, 0x1_0000_0005n, fd],
      [0x1_0000_1001n, 4, DM, 0x1_0000_0005n, fd],
      [0x1_0000_1000n, 8, DM, 0x1_0000_0005n, fd],
      [0x1_0000_1000n, 4, 0, 0n, fd],
      [0x1_0000_1000n, 4, DM, 5n, fd],
      [0x1_0000_1000n, 4, DM, 0x1_0000_0004n, fd],
      [0x1_0000_1000n, 4, DM | PIO, 0x1_0000_0005n, fd],
      [0x1_0000_1000n, 4, DM | CCW, 0x1_0000_0005n, fd],
      [0x1_0000_1000n, 4, DM, 0x1_0000_0005n, other],
    ] as const
  ) assertEquals(rig.io(addr, len, DEASSIGN | flags, datamatch, from), "ENOENT");
  assertEquals(rig.vm.registrations().length, 1);
  assertEquals(rig.io(0x1_0000_1000n, 4, DEASSIGN | DM, 0x1_0000_0005n, fd), 0);
  assertEquals(rig.vm.registrations(), []);
});

Deno.test("KVM_IOEVENTFD ignores the value of what compares none, making and taking away", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0x1000, 4, 0, 0x1_0000_0005n, fd), 0);
  assertEquals(rig.vm.registrations()[0]!.datamatch, null);
  assertEquals(rig.io(0x1000, 4, 0, 6, fd), "EEXIST");
  assertEquals(rig.io(0x1000, 4, DEASSIGN, 0x2_0000_0007n, fd), 0);
});

Deno.test("KVM_IOEVENTFD asks for the eventfd before it looks for collisions, and holds it once", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), 0);
  assertEquals(rig.io(0x1000, 4, 0, 0, 99), "EBADF");
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), "EEXIST");
  const context = rig.kvm.files.lookupEventfd(fd);
  rig.kvm.close(fd);
  assertEquals(rig.store(0x1000, 4), false);
  assertEquals(context.count, 1n);
  assertEquals(errnoOf(() => rig.kvm.eventfdCount(fd)), "EBADF");
});

Deno.test("KVM_IOEVENTFD of zero length is one registration, on two buses where the release has a fast one", () => {
  for (const { name, ioeventfd } of kernelReleases.slice(1)) {
    const rig = new Rig(name);
    const [mmio, fast] = [rig.vm.bus(KVM_MMIO_BUS), rig.vm.bus(KVM_FAST_MMIO_BUS)];
    const twins = ioeventfd.fastMmioBus === "none" ? 0 : 1;
    const counted = ioeventfd.fastMmioBus === "own-object" ||
      ioeventfd.fastMmioBus === "same-object" && ioeventfd.fastBusCountsIoeventfds;
    const fd = rig.efd();
    assertEquals(rig.io(0x1000, 4, 0, 0, fd), 0);
    assertEquals(rig.io(0x2000, 0, 0, 0, fd), 0);
    assertEquals(rig.vm.registrations().length, 2, name);
    assertEquals([mmio.deviceCount, mmio.ioeventfdCount], [2, 2], name);
    assertEquals([fast.deviceCount, fast.ioeventfdCount], [twins, counted ? 1 : 0], name);
    assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), 0);
    assertEquals(fast.deviceCount, twins, name);
    assertEquals(rig.io(0x2000, 0, DEASSIGN, 0, fd), 0);
    assertEquals([mmio.deviceCount, mmio.ioeventfdCount], [0, 0], name);
    assertEquals([fast.deviceCount, fast.ioeventfdCount], [0, 0], name);
  }
});

Deno.test("KVM_IOEVENTFD says of zero length, where nothing takes it, that it is no length", () => {
  const rig = new Rig("3.14");
  const spec = { bus: "mmio", addr: 0x1000n, match: { len: 0 }, fd: rig.efd() } as const;
  const { check, detail } = refusal(() => rig.vm.assignIoeventfd(spec)).reason;
  assertEquals([check, detail], ["length", "Length 0x0 is not one of 1, 2, 4, 8"]);
});

Deno.test("KVM_IOEVENTFD gives the eventfd back when it refuses", () => {
  const rig = new Rig();
  const fd = rig.efd();
  const context = rig.kvm.files.lookupEventfd(fd);
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), 0);
  assertEquals(context.references, 2);
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), "EEXIST");
  rig.vm.faults.fail("bus-grow");
  assertEquals(rig.io(0x2000, 4, 0, 0, fd), "ENOMEM");
  rig.vm.faults.fail("bus-grow", { after: 1 });
  assertEquals(rig.io(0x3000, 0, 0, 0, fd), "ENOMEM");
  rig.vm.faults.fail("bus-grow");
  const spec = { bus: "pio", addr: 0x510n, match: { len: 4 }, fd } as const;
  const { check, detail } = refusal(() => rig.vm.assignIoeventfd(spec)).reason;
  assertEquals([check, detail], ["bus-memory", "The pio bus array cannot grow"]);
  rig.vm.faults.fail("ioeventfd");
  assertEquals(rig.io(0x4000, 4, 0, 0, fd), "ENOMEM");
  assertEquals(context.references, 2);
  assertEquals(rig.vm.registrations().map(({ addr }) => addr), [0x1000n]);
});

Deno.test("KVM_IOEVENTFD of 3.16 fills the fast bus with 1,000, and says so", () => {
  const rig = new Rig("3.16");
  const fd = rig.efd();
  for (let i = 0; i < 1000; i++) assertEquals(rig.io(0x1000 + 8 * i, 0, 0, 0, fd), 0);
  assertEquals(
    told(rig, 0x8000n, 0, 0, 0n, fd),
    "ENOSPC bus-full: The fast MMIO bus holds 0x3e8 devices that are not ioeventfds",
  );
  assertEquals(rig.vm.registrations().length, 1000);
  assertEquals(rig.vm.bus(KVM_MMIO_BUS).deviceCount, 1000);
});

Deno.test("KVM_IOEVENTFD of 4.4 leaves a freed doorbell on a bus that cannot shrink, for its own writes alone", () => {
  const rig = new Rig("4.4");
  const fd = rig.efd();
  assertEquals(rig.io(0x1000, 4, DM, 5, fd), 0);
  rig.vm.faults.fail("bus-shrink");
  assertEquals(rig.io(0x1000, 4, DEASSIGN | DM, 5, fd), 0);
  assertEquals(rig.vm.registrations(), []);
  assertEquals(rig.vm.reports.length, 1);
  assertEquals(rig.store(0x1000, 4, 6), true);
  assertEquals(rig.vm.reports.length, 1);
  assertEquals(rig.store(0x1000, 4, 5), false);
  assertEquals(
    rig.vm.reports.map(({ kind, quirk, detail }) => [kind, quirk, detail]),
    [
      "A bus kept a freed ioeventfd at mmio 0x1000 len 0x4 datamatch 0x5",
      "A guest write reached a freed ioeventfd at mmio 0x1000 len 0x4 datamatch 0x5",
    ].map((detail) => ["use-after-free", "deassign-uaf-oom", detail]),
  );
  assertEquals(rig.count(fd), 0n);
});

Deno.test("KVM_IOEVENTFD takes the fast twin away with its doorbell on MMIO, not with one on a port or CCW", () => {
  const rig = new Rig();
  const fd = rig.efd();
  for (const flags of [0, PIO, CCW]) assertEquals(rig.io(0x510, 0, flags, 0, fd), 0);
  const fast = rig.vm.bus(KVM_FAST_MMIO_BUS);
  for (const [flags, left] of [[PIO, 1], [CCW, 1], [0, 0]] as const) {
    assertEquals(rig.io(0x510, 0, DEASSIGN | flags, 0, fd), 0);
    assertEquals(fast.deviceCount, left);
  }
});

Deno.test("KVM_IOEVENTFD frees each doorbell once when a bus that cannot shrink goes with all that is on it", () => {
  for (const kernel of ["5.15", "6.19"]) {
    const rig = new Rig(kernel);
    const fd = rig.efd();
    const context = rig.kvm.files.lookupEventfd(fd);
    for (const [addr, len] of [[0x1000, 4], [0x2000, 4], [0x3000, 0]] as const) {
      assertEquals(rig.io(addr, len, 0, 0, fd), 0);
    }
    assertEquals(context.references, 5, "and the twin");
    rig.vm.faults.fail("bus-shrink");
    assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), 0);
    const bus = rig.vm.bus(KVM_MMIO_BUS);
    assertEquals([bus.dropped, bus.unregister({ write: () => 0 })], [true, 0]);
    assertEquals(context.references, 2, "the file's, and the twin's on its own bus");
    assertEquals(rig.vm.reports.filter(({ kind }) => kind === "double-free"), []);
    assertEquals(rig.vm.registrations(), []);
    assertEquals(rig.store(0x2000, 4), true);
    assertEquals(rig.io(0x4000, 4, 0, 0, fd), "ENOMEM");
    assertEquals(context.references, 2);
  }
});

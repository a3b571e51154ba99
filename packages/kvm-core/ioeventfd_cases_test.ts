// KVM_IOEVENTFD as a live kernel answered it, one test a case; KI_* registration, KG_* those fired without a CPU.
import { assertEquals } from "@std/assert";
import { encodeIoeventfd, KVM_IOEVENTFD } from "@ioeventfd/uapi";
import { CCW, DEASSIGN, DM, PIO, Rig } from "./testdata/helpers.ts";

Deno.test("KI_01 KVM_CHECK_EXTENSION answers for ioeventfd, no length, any length", () => {
  const { kvm } = new Rig();
  assertEquals([36, 100, 122].map((cap) => kvm.checkExtension(cap)), [1, 1, 1]);
  assertEquals(kvm.checkExtension(0x7fffffff), 0);
});

Deno.test("KI_03 datamatches of 1, 2, 4 and 8 bytes on PIO with one eventfd", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals([1, 2, 4, 8].map((len) => rig.io(0xc0 + len, len, PIO | DM, 0x7f, fd)), [
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("KI_04 DEASSIGN of what was never registered is ENOENT", () => {
  const rig = new Rig();
  assertEquals(rig.io(0xf4, 4, PIO | DEASSIGN, 0, rig.efd()), "ENOENT");
  assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, rig.efd()), "ENOENT");
});

Deno.test("KI_05 DEASSIGN takes one away, and a second time is ENOENT", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0xf4, 1, PIO, 0, fd), 0);
  assertEquals(rig.io(0x1000, 4, DM, 9, fd), 0);
  assertEquals(rig.io(0xf4, 1, PIO | DEASSIGN, 0, fd), 0);
  assertEquals(rig.io(0x1000, 4, DM | DEASSIGN, 9, fd), 0);
  assertEquals(rig.io(0xf4, 1, PIO | DEASSIGN, 0, fd), "ENOENT");
});

Deno.test("KI_06 DEASSIGN must name value, length, DATAMATCH, address, bus and eventfd as registered", () => {
  const rig = new Rig();
  const fd = rig.efd(), other = rig.efd();
  assertEquals(rig.io(0x100, 2, PIO | DM, 7, fd), 0);
  const off = PIO | DM | DEASSIGN;
  assertEquals(rig.io(0x100, 2, off, 8, fd), "ENOENT", "value");
  assertEquals(rig.io(0x100, 4, off, 7, fd), "ENOENT", "length");
  assertEquals(rig.io(0x100, 2, PIO | DEASSIGN, 7, fd), "ENOENT", "no DATAMATCH");
  assertEquals(rig.io(0x102, 2, off, 7, fd), "ENOENT", "address");
  assertEquals(rig.io(0x100, 2, DM | DEASSIGN, 7, fd), "ENOENT", "bus");
  assertEquals(rig.io(0x100, 2, off, 7, other), "ENOENT", "eventfd");
  assertEquals(rig.io(0x100, 2, off, 7, fd), 0);
});

Deno.test("KI_07 the same registration again is EEXIST, with whatever eventfd", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0x100, 2, PIO | DM, 1, fd), 0);
  assertEquals(rig.io(0x100, 2, PIO | DM, 1, fd), "EEXIST");
  assertEquals(rig.io(0x100, 2, PIO | DM, 1, rig.efd()), "EEXIST");
});

Deno.test("KI_09 lengths 1, 2, 4 and 8 coexist at one address and value", () => {
  const rig = new Rig();
  assertEquals([1, 2, 4, 8].map((len) => rig.io(0x1000, len, DM, 5, rig.efd())), [0, 0, 0, 0]);
});

Deno.test("KI_10 wildcard and match of one length collide, in either order", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x100, 2, PIO, 0, rig.efd()), 0);
  assertEquals(rig.io(0x100, 2, PIO | DM, 1, rig.efd()), "EEXIST");
  assertEquals(rig.io(0x200, 2, PIO | DM, 1, rig.efd()), 0);
  assertEquals(rig.io(0x200, 2, PIO, 0, rig.efd()), "EEXIST");
});

Deno.test("KI_11 length 0 collides with everything at its address", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x1000, 0, 0, 0, rig.efd()), 0);
  assertEquals(rig.io(0x1000, 4, 0, 0, rig.efd()), "EEXIST");
  assertEquals(rig.io(0x2000, 2, DM, 3, rig.efd()), 0);
  assertEquals(rig.io(0x2000, 0, 0, 0, rig.efd()), "EEXIST");
  assertEquals(rig.io(0x1000, 0, 0, 0, rig.efd()), "EEXIST");
});

Deno.test("KI_12 PIO and MMIO of one number are separate buses", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x100, 4, PIO, 0, rig.efd()), 0);
  assertEquals(rig.io(0x100, 4, 0, 0, rig.efd()), 0);
});

Deno.test("KI_13 overlapping ranges that differ in start or length all register", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x100, 4, 0, 0, rig.efd()), 0);
  assertEquals(rig.io(0x102, 2, 0, 0, rig.efd()), 0);
  assertEquals(rig.io(0x100, 2, 0, 0, rig.efd()), 0);
});

Deno.test("KI_15 address plus length may not reach 2^64", () => {
  const rig = new Rig();
  const fd = rig.efd();
  const top = 2n ** 64n;
  assertEquals(rig.io(top - 1n, 8, 0, 0, fd), "EINVAL");
  assertEquals(rig.io(top - 1n, 1, 0, 0, fd), "EINVAL");
  assertEquals(rig.io(top - 8n, 8, 0, 0, fd), "EINVAL");
  assertEquals(rig.io(top - 1n, 0, 0, 0, fd), 0);
  assertEquals(rig.io(top - 9n, 8, 0, 0, fd), 0);
});

Deno.test("KI_16 each flag bit from 5 on is EINVAL alone, bit 4 is accepted", () => {
  const rig = new Rig();
  const fd = rig.efd();
  for (let bit = 5; bit < 32; bit++) assertEquals(rig.io(0x1000, 4, 1 << bit, 0, fd), "EINVAL");
  assertEquals(rig.io(0x1000, 4, 1 << 4, 0, fd), 0);
});

Deno.test("KI_17 VIRTIO_CCW_NOTIFY is accepted on x86", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0x1000, 8, CCW, 0, fd), 0);
  assertEquals(rig.store(0x1000, 8), true);
  assertEquals(rig.out(0x1000, 4), true);
});

Deno.test("KI_18 length 0 with DATAMATCH is EINVAL on either bus", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x100, 0, DM | PIO, 1, rig.efd()), "EINVAL");
  assertEquals(rig.io(0x100, 0, DM, 1, rig.efd()), "EINVAL");
});

Deno.test("KI_19 descriptors that are no eventfd: pipe EINVAL, -1 and 9999 EBADF, epoll EINVAL", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x100, 4, 0, 0, rig.kvm.openOther("pipe")), "EINVAL");
  assertEquals(rig.io(0x100, 4, 0, 0, -1), "EBADF");
  assertEquals(rig.io(0x100, 4, 0, 0, 9999), "EBADF");
  assertEquals(rig.io(0x100, 4, 0, 0, rig.kvm.openOther("epoll")), "EINVAL");
});

Deno.test("KI_21 DEASSIGN checks nothing but the descriptor", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x100, 3, DEASSIGN | 0x20, 0, rig.efd()), "ENOENT");
  assertEquals(rig.io(0x100, 4, DEASSIGN, 0, -1), "EBADF");
  assertEquals(rig.io(0x100, 4, DEASSIGN, 0, rig.kvm.openOther("pipe")), "EINVAL");
});

Deno.test("KI_22 after close of the eventfd the registration is stuck", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0x100, 2, PIO, 0, fd), 0);
  rig.kvm.close(fd);
  const fresh = rig.efd();
  assertEquals(fresh, fd, "the number is used again");
  assertEquals(rig.io(0x100, 2, PIO, 0, fresh), "EEXIST");
  assertEquals(rig.io(0x100, 2, PIO | DEASSIGN, 0, fresh), "ENOENT");
});

Deno.test("KI_23 a dup keeps the registration removable after close", () => {
  const rig = new Rig();
  const fd = rig.efd();
  const dup = rig.kvm.dup(fd);
  assertEquals(rig.io(0x100, 2, PIO, 0, fd), 0);
  rig.kvm.close(fd);
  assertEquals(rig.io(0x100, 2, PIO | DEASSIGN, 0, dup), 0);
});

Deno.test("KI_24 the eventfd works on after the VM is closed", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x100, 2, PIO, 0, fd);
  rig.vm[Symbol.dispose]();
  rig.kvm.eventfdWrite(fd, 5n);
  assertEquals(rig.kvm.eventfdRead(fd), 5n);
  assertEquals(rig.kvm.files.lookupEventfd(fd).references, 1, "KVM's is dropped");
});

Deno.test("KI_25 1,500 registrations fit on one bus", () => {
  const rig = new Rig();
  const fd = rig.efd();
  for (let at = 0; at < 1500; at++) assertEquals(rig.io(0x10000 + at, 1, PIO, 0, fd), 0);
});

Deno.test("KI_27 two VMs take the same registration with the same eventfd", () => {
  const rig = new Rig();
  const other = rig.another();
  const fd = rig.efd();
  assertEquals([rig.io(0x100, 2, PIO, 0, fd), other.io(0x100, 2, PIO, 0, fd)], [0, 0]);
  rig.out(0x100, 2);
  other.out(0x100, 2);
  assertEquals(rig.count(fd), 2n);
});

Deno.test("KI_28 padding is not looked at", () => {
  const rig = new Rig();
  const bytes = encodeIoeventfd({ addr: 0x100n, len: 2, fd: rig.efd(), flags: 0, datamatch: 0n });
  bytes.fill(0xff, 28);
  assertEquals(bytes.length, 64);
  assertEquals(rig.vm.ioctl(KVM_IOEVENTFD, bytes), 0);
});

Deno.test("KI_29 semaphore, close-on-exec and blocking eventfds are accepted", () => {
  const rig = new Rig();
  const flags = [0, 1, 0x800, 0x80000];
  assertEquals(flags.map((flag, at) => rig.io(0x100 + at, 1, PIO, 0, rig.efd(0, flag))), [
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("KI_30 length 0 on MMIO goes, comes off and goes again", () => {
  const rig = new Rig();
  const fd = rig.efd();
  for (let round = 0; round < 200; round++) {
    assertEquals(rig.io(0x1000, 0, 0, 0, fd), 0);
    assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(3).deviceCount], [1, 1]);
    assertEquals(rig.io(0x1000, 0, DEASSIGN, 0, fd), 0);
    assertEquals([rig.vm.bus(0).deviceCount, rig.vm.bus(3).deviceCount], [0, 0]);
  }
  assertEquals(rig.io(0x1000, 4, 0, 0, fd), 0);
});

Deno.test("KI_31 ports above 0xffff and above 4G are accepted", () => {
  const rig = new Rig();
  assertEquals(rig.io(0x10000, 1, PIO, 0, rig.efd()), 0);
  assertEquals(rig.io(0x1ffffffff, 1, PIO, 0, rig.efd()), 0);
});

Deno.test("KI_33 DEASSIGN with the descriptor left 0 is EINVAL: it is standard input", () => {
  const rig = new Rig();
  rig.io(0x100, 2, PIO | DM, 1, rig.efd());
  assertEquals(rig.io(0x100, 2, PIO | DM | DEASSIGN, 1, 0), "EINVAL");
});

Deno.test("KG_01 KG_02 a wildcard counts each OUT, none exits", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0xf4, 1, PIO, 0, fd);
  let exits = 0;
  for (let at = 0; at < 1000; at++) if (rig.out(0xf4, 1, at & 0xff)) exits++;
  assertEquals([exits, rig.count(fd)], [0, 1000n]);
});

Deno.test("KG_03 a match takes its value, another exits", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0xf4, 1, PIO | DM, 0x7f, fd);
  assertEquals([rig.out(0xf4, 1, 0x7f), rig.out(0xf4, 1, 0x7e), rig.count(fd)], [false, true, 1n]);
});

Deno.test("KG_04 KG_06 length 2 takes OUTs of 2 bytes alone", () => {
  const rig = new Rig();
  const match = rig.efd(), any = rig.efd();
  rig.io(0xf4, 2, PIO | DM, 0x37, match);
  assertEquals([1, 2, 4].map((len) => rig.out(0xf4, len, 0x37)), [true, false, true]);
  rig.io(0xf8, 2, PIO, 0, any);
  assertEquals([rig.out(0xf8, 1), rig.out(0xf8, 2), rig.out(0xf8, 2)], [true, false, false]);
  assertEquals([rig.count(match), rig.count(any)], [1n, 2n]);
});

Deno.test("KG_07 an IN is answered by no ioeventfd", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0xf4, 0, PIO, 0, fd);
  assertEquals(rig.vm.bus(1).read(0xf4, 0, 1, new Uint8Array(8)), -95);
  assertEquals(rig.count(fd), 0n);
});

Deno.test("KG_08 a byte inside the range and a dword across its start exit", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x100, 4, PIO, 0, fd);
  assertEquals([rig.out(0x101, 1), rig.out(0xfe, 4), rig.out(0x100, 4)], [true, true, false]);
  assertEquals(rig.count(fd), 1n);
});

Deno.test("KG_09 KG_10 MMIO of length 4 takes 4 bytes, of length 0 any", () => {
  const rig = new Rig();
  const four = rig.efd(), any = rig.efd();
  rig.io(0xd0000000, 4, 0, 0, four);
  assertEquals([rig.store(0xd0000000, 4), rig.store(0xd0000000, 2)], [false, true]);
  rig.io(0xd0001000, 0, 0, 0, any);
  assertEquals([1, 2, 4].map((len) => rig.store(0xd0001000, len)), [false, false, false]);
  assertEquals([rig.count(four), rig.count(any)], [1n, 3n]);
});

Deno.test("KG_12 the three doorbells of pci-testdev", () => {
  const rig = new Rig();
  const wildcard = rig.efd(), match = rig.efd();
  rig.io(0xc081, 1, PIO, 0, wildcard);
  rig.io(0xc082, 1, PIO | DM, 0xfa, match);
  const exits = [
    rig.out(0xc080, 1, 0xfa),
    rig.out(0xc081, 1, 0xce),
    rig.out(0xc082, 1, 0xfa),
    rig.out(0xc082, 1, 0xce),
  ];
  assertEquals(exits, [true, false, false, true]);
  assertEquals([rig.count(wildcard), rig.count(match)], [1n, 1n]);
});

Deno.test("KG_13 legacy virtio-pci: one port, a match for each queue", () => {
  const rig = new Rig();
  const queues = [0, 1, 2].map((queue) => {
    const fd = rig.efd();
    rig.io(0xc050, 2, PIO | DM, queue, fd);
    return fd;
  });
  const exits = [0, 2, 1, 1, 5].map((queue) => rig.out(0xc050, 2, queue));
  assertEquals(exits, [false, false, false, false, true]);
  assertEquals(queues.map((fd) => rig.count(fd)), [1n, 2n, 1n]);
});

Deno.test("KG_14 after DEASSIGN the OUT exits and the counter stays", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0xf4, 1, PIO, 0, fd);
  assertEquals(rig.out(0xf4, 1), false);
  rig.io(0xf4, 1, PIO | DEASSIGN, 0, fd);
  assertEquals(rig.out(0xf4, 1), true);
  assertEquals(rig.count(fd), 1n);
});

Deno.test("KG_15 a full counter saturates, and nobody waits", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.kvm.eventfdWrite(fd, 2n ** 64n - 2n);
  rig.io(0xf4, 1, PIO, 0, fd);
  for (let at = 0; at < 3; at++) assertEquals(rig.out(0xf4, 1), false);
  assertEquals([rig.count(fd), rig.kvm.poll(fd)], [2n ** 64n - 1n, 9]);
});

Deno.test("KG_18 a match wider than its length never fires", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0xf4, 1, PIO | DM, 0x1ff, fd), 0);
  assertEquals([rig.out(0xf4, 1, 0xff), rig.count(fd)], [true, 0n]);
});

Deno.test("KG_19 a semaphore counts each write, a read takes 1", () => {
  const rig = new Rig();
  const fd = rig.efd(0, 1);
  rig.io(0xf4, 1, PIO, 0, fd);
  for (let at = 0; at < 3; at++) rig.out(0xf4, 1);
  assertEquals([rig.kvm.eventfdRead(fd), rig.count(fd)], [1n, 2n]);
});

Deno.test("KG_20 one port, two lengths, one value: each takes its own", () => {
  const rig = new Rig();
  const one = rig.efd(), two = rig.efd();
  rig.io(0xf4, 1, PIO | DM, 5, one);
  rig.io(0xf4, 2, PIO | DM, 5, two);
  assertEquals([1, 2, 4].map((len) => rig.out(0xf4, len, 5)), [false, false, true]);
  assertEquals([rig.count(one), rig.count(two)], [1n, 1n]);
});

Deno.test("KG_21 with the eventfd closed the write is swallowed", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0xf4, 2, PIO, 0, fd);
  rig.kvm.close(fd);
  assertEquals(rig.out(0xf4, 2), false);
});

Deno.test("KG_22 virtio-mmio QueueNotify: a match for each queue, other values and offsets exit", () => {
  const rig = new Rig();
  const [q0, q1] = [0, 1].map((queue) => {
    const fd = rig.efd();
    rig.io(0xd0000050, 4, DM, queue, fd);
    return fd;
  });
  const exits = [1, 0, 1, 9].map((queue) => rig.store(0xd0000050, 4, queue));
  assertEquals([...exits, rig.store(0xd0000054, 4)], [false, false, false, true, true]);
  assertEquals([rig.count(q0!), rig.count(q1!)], [1n, 2n]);
});

Deno.test("KG_24 under RAM a doorbell is silent and memory changes", () => {
  const rig = new Rig();
  const { hva, bytes } = rig.kvm.allocateMemory(0x1000);
  rig.vm.setMemoryRegion({ slot: 0, gpa: 0xd0000000n, size: 0x1000n, hva });
  const fd = rig.efd();
  assertEquals(rig.io(0xd0000010, 1, 0, 0, fd), 0);
  assertEquals(rig.store(0xd0000010, 1, 0x5a), false);
  assertEquals([bytes[0x10], rig.count(fd)], [0x5a, 0n]);
});

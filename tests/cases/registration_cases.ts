// What KVM_IOEVENTFD accepts and refuses when it registers. KI_*: ids of cases that were run in C on a live kernel first.
import { assertEquals } from "@std/assert";
import { encodeIoeventfd, KVM_GET_REGS, KVM_IOEVENTFD } from "@ioeventfd/uapi";
import { callCase, type Case } from "./case.ts";
import { CCW, DEASSIGN, DM, PIO, TOP } from "./flags.ts";
import { errnoOf } from "./rig.ts";

/** Registrations. */
export const registrationCases: readonly Case[] = [
  callCase("KI_01 KVM_CHECK_EXTENSION answers for ioeventfd, no length, any length", (rig) => {
    assertEquals([36, 100, 122].map((cap) => rig.system.checkExtension(cap)), [1, 1, 1]);
    assertEquals(rig.system.checkExtension(0x7fffffff), 0);
  }),

  callCase("KI_03 datamatches of 1, 2, 4 and 8 bytes on PIO with one eventfd", (rig) => {
    const fd = rig.efd();
    const made = [1, 2, 4, 8].map((len) => rig.io(0xc0 + len, len, PIO | DM, 0x7f, fd));
    assertEquals(made, [0, 0, 0, 0]);
  }),

  callCase("lengths other than 0, 1, 2, 4 and 8 are EINVAL", (rig) => {
    const fd = rig.efd();
    for (const len of [3, 5, 6, 7, 9, 16, 0x1000, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff]) {
      assertEquals(rig.io(0x1000, len, 0, 0, fd), "EINVAL", `mmio ${len}`);
      assertEquals(rig.io(0x1000, len, PIO, 0, fd), "EINVAL", `pio ${len}`);
    }
  }),

  callCase("KI_15 address plus length may not reach 2^64", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(TOP - 1n, 8, 0, 0, fd), "EINVAL");
    assertEquals(rig.io(TOP - 1n, 1, 0, 0, fd), "EINVAL");
    assertEquals(rig.io(TOP - 8n, 8, 0, 0, fd), "EINVAL");
    assertEquals(rig.io(TOP - 1n, 0, 0, 0, fd), 0);
    assertEquals(rig.io(TOP - 9n, 8, 0, 0, fd), 0);
    assertEquals(rig.io(TOP - 2n, 2, PIO, 0, fd), "EINVAL", "ports too");
    assertEquals(rig.io(TOP - 3n, 2, PIO, 0, fd), 0);
  }),

  callCase("KI_16 each flag bit from 5 on is EINVAL alone, bit 4 is accepted", (rig) => {
    const fd = rig.efd();
    for (let bit = 5; bit < 32; bit++) assertEquals(rig.io(0x1000, 4, 1 << bit, 0, fd), "EINVAL");
    assertEquals(rig.io(0x1000, 4, 1 << 4, 0, fd), 0);
  }),

  callCase("flag 0x10 changes nothing: bus, collision, match, deassign", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0xd0000000, 4, 0x10, 0, fd), 0);
    assertEquals(rig.io(0xd0000000, 4, 0, 0, fd), "EEXIST");
    assertEquals([rig.store(0xd0000000, 4), rig.count(fd)], [false, 1n]);
    assertEquals(rig.io(0xd0000000, 4, DEASSIGN, 0, fd), 0);
  }),

  callCase("KI_17 VIRTIO_CCW_NOTIFY is accepted on x86, and never fires", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x1000, 8, CCW, 0, fd), 0);
    assertEquals(rig.io(0x2000, 0, CCW, 0, fd), 0);
    assertEquals([rig.store(0xd0000000, 8), rig.out(0x1000, 4), rig.out(0x2000, 4)], [
      true,
      true,
      true,
    ]);
    assertEquals(rig.count(fd), 0n);
  }),

  callCase("PIO and CCW together are PIO", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x510, 2, PIO | CCW, 0, fd), 0);
    assertEquals(rig.io(0x510, 2, PIO, 0, fd), "EEXIST");
    assertEquals([rig.out(0x510, 2), rig.count(fd)], [false, 1n]);
    assertEquals(rig.io(0x510, 2, PIO | DEASSIGN, 0, fd), 0);
  }),

  callCase("KI_18 length 0 with DATAMATCH is EINVAL on any bus, whatever the value", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x100, 0, DM | PIO, 1, fd), "EINVAL");
    assertEquals(rig.io(0x100, 0, DM, 1, fd), "EINVAL");
    assertEquals(rig.io(0x100, 0, DM, 0, fd), "EINVAL");
    assertEquals(rig.io(0x100, 0, DM | CCW, 0, fd), "EINVAL");
  }),

  callCase("KI_19 descriptors that are no eventfd: EINVAL; that are not open: EBADF", (rig) => {
    for (
      const kind of ["pipe", "file", "socket", "timerfd", "epoll", "dev_kvm", "vm_fd"] as const
    ) {
      assertEquals(rig.io(0x100, 4, 0, 0, rig.other(kind)), "EINVAL", kind);
    }
    assertEquals(rig.io(0x100, 4, 0, 0, rig.other("o_path")), "EBADF", "O_PATH");
    const closed = rig.efd();
    rig.system.close(closed);
    for (const fd of [-1, 9999, closed, 0x7fffffff, -0x80000000]) {
      assertEquals(rig.io(0x100, 4, 0, 0, fd), "EBADF", `descriptor ${fd}`);
    }
  }),

  callCase("length, range and flags are looked at before the descriptor", (rig) => {
    assertEquals(rig.io(0x100, 3, 0, 0, -1), "EINVAL");
    assertEquals(rig.io(TOP - 1n, 8, 0, 0, -1), "EINVAL");
    assertEquals(rig.io(0x100, 4, 0x20, 0, -1), "EINVAL");
    assertEquals(rig.io(0x100, 0, DM, 0, -1), "EINVAL");
    assertEquals(rig.io(0x100, 4, 0, 0, -1), "EBADF");
  }),

  callCase("the descriptor is looked at before the collision", (rig) => {
    assertEquals(rig.io(0x100, 4, 0, 0, rig.efd()), 0);
    assertEquals(rig.io(0x100, 4, 0, 0, -1), "EBADF");
    assertEquals(rig.io(0x100, 4, 0, 0, rig.other("pipe")), "EINVAL");
    assertEquals(rig.io(0x100, 4, 0, 0, rig.efd()), "EEXIST");
  }),

  callCase("KI_28 padding is not looked at", (rig) => {
    const bytes = encodeIoeventfd({ addr: 0x100n, len: 2, fd: rig.efd(), flags: 0, datamatch: 0n });
    bytes.fill(0xff, 28);
    assertEquals([bytes.length, rig.vm.ioctl(KVM_IOEVENTFD, bytes)], [64, 0]);
  }),

  callCase("KI_29 semaphore, close-on-exec, blocking and copied eventfds are accepted", (rig) => {
    const flags = [0, 1, 0x800, 0x80000];
    const made = flags.map((flag, at) => rig.io(0x100 + at, 1, PIO, 0, rig.efd(0, flag)));
    assertEquals(made, [0, 0, 0, 0]);
    assertEquals(rig.io(0x200, 1, PIO, 0, rig.system.dup(rig.efd())), 0);
  }),

  callCase("KI_31 ports above 0xffff and above 4G are accepted, and an 8-byte port", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x10510, 1, PIO, 0, fd), 0);
    assertEquals(rig.io(0x1ffffffff, 1, PIO, 0, fd), 0);
    assertEquals(rig.io(0x510, 8, PIO, 0, fd), 0);
    assertEquals([rig.out(0x510, 1), rig.out(0x510, 4), rig.count(fd)], [true, true, 0n]);
  }),

  callCase("an address need not be aligned", (rig) => {
    const fd = rig.efd();
    for (const len of [2, 4, 8]) assertEquals(rig.io(0xd0000001 + len * 16, len, 0, 0, fd), 0);
    for (const len of [2, 4, 8]) assertEquals(rig.store(0xd0000001 + len * 16, len), false);
    assertEquals(rig.count(fd), 3n);
  }),

  callCase("a bad pointer is EFAULT, another ioctl's number ENOTTY", (rig) => {
    assertEquals(errnoOf(() => rig.vm.ioctl(KVM_IOEVENTFD, 8)), "EFAULT");
    assertEquals(errnoOf(() => rig.vm.ioctl(KVM_GET_REGS, new Uint8Array(144))), "ENOTTY");
    assertEquals(errnoOf(() => rig.vm.ioctl(0x4048ae79, new Uint8Array(72))), "ENOTTY", "size");
  }),
];

// Which writes fire, single ones: KG_* of those run in C.
import { assertEquals } from "@std/assert";
import { callCase, type Case } from "./case.ts";
import { DM, PIO, TOP } from "./flags.ts";

/** Matches. */
export const firingCases: readonly Case[] = [
  callCase("KG_01 KG_02 a wildcard counts each OUT, none exits", (rig) => {
    const fd = rig.efd();
    rig.io(0xf4, 1, PIO, 0, fd);
    let exits = 0;
    for (let at = 0; at < 1000; at++) if (rig.out(0xf4, 1, at & 0xff)) exits++;
    assertEquals([exits, rig.count(fd)], [0, 1000n]);
  }),

  callCase("KG_03 a match takes its value, another exits", (rig) => {
    const fd = rig.efd();
    rig.io(0xf4, 1, PIO | DM, 0x7f, fd);
    const exits = [rig.out(0xf4, 1, 0x7f), rig.out(0xf4, 1, 0x7e)];
    assertEquals([...exits, rig.count(fd)], [false, true, 1n]);
  }),

  callCase("KG_04 KG_06 length 2 takes OUTs of 2 bytes alone", (rig) => {
    const match = rig.efd(), any = rig.efd();
    rig.io(0xf4, 2, PIO | DM, 0x37, match);
    assertEquals([1, 2, 4].map((len) => rig.out(0xf4, len, 0x37)), [true, false, true]);
    rig.io(0xf8, 2, PIO, 0, any);
    assertEquals([rig.out(0xf8, 1), rig.out(0xf8, 2), rig.out(0xf8, 2)], [true, false, false]);
    assertEquals([rig.count(match), rig.count(any)], [1n, 2n]);
  }),

  callCase("KG_08 a byte inside the range and a dword across its start exit", (rig) => {
    const fd = rig.efd();
    rig.io(0x100, 4, PIO, 0, fd);
    assertEquals([rig.out(0x101, 1), rig.out(0xfe, 4), rig.out(0x100, 4)], [true, true, false]);
    assertEquals(rig.count(fd), 1n);
  }),

  callCase("KG_09 KG_10 MMIO of length 4 takes 4 bytes, of length 0 any", (rig) => {
    const four = rig.efd(), any = rig.efd();
    rig.io(0xd0000000, 4, 0, 0, four);
    rig.io(0xd0001000, 0, 0, 0, any);
    const exits = [1, 2, 4, 8].map((len) => rig.store(0xd0000000, len));
    assertEquals(exits, [true, true, false, true]);
    assertEquals([1, 2, 4, 8].map((len) => rig.store(0xd0001000, len)), Array(4).fill(false));
    assertEquals(rig.store(0xd0001001, 1), true, "the next address");
    assertEquals([rig.count(four), rig.count(any)], [1n, 4n]);
  }),

  callCase("length 0 on PIO takes any length", (rig) => {
    const fd = rig.efd();
    rig.io(0x510, 0, PIO, 0, fd);
    assertEquals([1, 2, 4].map((len) => rig.out(0x510, len, len)), [false, false, false]);
    assertEquals([rig.out(0x50f, 4), rig.out(0x511, 1), rig.count(fd)], [true, true, 3n]);
  }),

  callCase("KG_12 the three doorbells of pci-testdev", (rig) => {
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
  }),

  callCase("KG_13 legacy virtio-pci: one port, a match for each queue", (rig) => {
    const queues = [0, 1, 2].map((queue) => {
      const fd = rig.efd();
      rig.io(0xc050, 2, PIO | DM, queue, fd);
      return fd;
    });
    const exits = [0, 2, 1, 1, 5].map((queue) => rig.out(0xc050, 2, queue));
    assertEquals(exits, [false, false, false, false, true]);
    assertEquals(queues.map((fd) => rig.count(fd)), [1n, 2n, 1n]);
  }),

  callCase("KG_22 virtio-mmio QueueNotify: other values and offsets exit", (rig) => {
    const [q0, q1] = [0, 1].map((queue) => {
      const fd = rig.efd();
      rig.io(0xd0000050, 4, DM, queue, fd);
      return fd;
    });
    const exits = [1, 0, 1, 9].map((queue) => rig.store(0xd0000050, 4, queue));
    assertEquals([...exits, rig.store(0xd0000054, 4)], [false, false, false, true, true]);
    assertEquals([rig.count(q0!), rig.count(q1!)], [1n, 2n]);
  }),

  callCase(
    "KG_18 KI_32 a match wider than its length never fires, nor does one that was sign-extended",
    (rig) => {
      const wide = rig.efd(), signed = rig.efd();
      assertEquals(rig.io(0xf4, 1, PIO | DM, 0x1ff, wide), 0);
      assertEquals([rig.out(0xf4, 1, 0xff), rig.count(wide)], [true, 0n]);
      assertEquals(rig.io(0xd0000000, 4, DM, TOP - 1n, signed), 0);
      assertEquals([rig.store(0xd0000000, 4, TOP - 1n), rig.count(signed)], [true, 0n]);
      assertEquals(rig.io(0xd0000008, 8, DM, TOP - 1n, signed), 0);
      assertEquals([rig.store(0xd0000008, 8, TOP - 1n), rig.count(signed)], [false, 1n]);
    },
  ),

  callCase("of an 8-byte match all 64 bits count", (rig) => {
    const fd = rig.efd(), value = 0x1122334455667788n;
    rig.io(0xd0000000, 8, DM, value, fd);
    const written = [value, value ^ 1n, value ^ 1n << 32n, value ^ 1n << 63n];
    assertEquals(written.map((one) => rig.store(0xd0000000, 8, one)), [false, true, true, true]);
    assertEquals(rig.count(fd), 1n);
  }),

  callCase("KG_20 one port, two lengths, one value: each takes its own", (rig) => {
    const one = rig.efd(), two = rig.efd();
    rig.io(0xf4, 1, PIO | DM, 5, one);
    rig.io(0xf4, 2, PIO | DM, 5, two);
    assertEquals([1, 2, 4].map((len) => rig.out(0xf4, len, 5)), [false, false, true]);
    assertEquals([rig.count(one), rig.count(two)], [1n, 1n]);
  }),

  callCase("KG_15 a full counter saturates, and nobody waits", (rig) => {
    const fd = rig.efd();
    rig.system.eventfdWrite(fd, TOP - 2n);
    rig.io(0xf4, 1, PIO, 0, fd);
    for (let at = 0; at < 3; at++) assertEquals(rig.out(0xf4, 1), false);
    assertEquals([rig.count(fd), rig.system.poll(fd)], [TOP - 1n, 9]);
    assertEquals(rig.system.eventfdRead(fd), TOP - 1n);
    assertEquals([rig.out(0xf4, 1), rig.count(fd)], [false, 1n], "and goes on");
  }),

  callCase("KG_19 a semaphore counts each write, a read takes 1", (rig) => {
    const fd = rig.efd(0, 1);
    rig.io(0xf4, 1, PIO, 0, fd);
    for (let at = 0; at < 3; at++) rig.out(0xf4, 1);
    assertEquals([rig.system.eventfdRead(fd), rig.count(fd)], [1n, 2n]);
  }),

  callCase("one eventfd on both buses and at several places", (rig) => {
    const fd = rig.efd();
    for (const at of [0, 0x100, 0x2000]) rig.io(0xd0000000 + at, 4, 0, 0, fd);
    rig.io(0x510, 2, PIO, 0, fd);
    for (const at of [0, 0x100, 0x2000]) assertEquals(rig.store(0xd0000000 + at, 4), false);
    assertEquals([rig.out(0x510, 2), rig.count(fd)], [false, 4n]);
  }),

  callCase("addresses above 4 GiB fire, and are not those 4 GiB below", (rig) => {
    const fd = rig.efd();
    for (const addr of [0x1_0000_0ffcn, 0x12_3456_7890n, 0x3fff_ffff_fff8n]) {
      assertEquals(rig.io(addr, 4, 0, 0, fd), 0);
      assertEquals(rig.store(addr, 4), false);
      assertEquals(rig.store(addr ^ 1n << 33n, 4), true);
    }
    assertEquals(rig.count(fd), 3n);
  }),

  callCase("port 0xffff and port 0 are ports like others", (rig) => {
    const fd = rig.efd();
    rig.io(0, 1, PIO, 0, fd);
    rig.io(0xffff, 1, PIO, 0, fd);
    assertEquals([rig.out(0, 1), rig.out(0xffff, 1), rig.count(fd)], [false, false, 2n]);
  }),
];

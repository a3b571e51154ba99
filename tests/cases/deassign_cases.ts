// DEASSIGN, and how long a registration lives.
import { assertEquals } from "@std/assert";
import { callCase, type Case } from "./case.ts";
import { CCW, DEASSIGN, DM, PIO } from "./flags.ts";

/** Deassigning. */
export const deassignCases: readonly Case[] = [
  callCase("KI_04 DEASSIGN of what was never registered is ENOENT", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0xf4, 4, PIO | DEASSIGN, 0, fd), "ENOENT");
    assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), "ENOENT");
    assertEquals(rig.io(0x1000, 0, DEASSIGN, 0, fd), "ENOENT");
  }),

  callCase("KI_05 DEASSIGN takes one away, and a second time is ENOENT", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0xf4, 1, PIO, 0, fd), 0);
    assertEquals(rig.io(0x1000, 4, DM, 9, fd), 0);
    assertEquals(rig.io(0xf4, 1, PIO | DEASSIGN, 0, fd), 0);
    assertEquals(rig.io(0x1000, 4, DM | DEASSIGN, 9, fd), 0);
    assertEquals(rig.io(0xf4, 1, PIO | DEASSIGN, 0, fd), "ENOENT");
  }),

  callCase("KI_06 DEASSIGN must name what was registered: any one field wrong is ENOENT", (rig) => {
    const fd = rig.efd(), other = rig.efd();
    assertEquals(rig.io(0x100, 2, PIO | DM, 7, fd), 0);
    const off = PIO | DM | DEASSIGN;
    assertEquals(rig.io(0x100, 2, off, 8, fd), "ENOENT", "value");
    assertEquals(rig.io(0x100, 2, off, 7n | 1n << 32n, fd), "ENOENT", "value above the length");
    assertEquals(rig.io(0x100, 4, off, 7, fd), "ENOENT", "length");
    assertEquals(rig.io(0x100, 0, off, 7, fd), "ENOENT", "length 0");
    assertEquals(rig.io(0x100, 2, PIO | DEASSIGN, 7, fd), "ENOENT", "no DATAMATCH");
    assertEquals(rig.io(0x102, 2, off, 7, fd), "ENOENT", "address");
    assertEquals(rig.io(0x100, 2, DM | DEASSIGN, 7, fd), "ENOENT", "bus");
    assertEquals(rig.io(0x100, 2, CCW | DM | DEASSIGN, 7, fd), "ENOENT", "ccw");
    assertEquals(rig.io(0x100, 2, off, 7, other), "ENOENT", "eventfd");
    assertEquals(rig.io(0x100, 2, off, 7, fd), 0);
  }),

  callCase(
    "DEASSIGN of a wildcard with DATAMATCH is ENOENT, with any value without it is not",
    (rig) => {
      const fd = rig.efd();
      assertEquals(rig.io(0x100, 2, PIO, 7, fd), 0);
      assertEquals(rig.io(0x100, 2, PIO | DM | DEASSIGN, 7, fd), "ENOENT");
      assertEquals(rig.io(0x100, 2, PIO | DEASSIGN, 99, fd), 0);
    },
  ),

  callCase("KI_21 DEASSIGN checks nothing but the descriptor", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x100, 3, DEASSIGN | 0x20, 0, fd), "ENOENT");
    assertEquals(rig.io(0xffffffffffffffffn, 8, DEASSIGN, 0, fd), "ENOENT");
    assertEquals(rig.io(0x100, 0, DEASSIGN | DM, 0, fd), "ENOENT");
    assertEquals(rig.io(0x100, 4, DEASSIGN, 0, -1), "EBADF");
    assertEquals(rig.io(0x100, 4, DEASSIGN, 0, rig.other("pipe")), "EINVAL");
    assertEquals(rig.io(0x100, 4, DEASSIGN, 0, rig.other("o_path")), "EBADF");
  }),

  callCase("DEASSIGN with every unknown flag bit still takes away what matches", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x100, 4, 0, 0, fd), 0);
    assertEquals(rig.io(0x100, 4, DEASSIGN | 0xffffffe0, 0, fd), 0);
    assertEquals(rig.io(0x100, 4, DEASSIGN, 0, fd), "ENOENT");
  }),

  callCase("KI_30 length 0 on MMIO goes, comes off and goes again", (rig) => {
    const fd = rig.efd();
    for (let round = 0; round < 20; round++) {
      assertEquals(rig.io(0x1000, 0, 0, 0, fd), 0);
      assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), "ENOENT");
      assertEquals(rig.io(0x1000, 0, DEASSIGN, 0, fd), 0);
    }
    assertEquals(rig.io(0x1000, 4, 0, 0, fd), 0);
  }),

  callCase(
    "KI_33 DEASSIGN with the descriptor of another kind of file takes nothing away",
    (rig) => {
      const fd = rig.efd();
      rig.io(0x100, 2, PIO | DM, 1, fd);
      assertEquals(rig.io(0x100, 2, PIO | DM | DEASSIGN, 1, rig.other("file")), "EINVAL");
      assertEquals(rig.io(0x100, 2, PIO | DM | DEASSIGN, 1, fd), 0);
    },
  ),

  callCase(
    "KI_22 KG_21 after close of the eventfd the registration is stuck and swallows writes",
    (rig) => {
      const fd = rig.efd();
      assertEquals(rig.io(0x100, 2, PIO, 0, fd), 0);
      rig.system.close(fd);
      assertEquals(rig.out(0x100, 2), false, "no exit");
      const fresh = rig.efd();
      assertEquals(fresh, fd, "the number is used again");
      assertEquals(rig.io(0x100, 2, PIO, 0, fresh), "EEXIST");
      assertEquals(rig.io(0x100, 2, PIO | DEASSIGN, 0, fresh), "ENOENT");
      assertEquals([rig.out(0x100, 2), rig.count(fresh)], [false, 0n]);
    },
  ),

  callCase("KI_23 a dup keeps the registration signalling and removable after close", (rig) => {
    const fd = rig.efd(), dup = rig.system.dup(fd);
    assertEquals(rig.io(0x100, 2, PIO, 0, fd), 0);
    rig.system.close(fd);
    assertEquals([rig.out(0x100, 2), rig.count(dup)], [false, 1n]);
    assertEquals(rig.io(0x100, 2, PIO | DEASSIGN, 0, dup), 0);
    assertEquals([rig.out(0x100, 2), rig.count(dup)], [true, 1n]);
  }),

  callCase("KI_24 the eventfd works on after the VM is closed", (rig) => {
    const fd = rig.efd(), other = rig.another();
    other.io(0x100, 2, PIO, 0, fd);
    other.out(0x100, 2);
    other.vm[Symbol.dispose]();
    rig.system.eventfdWrite(fd, 5n);
    assertEquals(rig.system.eventfdRead(fd), 6n);
  }),

  callCase("KG_14 after DEASSIGN the OUT exits and the counter stays", (rig) => {
    const fd = rig.efd();
    rig.io(0xf4, 1, PIO, 0, fd);
    assertEquals(rig.out(0xf4, 1), false);
    rig.io(0xf4, 1, PIO | DEASSIGN, 0, fd);
    assertEquals([rig.out(0xf4, 1), rig.count(fd)], [true, 1n]);
  }),

  callCase("DEASSIGN of one of several at an address leaves the others", (rig) => {
    const fds = [0, 1, 2].map((value) => {
      const fd = rig.efd();
      assertEquals(rig.io(0xc050, 2, PIO | DM, value, fd), 0);
      return fd;
    });
    assertEquals(rig.io(0xc050, 2, PIO | DM | DEASSIGN, 1, fds[1]!), 0);
    assertEquals([0, 1, 2].map((value) => rig.out(0xc050, 2, value)), [false, true, false]);
    assertEquals(fds.map((fd) => rig.count(fd)), [1n, 0n, 1n]);
  }),
];

// What excludes what: EEXIST of a second registration.
import { assertEquals } from "@std/assert";
import { callCase, type Case } from "./case.ts";
import { CCW, DM, PIO } from "./flags.ts";
import type { Rig } from "./rig.ts";

/** A length, and a datamatch where there is one. */
type Shape = readonly [len: number, datamatch?: bigint];

const HIGH = 1n << 40n;
const shapes: readonly Shape[] = [
  [0],
  ...[1, 2, 4, 8].flatMap((len): Shape[] => [[len], [len, 5n], [len, 6n], [len, 5n | HIGH]]),
];

/** The rule in words: one of the two has length 0; or the lengths are equal, and one is a wildcard or the values are equal. */
function excludes([len, value]: Shape, [otherLen, otherValue]: Shape): boolean {
  if (len === 0 || otherLen === 0) return true;
  if (len !== otherLen) return false;
  return value === undefined || otherValue === undefined || value === otherValue;
}

function make(rig: Rig, addr: number, [len, value]: Shape, bus: number, fd: number): string | 0 {
  return rig.io(addr, len, bus | (value === undefined ? 0 : DM), value ?? 0, fd);
}

function table(name: string, bus: number): Case {
  return callCase(`each shape after each other at one address: ${name}`, (rig) => {
    const fd = rig.efd(), other = rig.efd();
    let addr = bus === PIO ? 0x100 : 0xd0000000;
    for (const first of shapes) {
      for (const second of shapes) {
        addr += 16;
        assertEquals(make(rig, addr, first, bus, fd), 0);
        const errno = make(rig, addr, second, bus, addr % 32 === 0 ? fd : other);
        assertEquals([first, second, errno], [
          first,
          second,
          excludes(first, second) ? "EEXIST" : 0,
        ]);
      }
    }
  });
}

/** Collisions. */
export const collisionCases: readonly Case[] = [
  table("mmio", 0),
  table("pio", PIO),
  table("ccw", CCW),

  callCase("KI_07 the same registration again is EEXIST, with whatever eventfd", (rig) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x100, 2, PIO | DM, 1, fd), 0);
    assertEquals(rig.io(0x100, 2, PIO | DM, 1, fd), "EEXIST");
    assertEquals(rig.io(0x100, 2, PIO | DM, 1, rig.efd()), "EEXIST");
  }),

  callCase("KI_09 lengths 1, 2, 4 and 8 coexist at one address and value", (rig) => {
    const made = [1, 2, 4, 8].map((len) => rig.io(0x1000, len, DM, 5, rig.efd()));
    assertEquals(made, [0, 0, 0, 0]);
  }),

  callCase("KI_10 wildcard and match of one length collide, in either order", (rig) => {
    assertEquals(rig.io(0x100, 2, PIO, 0, rig.efd()), 0);
    assertEquals(rig.io(0x100, 2, PIO | DM, 1, rig.efd()), "EEXIST");
    assertEquals(rig.io(0x200, 2, PIO | DM, 1, rig.efd()), 0);
    assertEquals(rig.io(0x200, 2, PIO, 0, rig.efd()), "EEXIST");
  }),

  callCase("KI_11 length 0 collides with everything at its address", (rig) => {
    assertEquals(rig.io(0x1000, 0, 0, 0, rig.efd()), 0);
    assertEquals(rig.io(0x1000, 4, 0, 0, rig.efd()), "EEXIST");
    assertEquals(rig.io(0x2000, 2, DM, 3, rig.efd()), 0);
    assertEquals(rig.io(0x2000, 0, 0, 0, rig.efd()), "EEXIST");
    assertEquals(rig.io(0x1000, 0, 0, 0, rig.efd()), "EEXIST");
  }),

  callCase("KI_12 PIO, MMIO and CCW of one number are separate buses", (rig) => {
    const made = [PIO, 0, CCW].map((bus) => rig.io(0x100, 0, bus, 0, rig.efd()));
    assertEquals(made, [0, 0, 0]);
  }),

  callCase("KI_13 overlapping ranges that differ in start or length all register", (rig) => {
    assertEquals(rig.io(0x100, 4, 0, 0, rig.efd()), 0);
    assertEquals(rig.io(0x102, 2, 0, 0, rig.efd()), 0);
    assertEquals(rig.io(0x100, 2, 0, 0, rig.efd()), 0);
    assertEquals(rig.io(0x101, 0, 0, 0, rig.efd()), 0);
  }),

  callCase("KI_27 two VMs take the same registration with the same eventfd", (rig) => {
    const other = rig.another(), fd = rig.efd();
    assertEquals([rig.io(0x100, 2, PIO, 0, fd), other.io(0x100, 2, PIO, 0, fd)], [0, 0]);
    assertEquals([rig.out(0x100, 2), other.out(0x100, 2), rig.count(fd)], [false, false, 2n]);
  }),

  callCase("without DATAMATCH the value is not looked at", (rig) => {
    assertEquals(rig.io(0x100, 2, PIO, 7, rig.efd()), 0);
    assertEquals(rig.io(0x100, 2, PIO, 8, rig.efd()), "EEXIST");
    assertEquals([rig.out(0x100, 2, 1), rig.out(0x100, 2, 7)], [false, false]);
  }),
];

// How many fit.
import { assertEquals } from "@std/assert";
import { callCase, type Case } from "./case.ts";
import { CCW, DEASSIGN, PIO } from "./flags.ts";
import { errnoOf, type Rig } from "./rig.ts";

const BASE = 0xd000_0000;

/** Limits. */
export const limitCases: readonly Case[] = [
  callCase("KI_25 1,500 registrations fit on one bus, zero lengths too", (rig) => {
    const fd = rig.efd();
    for (let at = 0; at < 1500; at++) assertEquals(rig.io(0x10000 + at, 1, PIO, 0, fd), 0);
    for (let at = 0; at < 1100; at++) assertEquals(rig.io(BASE + at * 8, 0, 0, 0, fd), 0);
    assertEquals([rig.store(BASE + 1099 * 8, 4), rig.count(fd)], [false, 1n]);
  }),

  callCase(
    "KC_07 1,000 zones fill a bus: ENOSPC for any ioeventfd on it, after EEXIST, and there alone",
    (rig) => {
      const fd = rig.efd();
      assertEquals(rig.io(BASE, 4, 0, 0, fd), 0);
      for (let at = 0; at < 1000; at++) assertEquals(rig.zone(0xe0000000 + at * 16, 8), 0);
      assertEquals(rig.zone(0xf0000000, 8), "ENOSPC");
      assertEquals(rig.io(BASE + 8, 4, 0, 0, fd), "ENOSPC");
      assertEquals(rig.io(BASE + 8, 0, 0, 0, fd), "ENOSPC");
      assertEquals(rig.io(BASE, 4, 0, 0, fd), "EEXIST");
      assertEquals(rig.io(0x510, 4, PIO, 0, fd), 0);
      assertEquals(rig.io(0x510, 4, CCW, 0, fd), 0);
      assertEquals(rig.io(BASE, 4, DEASSIGN, 0, fd), 0);
      assertEquals(rig.io(BASE, 4, 0, 0, fd), "ENOSPC");
      assertEquals(rig.unzone(0xe0000000, 8), 0);
      for (let at = 0; at < 50; at++) assertEquals(rig.io(BASE + at * 8, 4, 0, 0, fd), 0);
    },
  ),

  callCase(
    "A full PIO bus: KVM_CREATE_IRQCHIP is ENOSPC, a timer that does not fit ENOMEM",
    (rig) => {
      const fill = (one: Rig): void => {
        for (let at = 0; one.zone(0x1000 + at * 8, 8, 1) === 0;) at++;
      };
      const one = rig.irqchip();
      fill(one);
      assertEquals(errnoOf(() => one.pit()), "ENOMEM");
      const other = rig.another();
      fill(other);
      assertEquals(errnoOf(() => other.irqchip()), "ENOSPC");
    },
  ),

  callCase("ioeventfds leave room for exactly 1,000 zones", (rig) => {
    const fd = rig.efd();
    for (let at = 0; at < 300; at++) rig.io(BASE + at * 8, at % 2 === 0 ? 4 : 0, 0, 0, fd);
    let fit = 0;
    while (rig.zone(0xe0000000 + fit * 16, 8) === 0) fit++;
    assertEquals(fit, 1000);
  }),
];

// Where a guest's code goes wrong, and what its doorbells saw until then.
import { type Case, guestCase, mmio, pio } from "./case.ts";

/** Faults of guests. */
export const guestFaultCases: readonly Case[] = [
  guestCase("UD2 after a kick: the kick counts, the exception is taken", {
    registrations: [mmio(0x40, 0)],
    program(a, to) {
      a.mov(a.byte(to.base(0x40)), a.al);
      a.ud2();
    },
    counters: [1n],
    fault: 6,
  }),

  guestCase("a store beyond the limit of its segment rings nothing", {
    mode: "real16",
    registrations: [mmio(0xffff, 0)],
    program(a, to) {
      a.mov(a.word(to.base(0xffff)), a.ax);
    },
    counters: [0n],
    fault: 13,
  }),

  guestCase("a store to a page that is not mapped is a page fault, not an access to MMIO", {
    mode: "long0",
    registrations: [mmio(0x40, 0), pio(0x510, 1)],
    program(a) {
      a.mov(a.dx, 0x510);
      a.out(a.dx, a.al);
      a.mov(a.rbx, 0x1_d000_0040n);
      a.mov(a.byte(a.rbx), a.al);
    },
    counters: [0n, 1n],
    fault: 14,
  }),
];

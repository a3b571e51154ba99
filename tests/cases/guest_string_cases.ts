// String instructions: each element is a write of its own.
import { asked, type Case, guestCase, loaded, mmio, pio, SCRATCH, stored, wrote } from "./case.ts";

/** String instructions by guests. */
export const guestStringCases: readonly Case[] = [
  guestCase("REP STOSB rings each doorbell on its way, and exits between them", {
    registrations: [mmio(0x40, 1), mmio(0x42, 1, 0x5an), mmio(0x43, 1, 0x5bn)],
    program(a, to) {
      a.mov(a.al, 0x5a);
      a.mov(to.r("di"), to.at(0x40));
      a.mov(to.r("cx"), 4);
      a.rep();
      a.stos(1);
    },
    counters: [1n, 1n, 0n],
    exits: [stored(0x41, "5a"), stored(0x43, "5a")],
    regs: { rcx: 0n },
  }),

  guestCase("STOSD once, with and without a value that matches", {
    registrations: [mmio(0x40, 4, 0x11223344n)],
    program(a, to) {
      a.mov(a.eax, 0x11223344);
      a.mov(to.r("di"), to.at(0x40));
      a.stos(4);
      a.stos(4);
    },
    counters: [1n],
    exits: [stored(0x44, "44332211")],
  }),

  guestCase("backwards with DF", {
    registrations: [mmio(0x42, 2), mmio(0x3e, 2)],
    program(a, to) {
      a.mov(a.ax, 0x1234);
      a.mov(to.r("di"), to.at(0x42));
      a.mov(to.r("cx"), 3);
      a.std();
      a.rep();
      a.stos(2);
    },
    counters: [1n, 1n],
    exits: [stored(0x40, "3412")],
  }),

  guestCase("MOVS between two places of MMIO: a read, then a matched write", {
    registrations: [mmio(0x80, 2, 0x7788n)],
    program(a, to) {
      a.mov(to.r("si"), to.at(0x40));
      a.mov(to.r("di"), to.at(0x80));
      a.movs(2);
      a.movs(1);
    },
    counters: [1n],
    exits: [loaded(0x40, 2), loaded(0x42, 1), stored(0x82, "66")],
  }),

  guestCase("LODS, SCAS and CMPS ring nothing", {
    registrations: [mmio(0x40, 0), mmio(0x42, 0), mmio(0x50, 0)],
    program(a, to) {
      a.mov(to.r("si"), to.at(0x40));
      a.lods(2);
      a.mov(to.r("di"), to.at(0x50));
      a.scas(1);
    },
    counters: [0n, 0n, 0n],
    exits: [loaded(0x40, 2), loaded(0x50, 1)],
  }),

  guestCase("KG_16 REP OUTSB of 5 bytes rings five times, of other values it exits for each", {
    mode: "long0",
    scratch: [1, 2, 1, 2, 3],
    registrations: [pio(0x510, 1), pio(0x511, 1, 1n)],
    program(a) {
      a.mov(a.dx, 0x510);
      a.mov(a.rsi, SCRATCH);
      a.mov(a.rcx, 5);
      a.rep();
      a.outs(1);
      a.mov(a.dx, 0x511);
      a.mov(a.rsi, SCRATCH);
      a.mov(a.rcx, 5);
      a.rep();
      a.outs(1);
    },
    counters: [5n, 2n],
    exits: [wrote(0x511, "02"), wrote(0x511, "02"), wrote(0x511, "03")],
  }),

  guestCase("REP OUTSB of 5,000 bytes with length 0 leaves for userspace not once", {
    mode: "long0",
    registrations: [pio(0x510, 0)],
    program(a) {
      a.mov(a.dx, 0x510);
      a.mov(a.rsi, SCRATCH);
      a.mov(a.rcx, 5000);
      a.rep();
      a.outs(1);
    },
    counters: [5000n],
    regs: { rcx: 0n, rsi: BigInt(SCRATCH + 5000) },
  }),

  guestCase("REP INSB into RAM asks for all at once, whatever is registered", {
    mode: "long0",
    registrations: [pio(0x510, 0)],
    program(a) {
      a.mov(a.dx, 0x510);
      a.mov(a.rdi, SCRATCH);
      a.mov(a.rcx, 3);
      a.rep();
      a.ins(1);
      a.mov(a.eax, a.dword(SCRATCH));
    },
    counters: [0n],
    exits: [asked(0x510, 1, 3)],
    regs: { rax: 0x888888n },
  }),

  guestCase("a REP of no elements does nothing", {
    registrations: [mmio(0x40, 0), pio(0x510, 0)],
    program(a, to) {
      a.mov(a.dx, 0x510);
      a.mov(to.r("di"), to.at(0x40));
      a.mov(to.r("si"), to.at(0x40));
      a.mov(to.r("cx"), 0);
      a.rep();
      a.stos(1);
      a.rep();
      a.outs(1);
    },
    counters: [0n, 0n],
  }),
];

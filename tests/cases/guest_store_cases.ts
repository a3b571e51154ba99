// Machine code that stores: widths, wide stores, page crossings, ports.
import { asked, type Case, guestCase, mmio, pio, SCRATCH, stored, wrote } from "./case.ts";

/** Stores and OUTs by guests. */
export const guestStoreCases: readonly Case[] = [
  guestCase("a store of each width rings its own doorbell", {
    registrations: [mmio(0x40, 1), mmio(0x40, 2), mmio(0x40, 4)],
    program(a, to) {
      const base = to.base(0x40);
      a.mov(a.eax, 0x11223344);
      a.mov(a.byte(base), a.al);
      a.mov(a.word(base), a.ax);
      a.mov(a.dword(base), a.eax);
    },
    counters: [1n, 1n, 1n],
  }),

  guestCase("stores without a doorbell exit with their bytes", {
    program(a, to) {
      const base = to.base(0x40);
      a.mov(a.eax, 0x11223344);
      a.mov(a.byte(base), a.ah);
      a.mov(a.word(base, { disp: 3 }), a.ax);
      a.mov(a.dword(base, { disp: 9 }), a.eax);
      a.mov(a.word(base, { disp: 0x20 }), 0xbeef);
    },
    counters: [],
    exits: [
      stored(0x40, "33"),
      stored(0x43, "4433"),
      stored(0x49, "44332211"),
      stored(0x60, "efbe"),
    ],
  }),

  guestCase("of a doorbell of length 4 with a value only that store is taken", {
    registrations: [mmio(0x40, 4, 7n)],
    program(a, to) {
      const base = to.base(0x40);
      a.mov(a.dword(base), 7);
      a.mov(a.dword(base), 8);
      a.mov(a.word(base), 7);
      a.mov(a.dword(base, { disp: 1 }), 7);
    },
    counters: [1n],
    exits: [stored(0x40, "08000000"), stored(0x40, "0700"), stored(0x41, "07000000")],
  }),

  guestCase("an 8-byte store matches all 64 bits", {
    mode: "long0",
    registrations: [mmio(0x40, 8, 0x1122334455667788n), mmio(0x48, 8, 0xffffffff80000000n)],
    program(a, to) {
      const base = to.base(0x40);
      a.mov(a.rax, 0x1122334455667788n);
      a.mov(a.qword(base), a.rax);
      a.mov(a.qword(base, { disp: 8 }), -0x80000000);
      a.inc(a.rax);
      a.mov(a.qword(base), a.rax);
    },
    counters: [1n, 1n],
    exits: [stored(0x40, "8977665544332211")],
  }),

  guestCase("a 16-byte store is two of 8, and the first that nobody takes ends the search", {
    scratch: [...Array(16).keys()],
    registrations: [mmio(0x40, 8), mmio(0x48, 0), mmio(0x88, 0)],
    program(a, to) {
      a.movups(a.xmm1, to.long ? a.ptr(SCRATCH) : a.ptr(SCRATCH, { segment: a.ss }));
      const base = to.base(0x40);
      a.movups(a.ptr(base), a.xmm1);
      a.movups(a.ptr(base, { disp: 0x40 }), a.xmm1);
    },
    counters: [1n, 1n, 0n],
    exits: [stored(0x80, "0001020304050607"), stored(0x88, "08090a0b0c0d0e0f")],
  }),

  guestCase("a store across pages is two: both are offered before any exit", {
    registrations: [mmio(0x1000, 0)],
    program(a, to) {
      const base = to.base(0xffd);
      a.mov(a.dword(base), 0x11223344);
    },
    counters: [1n],
    exits: [stored(0xffd, "443322")],
  }),

  guestCase("a part of 3 bytes matches length 0 alone, one of 1 byte its length too", {
    registrations: [mmio(0xffd, 0), mmio(0x1000, 1, 0x11n)],
    program(a, to) {
      const base = to.base(0xffd);
      a.mov(a.dword(base), 0x11223344);
    },
    counters: [1n, 1n],
  }),

  guestCase("an unaligned store within a page is one chunk", {
    registrations: [mmio(0x41, 4), mmio(0x47, 2)],
    program(a, to) {
      a.mov(a.dword(to.base(0x41)), 1);
      a.mov(a.word(to.base(0x47)), 1);
    },
    counters: [1n, 1n],
  }),

  guestCase("PUSH, SETcc, MOV of a segment register and SMSW are ordinary stores", {
    mode: "long0",
    registrations: [mmio(0x40, 8), mmio(0x50, 1), mmio(0x60, 2)],
    program(a, to) {
      a.mov(a.rsp, to.at(0x48));
      a.push(a.rax);
      a.mov(a.rsp, 0xbf00);
      a.xor(a.eax, a.eax);
      a.set("z", a.byte(to.base(0x50)));
      a.smsw(a.word(to.base(0x60)));
    },
    counters: [1n, 1n, 1n],
  }),

  guestCase("LEA, PREFETCH and INVLPG touch nothing", {
    registrations: [mmio(0x40, 0)],
    program(a, to) {
      const base = to.base(0x40);
      a.lea(to.r("dx"), a.ptr(base));
      a.prefetch(a.byte(base));
    },
    counters: [0n],
  }),

  guestCase("OUT of each width by number and by DX", {
    registrations: [pio(0x42, 1), pio(0x510, 2, 0x3344n), pio(0x510, 4), pio(0x512, 0)],
    program(a) {
      a.mov(a.eax, 0x11223344);
      a.out(0x42, a.al);
      a.mov(a.dx, 0x510);
      a.out(a.dx, a.al);
      a.out(a.dx, a.ax);
      a.out(a.dx, a.eax);
      a.inc(a.ax);
      a.out(a.dx, a.ax);
      a.mov(a.dx, 0x512);
      a.out(a.dx, a.eax);
    },
    counters: [1n, 1n, 1n, 1n],
    exits: [wrote(0x510, "44"), wrote(0x510, "4533")],
  }),

  guestCase("KG_07 an IN exits whatever is registered, and has the answer of userspace", {
    registrations: [pio(0x510, 0), pio(0x42, 1)],
    program(a) {
      a.mov(a.eax, 0);
      a.mov(a.dx, 0x510);
      a.in(a.eax, a.dx);
      a.mov(a.ebx, a.eax);
      a.in(a.al, 0x42);
    },
    counters: [0n, 0n],
    exits: [asked(0x510, 4), asked(0x42, 1)],
    regs: { rbx: 0x55667788n, rax: 0x55667788n },
  }),

  guestCase("only 16 bits of a port count", {
    registrations: [pio(0x10510, 1)],
    program(a) {
      a.mov(a.edx, 0x10510);
      a.out(a.dx, a.al);
    },
    counters: [0n],
    exits: [wrote(0x510, "00")],
  }),
];

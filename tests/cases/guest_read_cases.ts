// Machine code that reads, or reads and then writes.
import { type Case, guestCase, loaded, mmio, stored } from "./case.ts";

/** Loads and read-modify-writes by guests. */
export const guestReadCases: readonly Case[] = [
  guestCase("loads ring nothing: MOV, MOVZX, CMP, TEST", {
    registrations: [mmio(0x40, 0), mmio(0x44, 4), mmio(0x48, 2), mmio(0x4c, 1)],
    program(a, to) {
      const base = to.base(0x40);
      a.mov(a.eax, a.dword(base));
      a.movzx(a.ecx, a.word(base, { disp: 8 }));
      a.cmp(a.dword(base, { disp: 4 }), 1);
      a.test(a.byte(base, { disp: 12 }), 1);
    },
    counters: [0n, 0n, 0n, 0n],
    exits: [loaded(0x40, 4), loaded(0x48, 2), loaded(0x44, 4), loaded(0x4c, 1)],
    regs: { rax: 0x55667788n, rcx: 0x7788n },
  }),

  guestCase("ADD reads from userspace and its write is matched with the sum", {
    registrations: [mmio(0x40, 4, 0x55667789n), mmio(0x44, 4, 1n)],
    program(a, to) {
      const base = to.base(0x40);
      a.add(a.dword(base), 1);
      a.add(a.dword(base, { disp: 4 }), 1);
    },
    counters: [1n, 0n],
    exits: [loaded(0x40, 4), loaded(0x44, 4), stored(0x44, "45332211")],
  }),

  guestCase("INC, NOT, SHL and BTS with and without LOCK are a read and a matched write", {
    registrations: [
      mmio(0x40, 1, 0x89n),
      mmio(0x41, 1, 0x77n),
      mmio(0x48, 2, 0xef10n),
      mmio(0x50, 0),
    ],
    program(a, to) {
      const base = to.base(0x40);
      a.lock();
      a.inc(a.byte(base));
      a.mov(a.al, 0);
      a.lock();
      a.or(a.byte(base, { disp: 1 }), a.al);
      a.shl(a.word(base, { disp: 8 }), 1);
      a.lock();
      a.bts(a.word(base, { disp: 16 }), 3);
    },
    counters: [1n, 1n, 1n, 1n],
    exits: [loaded(0x40, 1), loaded(0x41, 1), loaded(0x48, 2), loaded(0x50, 2)],
  }),

  guestCase("XCHG and XADD write what was in the register, and the sum", {
    registrations: [mmio(0x40, 4, 5n), mmio(0x44, 4, 0x11223349n)],
    program(a, to) {
      const base = to.base(0x40);
      a.mov(a.eax, 5);
      a.mov(a.ecx, 5);
      a.xchg(a.dword(base), a.eax);
      a.lock();
      a.xadd(a.dword(base, { disp: 4 }), a.ecx);
    },
    counters: [1n, 1n],
    exits: [loaded(0x40, 4), loaded(0x44, 4)],
    regs: { rax: 0x55667788n, rcx: 0x11223344n },
  }),

  guestCase("CMPXCHG that fails writes the old value back, and rings with it", {
    registrations: [mmio(0x40, 4, 0x55667788n), mmio(0x44, 4, 9n)],
    program(a, to) {
      const base = to.base(0x40);
      a.mov(a.ecx, 9);
      a.mov(a.eax, 1);
      a.cmpxchg(a.dword(base), a.ecx);
      a.mov(a.eax, 0x11223344);
      a.lock();
      a.cmpxchg(a.dword(base, { disp: 4 }), a.ecx);
    },
    counters: [1n, 1n],
    exits: [loaded(0x40, 4), loaded(0x44, 4)],
  }),

  guestCase("CMPXCHG8B that fails rings an 8-byte doorbell with the old value", {
    registrations: [mmio(0x40, 8, 0x1122334455667788n)],
    program(a, to) {
      a.mov(a.eax, 1);
      a.mov(a.edx, 2);
      a.cmpxchg8b(a.qword(to.base(0x40)));
    },
    counters: [1n],
    exits: [loaded(0x40, 8)],
  }),

  guestCase("a read across pages asks for its two parts, the write rings for each", {
    operand: 0xffe,
    registrations: [mmio(0xffe, 2), mmio(0x1000, 0)],
    program(a, to) {
      a.add(a.dword(to.base(0xffe)), 0);
    },
    counters: [1n, 1n],
    exits: [loaded(0xffe, 2), loaded(0x1000, 2)],
  }),

  guestCase("an 8-byte read-modify-write", {
    mode: "long0",
    registrations: [mmio(0x40, 8, 0x1122334455667789n)],
    program(a, to) {
      a.inc(a.qword(to.base(0x40)));
    },
    counters: [1n],
    exits: [loaded(0x40, 8)],
  }),
];

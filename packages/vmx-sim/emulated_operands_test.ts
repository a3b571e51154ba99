/**
 * Which accesses KVM's emulator makes for instructions that are rare at a doorbell, as seen on Linux 6.18.
 *
 * @module
 */
// KERNEL 6.19 arch/x86/kvm/emulate.c group6, em_sgdt, em_sidt, em_lgdt_lidt, em_fxsave
import { assertEquals } from "@std/assert";
import { CODE, makeGuest, MMIO } from "./testdata/guest.ts";

const HLT = 0xf4;
const pagings = ["ept", "shadow"] as const;

/** Instruction at [rdi] and its exits, each direction, offset from RDI and bytes; `error` is suberror 1. */
const seen: readonly (readonly [string, readonly number[], string])[] = [
  ["clflush", [0x0f, 0xae, 0x3f], "read 0 1"],
  ["prefetcht0", [0x0f, 0x18, 0x0f], ""],
  ["invlpg", [0x0f, 0x01, 0x3f], ""],
  ["sldt", [0x0f, 0x00, 0x07], "read 0 4, write 0 2"],
  ["str", [0x0f, 0x00, 0x0f], "read 0 4, write 0 2"],
  ["sldt, 16 bits", [0x66, 0x0f, 0x00, 0x07], "read 0 2, write 0 2"],
  ["sldt, 64 bits", [0x48, 0x0f, 0x00, 0x07], "read 0 8, write 0 8"],
  ["str, 64 bits", [0x48, 0x0f, 0x00, 0x0f], "read 0 8, write 0 8"],
  ["movsxd, 16 bits", [0x66, 0x63, 0x0f], "read 0 4"],
  ["smsw", [0x0f, 0x01, 0x27], "write 0 2"],
  ["mov m16, ds", [0x8c, 0x1f], "write 0 2"],
  ["mov m64, ds", [0x48, 0x8c, 0x1f], "write 0 8"],
  ["fnstcw", [0xd9, 0x3f], "write 0 2"],
  ["movntdq", [0x66, 0x0f, 0xe7, 0x07], "write 0 8, write 8 8"],
  ["cmpxchg16b", [0x48, 0x0f, 0xc7, 0x0f], "read 0 8, read 8 8, error"],
  ["cmpxchg, unequal", [0x0f, 0xb1, 0x1f], "read 0 4, write 0 4"],
  ["shld", [0x0f, 0xa4, 0x07, 0x03], "read 0 4, write 0 4"],
  ["movd m32, xmm0", [0x66, 0x0f, 0x7e, 0x07], "error"],
  ["fxsave", [0x0f, 0xae, 0x07], "error"],
  ["crc32", [0xf2, 0x0f, 0x38, 0xf0, 0x07], "error"],
  ["jmp rdi", [0xff, 0xe7], "error"],
];

for (const [name, code, exits] of seen) {
  Deno.test(`${name} on MMIO exits as the live kernel's`, () => {
    for (const paging of pagings) {
      using guest = makeGuest({ paging, code: [...code, HLT], regs: { rdi: BigInt(MMIO) } });
      const told = guest.run().map((exit) => {
        const [, direction, place, rest = ""] = exit.split(" ");
        if (direction === "1") return "error";
        const bytes = direction === "write" ? rest.length / 2 : Number(rest);
        return `${direction} ${parseInt(place!, 16) - MMIO} ${bytes}`;
      });
      assertEquals(told.join(", "), exits, paging);
    }
  });
}

Deno.test("RIP stays at a string instruction until it is begun with RCX 0", () => {
  const strings = [
    ["rep stosb", [0xf3, 0xaa], [2n, 1n, 0n]],
    ["rep movsb to MMIO", [0xf3, 0xa4], [2n, 1n, 0n]],
    ["rep outsb", [0xf3, 0x6e], [2n, 1n, 0n]],
    ["stosb", [0xaa], [3n]],
  ] as const;
  for (const paging of pagings) {
    for (const [name, code, left] of strings) {
      const regs = { rcx: 3n, rdi: BigInt(MMIO), rsi: 0xa000n, rdx: 0x10n };
      using guest = makeGuest({ paging, code: [...code, HLT], regs });
      for (const rcx of left) {
        guest.vcpu.run();
        const { rip, ...now } = guest.vcpu.getRegs();
        const ends = name === "stosb" ? BigInt(CODE + 1) : BigInt(CODE);
        assertEquals([rip, now.rcx], [ends, rcx], `${paging} ${name}`);
      }
      assertEquals(guest.vcpu.run().reason, "hlt");
      assertEquals(guest.vcpu.getRegs().rip, BigInt(CODE + code.length + 1));
    }
  }
});

Deno.test("fxsave on MMIO outside of 64-bit mode never comes to an end, and to RAM is not modelled", () => {
  for (const paging of pagings) {
    // fxsave [di], with DS at the devices; then with SS, which is at 0
    using never = makeGuest({ paging, mode: "real", code: [0x0f, 0xae, 0x05, HLT] });
    assertEquals(never.vcpu.run({ maxInstructions: 50 }).reason, "intr");
    using ram = makeGuest({ paging, mode: "real", code: [0x36, 0x0f, 0xae, 0x05, HLT] });
    assertEquals(ram.run(), ["internal_error 1"]);
  }
});

Deno.test("lgdt, sgdt and sidt on MMIO never come to an end: their table is in RAM or nowhere", () => {
  for (const paging of pagings) {
    using loads = makeGuest({ paging, code: [0x0f, 0x01, 0x17, HLT], regs: { rdi: BigInt(MMIO) } });
    for (let i = 0; i < 5; i++) {
      const exit = loads.vcpu.run();
      assertEquals(exit.reason === "mmio" && [exit.write, exit.addr, exit.len], [
        false,
        BigInt(MMIO),
        4,
      ]);
    }
    assertEquals(loads.vcpu.getSregs().gdt.base, 0x7000n);
    for (const code of [[0x0f, 0x01, 0x07], [0x0f, 0x01, 0x0f]]) {
      using stores = makeGuest({ paging, code: [...code, HLT], regs: { rdi: BigInt(MMIO) } });
      assertEquals(stores.vcpu.run({ maxInstructions: 50 }).reason, "intr");
    }
  }
});

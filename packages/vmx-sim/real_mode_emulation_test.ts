// What KVM's emulator makes of instructions that change the flow of control in real mode: seen on Linux 6.18.
// KERNEL 6.19 arch/x86/kvm/emulate.c __emulate_int_real, emulate_int, em_push_sreg, em_jmp_far
import { assertEquals } from "@std/assert";
import { CODE, makeGuest } from "./testdata/guest.ts";
import type { GuestOptions } from "./testdata/guest.ts";

const HLT = 0xf4;
const STACK = 0x8000n;

/** Real mode with a DS that the CPU does not enter with, so that KVM emulates every instruction. */
function emulated(code: readonly number[], regs: GuestOptions["regs"] = {}) {
  const guest = makeGuest({
    code: [...code],
    regs: { rsp: STACK, ...regs },
    mode: "real",
    paging: "shadow",
  });
  const sregs = guest.vcpu.getSregs();
  guest.vcpu.setSregs({ ...sregs, ds: { ...sregs.ds, base: 0x1234_0000n } });
  return guest;
}

Deno.test("INT pushes words of the operand size, and goes where the table says", () => {
  for (const [prefix, size] of [[[], 2], [[0x66], 4]] as const) {
    using guest = emulated([...prefix, 0xcd, 0x20]);
    guest.view.setUint32(0x20 * 4, 0x0600_0004, true);
    guest.view.setUint8(0x6004, HLT);
    assertEquals(guest.run(), []);
    const { rip, rsp } = guest.vcpu.getRegs();
    assertEquals([rip, rsp], [5n, STACK - BigInt(3 * size)]);
    assertEquals(guest.vcpu.getSregs().cs.selector, 0x600);
    assertEquals(guest.view.getUint16(Number(rsp), true), CODE + prefix.length + 2);
  }
});

Deno.test("the vector of INT n has a sign, and one from 0x80 on has no memory: it is tried for ever", () => {
  using guest = emulated([0xcd, 0x80, HLT]);
  assertEquals(guest.vcpu.run({ maxInstructions: 5 }).reason, "intr");
  assertEquals(guest.vcpu.getRegs().rip, BigInt(CODE));
  assertEquals(guest.vcpu.getRegs().rsp, STACK);
});

Deno.test("PUSH of a segment with another operand size takes four bytes of stack, and writes two", () => {
  // push es
  using guest = emulated([0x66, 0x06, HLT]);
  guest.view.setUint32(Number(STACK) - 4, 0xffff_ffff, true);
  assertEquals(guest.run(), []);
  assertEquals(guest.vcpu.getRegs().rsp, STACK - 4n);
  assertEquals(guest.view.getUint32(Number(STACK) - 4, true), 0xffff_0000);
});

Deno.test("a far jump beyond the limit leaves the emulator without an answer", () => {
  // jmp far 0x600:0x12345678
  using guest = emulated([0x66, 0xea, 0x78, 0x56, 0x34, 0x12, 0, 6]);
  assertEquals(guest.run(), ["internal_error 1"]);
});

Deno.test("MOV to a segment register that there is not reads its operand before it is #UD", () => {
  // mov ?, [bx]
  using guest = emulated([0x8e, 0x37, HLT], { rbx: 0x10n });
  assertEquals(guest.run(), ["mmio read 12340010 2"]);
  assertEquals(guest.vcpu.getRegs().rip, 0x5007n);
});

Deno.test("a HLT that is stepped over is reported first", () => {
  using guest = emulated([HLT, HLT]);
  guest.vcpu.singleStep = true;
  const exit = guest.vcpu.run();
  assertEquals([exit.reason, guest.vcpu.getRegs().rip], ["debug", BigInt(CODE) + 1n]);
});

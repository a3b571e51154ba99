// What a guest gets where a device in the kernel answers a read and puts nothing, or not all of it, where it is wanted.
// KERNEL 6.19 arch/x86/kvm/x86.c emulator_pio_in, emulator_pio_in_out, complete_emulator_pio_in, kvm_fast_pio_in
// KERNEL 6.19 arch/x86/kvm/emulate.c pio_in_emulated, read_emulated
// KERNEL 6.19 arch/x86/kvm/i8254.c pit_ioport_read
// KERNEL 6.19 arch/x86/kvm/ioapic.c ioapic_mmio_read
import { assertEquals } from "@std/assert";
import { makeGuest } from "./testdata/guest.ts";
import type { GuestOptions } from "./testdata/guest.ts";

const HLT = 0xf4;
const CONTROL_WORD = 0x43n;

function guestOf(options: Omit<GuestOptions, "prepare">): ReturnType<typeof makeGuest> {
  return makeGuest({
    ...options,
    prepare: (vm) => {
      vm.createIrqchip();
      vm.createPit2();
    },
  });
}

/** Steps over one instruction; nothing may come to userspace. */
function step(guest: ReturnType<typeof makeGuest>, instructions = 1): void {
  assertEquals(guest.vcpu.run({ maxInstructions: instructions }).reason, "intr");
}

Deno.test("IN from the PIT's control word leaves AL, and wider ones go to userspace", () => {
  using guest = guestOf({ code: [0xec, HLT], regs: { rdx: CONTROL_WORD, rax: 0x7788n } });
  step(guest);
  assertEquals(guest.vcpu.getRegs().rax, 0x7788n);
  using wide = guestOf({ code: [0xed, HLT], regs: { rdx: CONTROL_WORD } });
  assertEquals(wide.vcpu.run().reason, "io");
});

Deno.test("an IN went through the page of userspace until it went straight to where it is wanted", () => {
  for (
    const [kernel, al, page] of [["4.4", 0x99n, 0x99], ["5.15", 0n, 0], [
      "6.19",
      0x88n,
      0x99,
    ]] as const
  ) {
    using guest = guestOf({
      kernel,
      // in al, 0x70 of userspace, then of the PIT
      code: [0xe4, 0x70, 0xb0, 0x88, 0xe4, 0x43, HLT],
    });
    const exit = guest.vcpu.run();
    assertEquals(exit.reason, "io");
    if (exit.reason === "io") exit.data[0] = 0x99;
    step(guest, 3);
    assertEquals(guest.vcpu.getRegs().rax & 0xffn, al, kernel);
    if (exit.reason === "io") assertEquals(exit.data[0], page, kernel);
  }
});

Deno.test("INS from the PIT's control word stores what an IN of the emulator got before", () => {
  // insb; mov edx, 0x43; insb
  using guest = guestOf({
    code: [0x6c, 0xba, 0x43, 0, 0, 0, 0x6c, HLT],
    regs: { rdx: 0x70n, rdi: 0x9000n },
  });
  const exit = guest.vcpu.run();
  if (exit.reason === "io") exit.data[0] = 0x99;
  step(guest, 3);
  assertEquals([...guest.ram.subarray(0x9000, 0x9003)], [0x99, 0x99, 0]);
});

Deno.test("of a read that ends 3 bytes into the I/O APIC those 3 are left from an earlier read", () => {
  // mov rax, [rdi]; mov rax, [rsi]
  using guest = guestOf({
    code: [0x48, 0x8b, 0x07, 0x48, 0x8b, 0x06, HLT],
    regs: { rdi: 0xd000_0000n, rsi: 0xfebf_fffbn },
  });
  for (const answer of [0x11, 0x22]) {
    const exit = guest.vcpu.run();
    if (exit.reason === "mmio") exit.data.fill(answer);
  }
  step(guest);
  assertEquals(guest.vcpu.getRegs().rax, 0x1111_1122_2222_2222n);
});

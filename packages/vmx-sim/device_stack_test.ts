// Stacks that lie in a device, and what else KVM's emulator reads otherwise than the CPU: seen on Linux 6.18.
// KERNEL 6.19 arch/x86/kvm/emulate.c em_popa, em_pop_sreg, em_ret_far, em_iret, em_mov_sreg_rm
// KERNEL 6.19 arch/x86/kvm/x86.c __get_regs, __set_regs
import { assertEquals } from "@std/assert";
import { flatSegment } from "@ioeventfd/uapi";
import { makeGuest, MMIO } from "./testdata/guest.ts";
import type { GuestOptions } from "./testdata/guest.ts";

const HLT = 0xf4;
const STACK = 0x800n;
type Made = ReturnType<typeof makeGuest>;

/** Real mode with a stack segment where no memory is, so that KVM emulates every instruction. */
function emulated(code: readonly number[], regs: GuestOptions["regs"] = {}): Made {
  const guest = makeGuest({
    code: [...code, HLT],
    regs: { rsp: STACK, ...regs },
    mode: "real",
    paging: "shadow",
  });
  const segment = flatSegment({ limit: 0xffff, selector: 0, db: 0, g: 0 });
  guest.vcpu.setSregs({ ...guest.vcpu.getSregs(), ss: { ...segment, base: BigInt(MMIO) } });
  return guest;
}

/** Offsets that pops read, each answered with 0x0010; `see` is called before each answer. */
function pops(guest: Made, see: () => void = () => {}): string[] {
  const reads: string[] = [];
  for (;;) {
    const exit = guest.vcpu.run({ maxInstructions: 100 });
    if (exit.reason !== "mmio" || exit.write) return reads;
    reads.push((Number(exit.addr) - MMIO).toString(16));
    see();
    exit.data.fill(0);
    exit.data[0] = 0x10;
  }
}

Deno.test("a pop after one that waited for a device adds to the stack pointer what was added before", () => {
  using all = emulated([0x61]);
  assertEquals(pops(all), ["800", "802", "806", "80e", "818", "824", "832"]);
  assertEquals(all.vcpu.getRegs().rsp, 0x842n);
  // retf; at 0x10:0x10 is a HLT
  using far = emulated([0xcb]);
  far.ram[0x110] = HLT;
  assertEquals(pops(far), ["800", "802"]);
  assertEquals([far.vcpu.getRegs().rsp, far.vcpu.getRegs().rip], [0x806n, 0x11n]);
});

Deno.test("KVM_GET_REGS between two pops makes the emulator's stack pointer the guest's, KVM_SET_REGS undoes it", () => {
  using seen = emulated([0x61]);
  const pointers: bigint[] = [];
  pops(seen, () => pointers.push(seen.vcpu.getRegs().rsp));
  assertEquals(pointers, [0x800n, 0x802n, 0x806n, 0x80en, 0x818n, 0x824n, 0x832n]);
  using set = emulated([0x61]);
  const regs = set.vcpu.getRegs();
  pops(set, () => set.vcpu.setRegs(regs));
  assertEquals(set.vcpu.getRegs().rsp, 0x810n);
});

Deno.test("KVM_GET_REGS between two pops shows the registers popped so far, and makes them the guest's", () => {
  for (const [code, rdi] of [[[0x61], 0x7_0000_0010n], [[0x66, 0x61], 0x10n]] as const) {
    using guest = emulated([...code], { rdi: 0x7_0000_0007n, rsi: 6n, rbp: 5n });
    const seen: bigint[][] = [];
    pops(guest, () => {
      const regs = guest.vcpu.getRegs();
      seen.push([regs.rdi, regs.rsi, regs.rbp]);
    });
    assertEquals(seen.slice(0, 4), [
      [0x7_0000_0007n, 6n, 5n],
      [rdi, 6n, 5n],
      [rdi, 0x10n, 5n],
      [rdi, 0x10n, 0x10n],
    ]);
  }
});

Deno.test("POP of a segment reads two bytes of a device, whatever its operand size", () => {
  // pop ds; data32 pop ds
  for (const [code, after] of [[[0x1f], 0x802n], [[0x66, 0x1f], 0x804n]] as const) {
    using guest = emulated(code);
    assertEquals(guest.run(), ["mmio read d0000800 2"]);
    assertEquals(guest.vcpu.getRegs().rsp, after);
  }
});

Deno.test("IRET of protected mode and RETF to another level are not emulated", () => {
  const rsp = BigInt(MMIO) + STACK;
  using iret = makeGuest({ code: [0x48, 0xcf, HLT], regs: { rsp } });
  assertEquals(iret.run(), ["internal_error 1"]);
  // retf to CS 0x0b
  using far = makeGuest({ code: [0xcb, HLT], regs: { rsp } });
  assertEquals(far.run(0xbn), [
    "mmio read d0000800 4",
    "mmio read d0000804 4",
    "internal_error 1",
  ]);
});

Deno.test("of the segment prefixes that the CPU ignores in 64-bit mode the last counts for the emulator", () => {
  const cases = [[[0x64, 0x36], "d0000000"], [[0x36, 0x64], "d0000100"]] as const;
  for (const [prefixes, address] of cases) {
    // mov ecx, fs:ss:[rdi]
    using guest = makeGuest({
      code: [...prefixes, 0x8b, 0x0f, HLT],
      regs: { rdi: BigInt(MMIO) },
    });
    guest.vcpu.setSregs({ ...guest.vcpu.getSregs(), fs: flatSegment({ base: 0x100n }) });
    assertEquals(guest.run(), [`mmio read ${address} 4`]);
  }
});

Deno.test("REX.R before MOV of a segment register is #UD in the emulator", () => {
  for (const [opcode, exits] of [[0x8c, []], [0x8e, ["mmio read d0000000 2"]]] as const) {
    // mov [rdi], r10's segment; and back
    using guest = makeGuest({
      code: [0x44, opcode, 0x17, HLT],
      regs: { rdi: BigInt(MMIO) },
    });
    assertEquals(guest.run(), [...exits]);
    assertEquals(guest.vcpu.getRegs().rip, 0x5007n);
  }
});

Deno.test("the page fault of a read that a write follows is that of a write", () => {
  // add [rdi], eax, over the end of what is mapped
  using guest = makeGuest({
    code: [0x01, 0x07, HLT],
    regs: { rdi: 0xffff_fffen },
    paging: "shadow",
  });
  assertEquals(guest.run(), []);
  const { rip, rsp } = guest.vcpu.getRegs();
  assertEquals([rip, guest.view.getUint32(Number(rsp), true)], [0x500fn, 2]);
});

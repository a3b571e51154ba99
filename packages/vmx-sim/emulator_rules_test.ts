// Where KVM's emulator differs from the CPU whose instruction it takes over: seen on Linux 6.18, and read in 6.19.
// KERNEL 6.19 arch/x86/kvm/emulate.c pio_in_emulated, string_insn_completed, group5, group11, em_movbe, __linearize, writeback
// KERNEL 6.19 arch/x86/kvm/emulate.c x86_emulate_insn, __do_insn_fetch_bytes; 6.19 arch/x86/kvm/x86.c handle_emulation_failure
import { assertEquals } from "@std/assert";
import type { Sregs } from "@ioeventfd/uapi";
import { CODE, makeGuest, MMIO } from "./testdata/guest.ts";
import type { GuestOptions } from "./testdata/guest.ts";

const HLT = 0xf4;
const RF = 0x1_0000n;

/** Real mode with a DS that the CPU does not enter with, so that KVM emulates every instruction. */
function emulated(options: Omit<GuestOptions, "mode" | "paging">, ds: Partial<Sregs["ds"]> = {}) {
  const guest = makeGuest({ ...options, mode: "real", paging: "shadow" });
  const sregs = guest.vcpu.getSregs();
  guest.vcpu.setSregs({ ...sregs, ds: { ...sregs.ds, base: 0x1234_0000n, ...ds } });
  return guest;
}

/** Where the guest stands after the HLT of an exception handler or of its own code. */
function end(guest: ReturnType<typeof makeGuest>): number {
  return Number(guest.vcpu.getRegs().rip);
}

Deno.test("a REP that means nothing before IN makes the emulator read ahead, and take one element", () => {
  // rep in al, dx; hlt
  for (const [rcx, count] of [[5n, 5], [0n, 1], [0x1_0000n, 1]] as const) {
    using guest = emulated({ code: [0xf3, 0xec, HLT], regs: { rdx: 0x510n, rcx } });
    assertEquals(guest.run(), [`io read 510 ${count}`]);
    assertEquals([guest.vcpu.getRegs().rax, guest.vcpu.getRegs().rcx], [0x88n, rcx]);
  }
});

Deno.test("the emulator sees of RCX the low half when it reads ahead for REP INS", () => {
  // rep insb; hlt
  using guest = makeGuest({
    code: [0xf3, 0x6c, HLT],
    regs: { rdx: 0x510n, rdi: 0x9000n, rcx: 0x1_0000_0000n },
  });
  const counts = [1, 2].map(() => {
    const exit = guest.vcpu.run();
    return exit.reason === "io" ? exit.count : exit.reason;
  });
  assertEquals(counts, [1, 1024]);
});

Deno.test("RF is set while iterations of REP remain, and gone after the instruction", () => {
  // rep stosb; hlt
  using guest = makeGuest({
    code: [0xf3, 0xaa, HLT],
    regs: { rdi: BigInt(MMIO), rcx: 2n },
  });
  const flags = [1, 2, 3].map(() => {
    guest.vcpu.run();
    return guest.vcpu.getRegs().rflags & RF;
  });
  assertEquals(flags, [RF, RF, 0n]);
  // mov [rdi], eax: the emulator clears an RF it finds
  using store = makeGuest({
    code: [0x89, 0x07, HLT],
    regs: { rdi: BigInt(MMIO), rflags: 2n | RF },
  });
  store.vcpu.run();
  assertEquals(store.vcpu.getRegs().rflags, 2n);
});

Deno.test("of the reserved NOPs the emulator knows 0F 18 and 0F 1F", () => {
  for (const byte of [0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f]) {
    using guest = emulated({ code: [0x0f, byte, 0xc0, HLT] });
    const isKnown = byte === 0x18 || byte === 0x1f;
    assertEquals(guest.run(), isKnown ? [] : ["internal_error 1"], byte.toString(16));
  }
});

Deno.test("C6 and C7 with /1 to /7, and FF /7, are #UD in the emulator, and 0F 0D is a NOP with a register too", () => {
  for (const opcode of [0xc6, 0xc7]) {
    for (let reg = 1; reg < 8; reg++) {
      for (const modrm of [0x07, 0xc0]) {
        using guest = emulated({ code: [opcode, modrm | reg << 3, HLT] });
        assertEquals([guest.run(), end(guest)], [[], 0x5007], `${opcode} /${reg}`);
      }
    }
  }
  using last = emulated({ code: [0xff, 0x3f, HLT] });
  assertEquals([last.run(), end(last)], [[], 0x5007]);
  using plain = makeGuest({ code: [0xff, 0xf8, HLT] });
  assertEquals([plain.run(), end(plain)], [[], 0x5007], "the CPU says so too");
  for (const modrm of [0x0f, 0xc8]) {
    using guest = emulated({ code: [0x0f, 0x0d, modrm, HLT] });
    assertEquals([guest.run(), end(guest)], [[], CODE + 4]);
  }
});

Deno.test("an instruction that is too long, or reaches beyond the code segment, is #GP in the emulator", () => {
  using long = emulated({ code: [...Array<number>(15).fill(0x3e), 0x90, HLT] });
  assertEquals([long.run(), end(long)], [[], 0x500e]);
  // mov eax, 0x04030201 within a CS that ends in its immediate
  using cut = emulated({ code: [0x66, 0xb8, 1, 2, 3, 4, HLT] });
  const sregs = cut.vcpu.getSregs();
  cut.vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, limit: CODE + 2 } });
  assertEquals(cut.vcpu.run({ maxInstructions: 2 }).reason, "intr");
  assertEquals(end(cut), 0x500d);
});

Deno.test("the emulator asks for the type of a segment in real mode too", () => {
  const cases = [
    ["read-only", [0x67, 0x89, 0x07, HLT], { type: 1 }, []],
    ["read-only, read", [0x67, 0x8b, 0x07, HLT], { type: 1 }, ["mmio read d0000010 2"]],
    ["execute-only, read", [0x67, 0x8b, 0x07, HLT], { type: 9 }, []],
    ["expand-down, below", [0x67, 0x8b, 0x07, HLT], { type: 7, limit: 0xfff }, []],
    ["expand-down, above", [0x67, 0x8b, 0x07, HLT], { type: 7, limit: 0xf }, [
      "mmio read d0000010 2",
    ]],
  ] as const;
  for (const [name, code, ds, exits] of cases) {
    using guest = emulated({ code, regs: { rdi: 0x10n } }, { base: BigInt(MMIO), ...ds });
    assertEquals(guest.run(), [...exits], name);
    assertEquals(end(guest), exits.length === 0 ? 0x500e : CODE + 4, name);
  }
});

Deno.test("an access of the emulator wraps at 4 GiB in a segment without a limit", () => {
  // mov [edi], eax; hlt
  using guest = emulated(
    { code: [0x66, 0x67, 0x89, 0x07, HLT], regs: { rdi: 0xffff_fffen, rax: 0x1122_3344n } },
    { base: 0n, limit: 0xffff_ffff },
  );
  assertEquals(guest.run(), ["mmio write fffffffe 4433"]);
  assertEquals(guest.view.getUint16(0, true), 0x1122);
});

Deno.test("between two reads of a REP the flags are those of before the instruction", () => {
  // repne scasb; hlt
  const CF = 1n;
  using guest = makeGuest({
    code: [0xf2, 0xae, HLT],
    regs: { rdi: BigInt(MMIO), rcx: 3n, rax: 0x41n, rflags: 2n | CF },
  });
  const flags = [0x31, 0x32, 0x33, 0].map((answer) => {
    const exit = guest.vcpu.run();
    if (exit.reason === "mmio") exit.data[0] = answer;
    return guest.vcpu.getRegs().rflags;
  });
  assertEquals(flags, [2n | CF, 2n | CF, 2n | CF, 0x12n]);
});

Deno.test("the emulator asks whether a segment is for writing when it writes, not when it reads before", () => {
  // add [edi], ax; hlt
  using guest = emulated({ code: [0x67, 0x01, 0x07, HLT], regs: { rdi: 0x10n } }, {
    base: BigInt(MMIO),
    type: 1,
  });
  assertEquals(guest.run(), ["mmio read d0000010 2"]);
  assertEquals(end(guest), 0x500e);
});

Deno.test("MOVBE, which the guest has not, reads what it loads before it is #UD", () => {
  for (const [opcode, exits] of [[0xf0, ["mmio read 12340010 2"]], [0xf1, []]] as const) {
    using guest = emulated({ code: [0x0f, 0x38, opcode, 0x07, HLT], regs: { rbx: 0x10n } });
    assertEquals(guest.run(), [...exits]);
    assertEquals(end(guest), 0x5007);
  }
});

// Instructions that leave a guest for the kernel and come back: none of them is userspace's, with EPT or without.
// KERNEL 6.19 arch/x86/kvm/x86.c kvm_set_cr0, kvm_set_cr3, kvm_set_cr4
import { assertEquals } from "@std/assert";
import { makeGuest, MMIO } from "./testdata/guest.ts";

const HLT = 0xf4;
const CPUID = [0x0f, 0xa2], RDMSR = [0x0f, 0x32], WRMSR = [0x0f, 0x30], RDTSC = [0x0f, 0x31];
const pagings = ["ept", "shadow"] as const;
/** Where the handler of #GP has halted. */
const afterProtection = BigInt(0x5000 + 13 + 1);

Deno.test("CPUID gives the processor that KVM shows without tables, and clears the high words", () => {
  for (const paging of pagings) {
    using guest = makeGuest({
      paging,
      code: [...CPUID, HLT],
      regs: { rax: 0xffff_ffff_0000_0000n },
    });
    assertEquals(guest.run(), []);
    const { rax, rbx, rcx, rdx } = guest.vcpu.getRegs();
    assertEquals([rax, rbx, rdx, rcx], [1n, 0x756e_6547n, 0x4965_6e69n, 0x6c65_746en]);
  }
});

Deno.test("WRMSR keeps what RDMSR reads, and FS.base is an MSR too", () => {
  for (const paging of pagings) {
    // What was written last is in EDX:EAX; both are changed before they are read back.
    const code = [...WRMSR, 0x31, 0xc0, 0x31, 0xd2, ...RDMSR, HLT];
    const value = { rax: 0x1234_5678n, rdx: 0x7fffn };
    for (const rcx of [0xc000_0100n, 0x4b56_4d00n]) {
      using guest = makeGuest({ paging, code, regs: { ...value, rcx } });
      assertEquals(guest.run(), []);
      const { rax, rdx } = guest.vcpu.getRegs();
      assertEquals({ rax, rdx }, value);
      const { base } = guest.vcpu.getSregs().fs;
      assertEquals(base, rcx === 0xc000_0100n ? 0x7fff_1234_5678n : 0n);
    }
  }
});

Deno.test("RDMSR of what nobody wrote, and WRMSR of unknown bits of EFER, are #GP", () => {
  for (const paging of pagings) {
    for (const [code, rcx] of [[RDMSR, 0x999n], [WRMSR, 0xc000_0080n]] as const) {
      const regs = { rcx, rax: 0xffff_ffffn };
      using guest = makeGuest({ paging, code: [...code, HLT], regs });
      assertEquals(guest.run(), []);
      assertEquals(guest.vcpu.getRegs().rip, afterProtection);
    }
  }
});

Deno.test("RDTSC grows from reading to reading, without an exit", () => {
  using guest = makeGuest({ code: [...RDTSC, 0x89, 0xc3, ...RDTSC, HLT] });
  assertEquals(guest.run(), []);
  const { rax, rbx } = guest.vcpu.getRegs();
  assertEquals(rax > rbx, true);
});

Deno.test("MOV to CR0, CR3 and CR8, INVLPG and WBINVD change nothing that a doorbell would notice", () => {
  // mov rax, cr3; mov cr3, rax; mov rax, cr0; mov cr0, rax; mov rax, 5; mov cr8, rax; invlpg [rdi]; wbinvd
  const system = [
    ...[0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8, 0x0f, 0x20, 0xc0, 0x0f, 0x22, 0xc0],
    ...[0xb8, 5, 0, 0, 0, 0x44, 0x0f, 0x22, 0xc0, 0x0f, 0x01, 0x3f, 0x0f, 0x09],
  ];
  const store = [0x89, 0x07]; // mov [rdi], eax
  for (const paging of pagings) {
    const code = [...store, ...system, ...store, HLT];
    using guest = makeGuest({ paging, code, regs: { rdi: BigInt(MMIO + 0x40) } });
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run(), []);
    assertEquals(guest.count(fd), 2);
    const { cr0, cr3, cr8 } = guest.vcpu.getSregs();
    assertEquals([cr0, cr3, cr8], [0x8005_0033n, 0x2_0000n, 5n]);
  }
});

Deno.test("a load across two pages is of both, and a store too", () => {
  // mov rax, [rsi]; mov [rdi], rax
  const code = [0x48, 0x8b, 0x06, 0x48, 0x89, 0x07, HLT];
  for (const paging of pagings) {
    using guest = makeGuest({ paging, code, regs: { rsi: 0x1f_effdn, rdi: 0x1f_cffan } });
    guest.ram.set([1, 2, 3, 4, 5, 6, 7, 8], 0x1f_effd);
    assertEquals(guest.run(), []);
    assertEquals([...guest.ram.subarray(0x1f_cffa, 0x1f_d002)], [1, 2, 3, 4, 5, 6, 7, 8]);
  }
});

Deno.test("an instruction across two pages is fetched from both, by the CPU and by the emulator", () => {
  const store = [0xc7, 0x07, 0x78, 0x56, 0x34, 0x12]; // mov dword [rdi], 0x12345678
  for (const paging of pagings) {
    using guest = makeGuest({
      paging,
      code: [],
      regs: { rip: 0x1ffdn, rdi: BigInt(MMIO + 0x40) },
    });
    guest.ram.set([...store, HLT], 0x1ffd);
    assertEquals(guest.run(), ["mmio write d0000040 78563412"]);
    assertEquals(guest.vcpu.getRegs().rip, 0x1ffdn + 7n);
  }
});

Deno.test("a load from the LAPIC's page is answered in the kernel", () => {
  // mov eax, [rdi]; out 0x10, eax: the version register
  const code = [0x8b, 0x07, 0xe7, 0x10];
  using guest = makeGuest({
    code,
    regs: { rdi: 0xfee0_0030n },
    prepare: (vm) => vm.createIrqchip(),
  });
  const exit = guest.vcpu.run();
  assertEquals(exit.reason, "io");
  assertEquals(guest.vcpu.getRegs().rax, 0x5_0014n);
  assertEquals(guest.vcpu.work.work("mmio-userspace").exits, 0);
});

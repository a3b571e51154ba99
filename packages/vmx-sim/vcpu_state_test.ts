// What userspace puts into a vCPU between two runs, and what the kernel keeps of it.
// KERNEL 6.19 arch/x86/kvm/x86.c __set_regs, kvm_is_valid_sregs
// KERNEL 6.19 arch/x86/kvm/lapic.c kvm_apic_set_base
import { assertEquals, assertThrows } from "@std/assert";
import { decodeRunHead, KVM_INTERRUPT, KvmError, kvmExitName } from "@ioeventfd/uapi";
import { CODE, makeGuest, MMIO } from "./testdata/guest.ts";

const HLT = 0xf4;
const at = { rdi: BigInt(MMIO + 0x40), rax: 0x1122_3344n };

Deno.test("KVM_INTERRUPT reaches the guest in the window that userspace is told of", () => {
  // sti; nop; nop; hlt
  using guest = makeGuest({ code: [0xfb, 0x90, 0x90, HLT] });
  guest.vcpu.kvmRun[0] = 1;
  assertEquals(guest.vcpu.run().reason, "irq_window_open");
  // STI holds interrupts off for one more instruction.
  assertEquals(Number(guest.vcpu.getRegs().rip), CODE + 2);
  assertEquals(decodeRunHead(guest.vcpu.kvmRun).readyForInterruptInjection, 1);
  guest.vcpu.kvmRun[0] = 0;
  guest.vcpu.ioctl(KVM_INTERRUPT, Uint8Array.of(0x40, 0, 0, 0));
  assertEquals(guest.run(), []);
  assertEquals(Number(guest.vcpu.getRegs().rip), 0x5041);
  assertEquals(guest.view.getUint32(0xbef0 - 0x18, true), CODE + 2);
});

Deno.test("KVM_INTERRUPT outside the window: the CPU does not enter, the LAPIC waits, the PIC forbids it", () => {
  const request = (guest: ReturnType<typeof makeGuest>): string => {
    try {
      return String(guest.vcpu.ioctl(KVM_INTERRUPT, Uint8Array.of(0x40, 0, 0, 0)));
    } catch (error) {
      return error instanceof KvmError ? error.code : String(error);
    }
  };
  using closed = makeGuest({ code: [0x90, HLT] });
  assertEquals([request(closed), request(closed)], ["0", "0"]);
  assertEquals(closed.vcpu.run().reason, "fail_entry");
  // Real mode without an unrestricted guest: KVM itself delivers it, whatever IF says.
  using real = makeGuest({ code: [0x90, HLT], mode: "real", paging: "shadow" });
  real.view.setUint32(0x40 * 4, 0x5040, true);
  request(real);
  assertEquals(real.run(), []);
  assertEquals(Number(real.vcpu.getRegs().rip), 0x5041);
  // sti; nop; out 0x10, al; hlt
  const code = [0xfb, 0x90, 0xe6, 0x10, HLT];
  using split = makeGuest({ code, prepare: (vm) => vm.enableSplitIrqchip() });
  assertEquals([request(split), request(split)], ["0", "EEXIST"]);
  assertEquals(split.vcpu.run({ maxInstructions: 10 }).reason, "intr");
  assertEquals(Number(split.vcpu.getRegs().rip), 0x5041);
  using full = makeGuest({ code: [HLT], prepare: (vm) => vm.createIrqchip() });
  assertEquals(request(full), "ENXIO");
  // Up to 4.4 there may be a PIC beside a split irqchip.
  using both = makeGuest({
    kernel: "4.4",
    code: [HLT],
    prepare: (vm) => {
      vm.enableSplitIrqchip();
      vm.createIrqchip();
    },
  });
  assertEquals(request(both), "ENXIO");
});

Deno.test("KVM_SET_REGS does not wake a vCPU from HLT in the kernel; KVM_SET_SREGS at the reset vector does", () => {
  using guest = makeGuest({ code: [HLT, 0xe6, 0x10], prepare: (vm) => vm.createIrqchip() });
  const { vcpu } = guest;
  const run = () => vcpu.run({ maxInstructions: 10 }).reason;
  assertEquals([run(), run()], ["intr", "intr"]);
  vcpu.setRegs({ ...vcpu.getRegs(), rip: BigInt(CODE + 1) });
  assertEquals(run(), "intr");
  const sregs = vcpu.getSregs();
  const reset = { ...sregs.cs, base: 0xffff_0000n, selector: 0xf000, l: 0 };
  vcpu.setRegs({ ...vcpu.getRegs(), rip: 0xfff0n });
  vcpu.setSregs({ ...sregs, cs: reset, cr0: 0x10n, cr4: 0n, efer: 0n });
  vcpu.setSregs(sregs);
  vcpu.setRegs({ ...vcpu.getRegs(), rip: BigInt(CODE + 1) });
  assertEquals(run(), "io");
});

Deno.test("KVM_SET_SREGS keeps IA32_APIC_BASE, moves the LAPIC's page with it, and refuses what is none", () => {
  // mov [rdi], eax; hlt
  using guest = makeGuest({
    code: [0x89, 0x07, HLT],
    regs: at,
    prepare: (vm) => vm.createIrqchip(),
  });
  const { vcpu } = guest;
  const sregs = vcpu.getSregs();
  assertEquals(sregs.apicBase, 0xfee0_0900n);
  for (const apicBase of [0xfee0_0901n, 0x1_0000_fee0_0900n, 0xfee0_0400n]) {
    assertEquals(
      assertThrows(() => vcpu.setSregs({ ...sregs, apicBase }), KvmError).code,
      "EINVAL",
    );
  }
  const fd = guest.doorbell(MMIO + 0x40, 4);
  vcpu.setSregs({ ...sregs, apicBase: BigInt(MMIO + 0x800) });
  assertEquals(vcpu.run({ maxInstructions: 10 }).reason, "intr");
  assertEquals(guest.count(fd), 0);
  assertEquals(decodeRunHead(vcpu.kvmRun).apicBase, BigInt(MMIO + 0x800));
  using second = makeGuest({ code: [HLT] });
  assertEquals(second.vm.createVcpu(1).getSregs().apicBase, 0xfee0_0800n);
});

Deno.test("KVM_SET_SREGS of 4.4 takes any IA32_APIC_BASE from the host", () => {
  using guest = makeGuest({
    kernel: "4.4",
    code: [HLT],
    prepare: (vm) => vm.createIrqchip(),
  });
  const { vcpu } = guest;
  const sregs = vcpu.getSregs();
  for (const apicBase of [0xfee0_0901n, 0x1_0000_fee0_0900n, 0xfee0_0400n]) {
    vcpu.setSregs({ ...sregs, apicBase });
    assertEquals(vcpu.getSregs().apicBase, apicBase);
  }
});

Deno.test("a doorbell in the page of a LAPIC that is off rings in 4.4, and does not in 6.19", () => {
  for (const [kernel, count] of [["4.4", 1], ["6.19", 0]] as const) {
    // mov [rdi], eax; hlt
    using guest = makeGuest({
      kernel,
      code: [0x89, 0x07, HLT],
      regs: at,
      prepare: (vm) => vm.createIrqchip(),
    });
    const fd = guest.doorbell(MMIO + 0x40, 4);
    guest.vcpu.setSregs({ ...guest.vcpu.getSregs(), apicBase: BigInt(MMIO) });
    assertEquals(guest.vcpu.run({ maxInstructions: 10 }).reason, "intr");
    assertEquals(guest.count(fd), count, kernel);
  }
});

Deno.test("KVM_RUN takes CR8 from struct kvm_run, and an immediate exit leaves its exit reason alone", () => {
  using guest = makeGuest({ code: [0xe6, 0x10, HLT] });
  const { vcpu } = guest;
  vcpu.setSregs({ ...vcpu.getSregs(), cr8: 5n });
  assertEquals(vcpu.run().reason, "io");
  assertEquals(vcpu.getSregs().cr8, 0n);
  vcpu.kvmRun[1] = 1;
  assertEquals(vcpu.run(), { reason: "intr" });
  assertEquals(kvmExitName(decodeRunHead(vcpu.kvmRun).exitReason), "KVM_EXIT_IO");
  vcpu.kvmRun[1] = 0;
  vcpu.kvmRun[16] = 0x10;
  assertEquals(assertThrows(() => vcpu.run(), KvmError).code, "EINVAL");
  vcpu.kvmRun.set([0, 0, 0, 0, 2], 16);
  const { code, message } = assertThrows(() => vcpu.run(), KvmError);
  assertEquals([code, message.includes("0x200000000")], ["EINVAL", true]);
});

Deno.test("KVM_GUESTDBG_SINGLESTEP stops after each instruction, and ends with one that KVM emulates", () => {
  // nop; mov [rdi], eax (the first touch, which is emulated); nop; hlt
  using guest = makeGuest({ code: [0x90, 0x89, 0x07, 0x90, HLT], regs: at });
  guest.doorbell(MMIO + 0x40);
  const { vcpu } = guest;
  const view = new DataView(vcpu.kvmRun.buffer);
  vcpu.singleStep = true;
  assertEquals(vcpu.getRegs().rflags, 2n);
  assertEquals([vcpu.run().reason, vcpu.getRegs().rip], ["debug", BigInt(CODE + 1)]);
  // struct kvm_debug_exit_arch: exception, pc, dr6, dr7
  const debug = (): bigint[] => [32, 40, 48, 56].map((at) => view.getBigUint64(at, true));
  assertEquals(debug(), [1n, BigInt(CODE + 1), 0xffff_4ff0n, 0x400n]);
  view.setBigUint64(56, 0x77n, true);
  assertEquals(vcpu.run().reason, "debug");
  assertEquals(debug(), [1n, BigInt(CODE + 3), 0xffff_4ff0n, 0x77n]);
  assertEquals(vcpu.run().reason, "hlt");
});

Deno.test("KVM_EXIT_DEBUG gives the linear address, and HLT is told in its stead", () => {
  using guest = makeGuest({ code: [], mode: "real" });
  guest.ram.set([0x90, HLT], 0x2345);
  const { vcpu } = guest;
  const sregs = vcpu.getSregs();
  vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0x2340n, selector: 0x234 } });
  vcpu.setRegs({ ...vcpu.getRegs(), rip: 5n });
  vcpu.singleStep = true;
  assertEquals(vcpu.run().reason, "debug");
  assertEquals(new DataView(vcpu.kvmRun.buffer).getBigUint64(40, true), 0x2346n);
  assertEquals(vcpu.run().reason, "hlt");
  // With a LAPIC in the kernel the vCPU sleeps, and userspace is told of the step.
  using asleep = makeGuest({ code: [HLT], prepare: (vm) => vm.createIrqchip() });
  asleep.vcpu.singleStep = true;
  assertEquals(asleep.vcpu.run({ maxInstructions: 10 }).reason, "debug");
  assertEquals(asleep.vcpu.run({ maxInstructions: 10 }).reason, "intr");
});

Deno.test("a trap of TF clears the breakpoints of DR6 and sets what is always set", () => {
  // mov eax, 0x800f; mov dr6, rax; popf (TF); nop; in the handler hlt
  using guest = makeGuest({ code: [0xb8, 0x0f, 0x80, 0, 0, 0x0f, 0x23, 0xf0, 0x9d, 0x90, HLT] });
  guest.view.setBigUint64(0xbf00, 0x102n, true);
  assertEquals(guest.run(), []);
  assertEquals(guest.vcpu.cpu.debug[6], 0xffff_cff0 | 0);
});

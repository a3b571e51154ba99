import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  decodeRunHead,
  decodeRunIo,
  decodeRunMmio,
  decodeSregs,
  encodeRegs,
  flatSegment,
  KVM_GET_REGS,
  KVM_GET_SREGS,
  KVM_INTERRUPT,
  KVM_RUN,
  KVM_SET_REGS,
  KvmError,
  kvmExitName,
} from "@ioeventfd/uapi";
import { CODE, makeGuest, MMIO } from "./testdata/guest.ts";

const HLT = 0xf4;
const at = { rdi: BigInt(MMIO + 0x40), rax: 0x1122_3344n };

Deno.test("VmxVcpu.run() fills struct kvm_run for a memory write", () => {
  using guest = makeGuest({ code: [0x66, 0x89, 0x07, HLT], regs: at });
  const exit = guest.vcpu.run();
  assert(exit.reason === "mmio" && exit.write);
  const { kvmRun } = guest.vcpu;
  assertEquals(kvmRun.length, 12288);
  assertEquals(kvmExitName(decodeRunHead(kvmRun).exitReason), "KVM_EXIT_MMIO");
  const { physAddr, len, isWrite, data } = decodeRunMmio(kvmRun);
  assertEquals([physAddr, len, isWrite], [BigInt(MMIO + 0x40), 2, 1]);
  assertEquals([...data.subarray(0, 2)], [0x44, 0x33]);
  // A write is complete before userspace sees it.
  assertEquals(Number(guest.vcpu.getRegs().rip), CODE + 3);
});

Deno.test("VmxVcpu.run() fills struct kvm_run for a port read, and takes the answer from the second page", () => {
  // in ax, dx; hlt
  using guest = makeGuest({
    code: [0x66, 0xed, HLT],
    regs: { rdx: 0x510n, rax: 0xffff_ffff_ffff_ffffn },
  });
  const exit = guest.vcpu.run();
  assert(exit.reason === "io" && !exit.write);
  const { kvmRun } = guest.vcpu;
  const io = decodeRunIo(kvmRun);
  assertEquals([io.direction, io.size, io.port, io.count, io.dataOffset], [0, 2, 0x510, 1, 4096n]);
  assertEquals(Number(guest.vcpu.getRegs().rip), CODE);
  kvmRun.set([0xcd, 0xab], 4096);
  assertEquals(guest.vcpu.run().reason, "hlt");
  assertEquals(guest.vcpu.getRegs().rax, 0xffff_ffff_ffff_abcdn);
});

Deno.test("a 4-byte IN clears the upper half of RAX, by the emulator of 4.4 and without it in 6.19", () => {
  for (const [kernel, decoded] of [["4.4", 1], ["6.19", 0]] as const) {
    using guest = makeGuest({
      kernel,
      code: [0xed, HLT],
      regs: { rdx: 0x510n, rax: 0xffff_ffff_ffff_ffffn },
    });
    assertEquals(guest.run(0x8765_4321n), ["io read 510 4"]);
    assertEquals(guest.vcpu.getRegs().rax, 0x8765_4321n);
    assertEquals(guest.vcpu.work.work("pio-userspace").decoded, decoded, kernel);
  }
});

Deno.test("a read is executed again with the answer, its instruction fetched once", () => {
  // add eax, [rdi]; hlt
  using guest = makeGuest({ code: [0x03, 0x07, HLT], regs: { ...at, rax: 1n } });
  const exit = guest.vcpu.run();
  assert(exit.reason === "mmio" && !exit.write);
  assertEquals([guest.vcpu.getRegs().rip, guest.vcpu.getRegs().rax], [BigInt(CODE), 1n]);
  exit.data.set([2, 0, 0, 0]);
  assertEquals(guest.vcpu.run().reason, "hlt");
  assertEquals(guest.vcpu.getRegs().rax, 3n);
  const work = guest.vcpu.work.work("first-touch-userspace");
  assertEquals([work.decoded, work.emulated, work.bytesFetched], [1, 2, 15]);
});

Deno.test("a read-modify-write reads in userspace and then signals in the kernel", () => {
  // add dword [rdi], eax; hlt
  using guest = makeGuest({ code: [0x01, 0x07, HLT], regs: { ...at, rax: 1n } });
  const fd = guest.doorbell(MMIO + 0x40, 4, 0x101n);
  assertEquals(guest.run(0x100n), ["mmio read d0000040 4"]);
  assertEquals(guest.count(fd), 1);
});

Deno.test("a 16-byte load asks for one 8-byte piece after the other", () => {
  // movups xmm0, [rdi]; movups [0x9000], xmm0; hlt
  const code = [0x0f, 0x10, 0x07, 0x0f, 0x11, 0x04, 0x25, 0x00, 0x90, 0, 0, HLT];
  using guest = makeGuest({ code, regs: at });
  assertEquals(guest.run(0x0807_0605_0403_0201n), ["mmio read d0000040 8", "mmio read d0000048 8"]);
  const bytes = [1, 2, 3, 4, 5, 6, 7, 8];
  assertEquals([...guest.ram.subarray(0x9000, 0x9010)], [...bytes, ...bytes]);
});

Deno.test("immediate_exit comes after the completion and before the guest", () => {
  using guest = makeGuest({ code: [0xe6, 0x10, 0x90, HLT] });
  guest.vcpu.run();
  guest.vcpu.kvmRun[1] = 1;
  assertEquals(guest.vcpu.run().reason, "intr");
  assertEquals(Number(guest.vcpu.getRegs().rip), CODE + 2);
  guest.vcpu.kvmRun[1] = 0;
  assertEquals(guest.vcpu.run().reason, "hlt");
  using old = makeGuest({ kernel: "4.4", code: [HLT] });
  old.vcpu.kvmRun[1] = 1;
  assertEquals(old.vcpu.run().reason, "hlt");
});

Deno.test("an instruction the emulator does not know is suberror 1, with its bytes in 6.19", () => {
  // movss [rdi], xmm0
  const code = [0xf3, 0x0f, 0x11, 0x07, HLT];
  using guest = makeGuest({ code, regs: at });
  const exit = guest.vcpu.run();
  assert(exit.reason === "internal_error");
  assertEquals([exit.suberror, exit.data.length, exit.data[0]], [1, 8, 1n]);
  const bytes = new Uint8Array(new BigUint64Array([exit.data[1]!, exit.data[2]!]).buffer);
  assertEquals([bytes[0], ...bytes.subarray(1, 6)], [15, ...code]);
  assertEquals(exit.data[3], 48n);
  using old = makeGuest({ kernel: "4.4", code, regs: at });
  const bare = old.vcpu.run();
  assert(bare.reason === "internal_error" && bare.data.length === 0);
});

Deno.test("an instruction the model does not know ends in suberror 1, never in a guess", () => {
  // vzeroupper
  using guest = makeGuest({ code: [0xc5, 0xf8, 0x77, HLT] });
  assertEquals(guest.run(), ["internal_error 1"]);
});

Deno.test("code without memory under it is suberror 1", () => {
  using guest = makeGuest({ code: [0xff, 0xe7], regs: at });
  assertEquals(guest.run(), ["internal_error 1"]);
});

Deno.test("fetching from a doorbell signals without end", () => {
  // mov [rdi], eax; jmp rdi
  using guest = makeGuest({ code: [0x89, 0x07, 0xff, 0xe7], regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.vcpu.run({ maxInstructions: 12 }).reason, "intr");
  assertEquals(guest.count(fd), 11);
});

Deno.test("a fault without a handler is a triple fault: shutdown", () => {
  using guest = makeGuest({ code: [0x0f, 0x0b] });
  guest.vcpu.setSregs({ ...guest.vcpu.getSregs(), idt: { base: 0n, limit: 0 } });
  assertEquals(guest.run(), ["shutdown"]);
});

Deno.test("HLT with a LAPIC in the kernel stays there", () => {
  using guest = makeGuest({ code: [HLT], prepare: (vm) => vm.createIrqchip() });
  assertEquals(guest.vcpu.run().reason, "intr");
  assertEquals(guest.vcpu.run({ timeoutMs: 1 }).reason, "intr");
});

Deno.test("VmxVcpu.run() gives up after so many instructions, or at the time limit", () => {
  // loop: inc eax; jmp loop
  using guest = makeGuest({ code: [0xff, 0xc0, 0xeb, 0xfc] });
  assertEquals(guest.vcpu.run({ maxInstructions: 9 }).reason, "intr");
  assertEquals(guest.vcpu.getRegs().rax, 5n);
  assertEquals(guest.vcpu.run({ maxInstructions: 2 }).reason, "intr");
  assertEquals(guest.vcpu.getRegs().rax, 6n);
  assertEquals(guest.vcpu.run({ timeoutMs: 20 }).reason, "intr");
});

Deno.test("code written between runs and by the guest itself is the code that runs", () => {
  // out 0x10, al; mov byte [patch], 0xb0 …; patch: hlt
  using guest = makeGuest({ code: [0xe6, 0x10, 0xff, 0xc0, HLT] });
  guest.vcpu.run();
  guest.ram.set([0xff, 0xc8], CODE + 2);
  guest.vcpu.run();
  assertEquals(guest.vcpu.getRegs().rax, 0xffff_ffffn);
  // again: mov dword [0x1010], 0xf4f4c8ff (dec eax); the bytes there were inc eax; loops twice
  const store = [0xc7, 0x04, 0x25, 0x10, 0x10, 0, 0, 0xff, 0xc8, HLT, HLT];
  using self = makeGuest({ code: [...store] });
  self.ram.set([0x90, 0x90, 0x90, 0x90, 0x90, 0xff, 0xc0, HLT], CODE + store.length);
  self.vcpu.run();
  assertEquals(self.vcpu.getRegs().rax, 0xffff_ffffn);
});

Deno.test("a read-only slot takes writes to the bus, every time by a violation", () => {
  const store = [0x89, 0x07];
  using guest = makeGuest({
    code: [0x8b, 0x1f, ...store, ...store, HLT],
    regs: at,
    prepare: (vm, kvm) => {
      const { bytes, hva } = kvm.allocateMemory(0x1000);
      bytes[0x40] = 0x77;
      vm.setMemoryRegion({ slot: 1, flags: 2, gpa: BigInt(MMIO), size: 0x1000n, hva });
    },
  });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run(), []);
  assertEquals(guest.count(fd), 2);
  assertEquals(guest.vcpu.getRegs().rbx, 0x77n);
  assertEquals(guest.vcpu.work.work("fast-mmio").exits, 0);
  assertEquals(guest.vcpu.work.work("first-touch-kernel").exits, 2);
});

Deno.test("memory under a slot that the process does not have is EFAULT", () => {
  using guest = makeGuest({
    code: [0x89, 0x07, HLT],
    regs: at,
    prepare: (vm) =>
      vm.setMemoryRegion({ slot: 1, gpa: BigInt(MMIO), size: 0x1000n, hva: 0x1000n }),
  });
  const error = assertThrows(() => guest.vcpu.run(), KvmError);
  assertEquals(error.code, "EFAULT");
});

Deno.test("two vCPUs ring one doorbell", () => {
  using guest = makeGuest({ code: [0x89, 0x07, 0x89, 0x07, HLT], regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  using second = guest.vm.createVcpu(1);
  second.setSregs(guest.vcpu.getSregs());
  second.setRegs(guest.vcpu.getRegs());
  assertEquals(guest.vcpu.run().reason, "hlt");
  assertEquals(second.run().reason, "hlt");
  assertEquals(guest.count(fd), 4);
  // The first one's SPTE serves the second.
  assertEquals(second.work.work("fast-mmio").exits, 2);
  assertEquals(assertThrows(() => guest.vm.createVcpu(1), KvmError).code, "EEXIST");
});

Deno.test("VmxVcpu.setSregs() refuses contradictions from 5.15 on; before, the entry fails", () => {
  for (const kernel of ["4.4", "6.19"]) {
    using guest = makeGuest({ kernel, code: [HLT] });
    const sregs = { ...guest.vcpu.getSregs(), efer: 0x100n };
    if (kernel === "6.19") {
      assertEquals(assertThrows(() => guest.vcpu.setSregs(sregs), KvmError).code, "EINVAL");
      assertEquals(guest.run(), []);
    } else {
      guest.vcpu.setSregs(sregs);
      assertEquals(guest.run(), ["fail_entry"]);
    }
  }
});

const refused = [
  ["CR0.PG without CR0.PE", { cr0: 0x8000_0010n, efer: 0n }],
  ["CR0.NW without CR0.CD", { cr0: 0xa005_0033n }],
  ["CR0 above 32 bits", { cr0: 0x1_8005_0033n }],
  ["long mode without CR4.PAE", { cr4: 0n }],
  ["CR4.VMXE", { cr4: 0x2620n }],
  ["CR4.PCIDE", { cr4: 0x2_0620n }],
  ["CR3 above the address width", { cr3: 1n << 50n }],
  ["64-bit code outside long mode", { efer: 0n }],
] as const;
for (const [name, change] of refused) {
  Deno.test(`VmxVcpu.setSregs() is EINVAL for ${name}`, () => {
    using guest = makeGuest({ code: [HLT] });
    const before = guest.vcpu.getSregs();
    const error = assertThrows(() => guest.vcpu.setSregs({ ...before, ...change }), KvmError);
    assertEquals(error.code, "EINVAL");
    assertEquals(guest.vcpu.getSregs(), before);
  });
}

Deno.test("VmxVcpu.getSregs() gives what setSregs() took, and getRegs() what setRegs() took", () => {
  using guest = makeGuest({ code: [HLT] });
  const sregs = {
    ...guest.vcpu.getSregs(),
    fs: flatSegment({ base: 0xffff_8000_1234_5678n, limit: 0xf_ffff, selector: 0x33, dpl: 3 }),
    ldt: flatSegment({ selector: 0, type: 2, s: 0, present: 0, unusable: 1 }),
    idt: { base: 0xffff_ffff_8000_0000n, limit: 0xfff },
    cr2: 0xdead_beef_0000_0001n,
    cr8: 5n,
  };
  guest.vcpu.setSregs(sregs);
  assertEquals(guest.vcpu.getSregs(), sregs);
  const regs = Object.fromEntries(
    Object.keys(guest.vcpu.getRegs()).map((name, i) => [name, 0x8000_0000_1234_0002n + BigInt(i)]),
  ) as unknown as ReturnType<typeof guest.vcpu.getRegs>;
  regs.rflags = 0x246n;
  guest.vcpu.setRegs(regs);
  assertEquals(guest.vcpu.getRegs(), regs);
});

Deno.test("VmxVcpu.ioctl() of what is no memory at all is EFAULT", () => {
  using guest = makeGuest({ code: [HLT] });
  for (const arg of [null, "x".repeat(400), {}, 1n, new ArrayBuffer(400)]) {
    for (const request of [KVM_GET_REGS, KVM_SET_REGS, KVM_GET_SREGS, KVM_INTERRUPT]) {
      const call = (): number => guest.vcpu.ioctl(request, arg as unknown as Uint8Array);
      assertEquals(assertThrows(call, KvmError).code, "EFAULT");
    }
  }
});

Deno.test("VmxVcpu.ioctl() is the raw door", () => {
  using guest = makeGuest({ code: [0xe6, 0x10, HLT] });
  const bytes = new Uint8Array(144);
  assertEquals(guest.vcpu.ioctl(KVM_GET_REGS, bytes), 0);
  assertEquals(bytes, encodeRegs(guest.vcpu.getRegs()));
  bytes[0] = 0x99;
  guest.vcpu.ioctl(KVM_SET_REGS, bytes);
  assertEquals(guest.vcpu.getRegs().rax, 0x99n);
  const sregs = new Uint8Array(312);
  guest.vcpu.ioctl(KVM_GET_SREGS, sregs);
  assertEquals(decodeSregs(sregs).cr3, 0x2_0000n);
  assertEquals(guest.vcpu.ioctl(KVM_RUN, 0), 0);
  assertEquals(guest.vcpu.kvmRun[4096], 0x99);
  const codes = [
    [KVM_RUN, 1, "EINVAL"],
    [KVM_GET_REGS, new Uint8Array(143), "EFAULT"],
    [0xae41, 0, "EINVAL"],
  ] as const;
  for (const [request, arg, code] of codes) {
    assertEquals(assertThrows(() => guest.vcpu.ioctl(request, arg), KvmError).code, code);
  }
});

Deno.test("coalesced writes are in the third page of the mapping, and leave it through it", () => {
  const code = [0x89, 0x07, 0xe6, 0x10, 0x89, 0x07, 0xe6, 0x10, HLT];
  using guest = makeGuest({ code, regs: at });
  guest.vm.registerCoalesced({ addr: BigInt(MMIO), size: 0x1000 });
  assertEquals(guest.vcpu.run().reason, "io");
  const ring = new DataView(guest.vcpu.kvmRun.buffer, 8192);
  assertEquals([ring.getUint32(0, true), ring.getUint32(4, true)], [0, 1]);
  assertEquals(ring.getBigUint64(8, true), BigInt(MMIO + 0x40));
  assertEquals(ring.getUint32(24, true), 0x1122_3344);
  ring.setUint32(0, 1, true);
  assertEquals(guest.vcpu.run().reason, "io");
  assertEquals([guest.vm.ring.first, guest.vm.ring.last], [1, 2]);
  assertEquals(guest.vm.ring.drain().length, 1);
  assertEquals(guest.vcpu.run().reason, "hlt");
  assertEquals(ring.getUint32(0, true), 2);
});

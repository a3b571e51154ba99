import { assert, assertEquals, assertThrows } from "@std/assert";
import { KVM_IOEVENTFD, KvmError, type VcpuExit } from "@ioeventfd/uapi";
import { bootLong, bootReal } from "./testdata/guest.ts";
import { liveTest } from "./testdata/on_kvm.ts";

const HLT = 0xf4;
const HALTED: VcpuExit = { reason: "hlt" };

liveTest("LiveVcpu.run() gives an OUT with its data", (system) => {
  using vm = system.createVm();
  const vcpu = bootReal(system, vm, 0xb0, 0x5a, 0xe6, 0x42, HLT); // mov al, 0x5a; out 0x42, al
  const out = { reason: "io", port: 0x42, size: 1, count: 1, write: true } as const;
  assertEquals(vcpu.run(), { ...out, data: Uint8Array.of(0x5a) });
  assertEquals(vcpu.run(), HALTED);
});

liveTest("LiveVcpu.run() puts the answer to an IN where the guest reads it", (system) => {
  using vm = system.createVm();
  const vcpu = bootReal(system, vm, 0xe5, 0x42, HLT); // in ax, 0x42
  const exit = vcpu.run();
  assert(exit.reason === "io" && !exit.write);
  assertEquals([exit.port, exit.size, exit.count, [...exit.data]], [0x42, 2, 1, [0, 0]]);
  exit.data.set([0x34, 0x12]);
  assertEquals(vcpu.run(), HALTED);
  assertEquals(vcpu.getRegs().rax, 0x1234n);
});

liveTest("LiveVcpu.run() gives all elements of a REP INS in one exit", (system) => {
  using vm = system.createVm();
  // mov cx, 3; mov di, 0xa000; mov dx, 0x42; rep insb
  const code = [0xb9, 3, 0, 0xbf, 0, 0xa0, 0xba, 0x42, 0, 0xf3, 0x6c, HLT];
  const vcpu = bootReal(system, vm, ...code);
  const exit = vcpu.run();
  assert(exit.reason === "io");
  assertEquals([exit.count, exit.data.length], [3, 3]);
  exit.data.set([7, 8, 9]);
  assertEquals(vcpu.run(), HALTED);
  assertEquals(vcpu.getRegs().rdi, 0xa003n);
});

liveTest("LiveVcpu.run() gives a store with its data, and a load that is answered", (system) => {
  using vm = system.createVm();
  // mov ax, 0x1122; mov [0x40], ax; mov bx, [0x50]
  const vcpu = bootReal(system, vm, 0xb8, 0x22, 0x11, 0xa3, 0x40, 0, 0x8b, 0x1e, 0x50, 0, HLT);
  const store = { reason: "mmio", addr: 0xd0000040n, len: 2, write: true } as const;
  assertEquals(vcpu.run(), { ...store, data: Uint8Array.of(0x22, 0x11) });
  const load = vcpu.run();
  assert(load.reason === "mmio" && !load.write);
  assertEquals([load.addr, load.len, [...load.data]], [0xd0000050n, 2, [0, 0]]);
  load.data.set([0xcd, 0xab]);
  assertEquals(vcpu.run(), HALTED);
  assertEquals(vcpu.getRegs().rbx, 0xabcdn);
});

liveTest("LiveVcpu.run() with no time completes the last exit and runs nothing", (system) => {
  using vm = system.createVm();
  const vcpu = bootReal(system, vm, 0xa1, 0x40, 0, 0x40, HLT); // mov ax, [0x40]; inc ax
  const load = vcpu.run();
  assert(load.reason === "mmio");
  load.data.set([5, 0]);
  assertEquals(vcpu.run({ timeoutMs: 0 }), { reason: "intr" });
  assertEquals(vcpu.getRegs().rax, 5n);
  assertEquals(vcpu.run(), HALTED);
  assertEquals(vcpu.getRegs().rax, 6n);
});

liveTest("LiveVcpu.run() ends a guest that does not exit, and the vCPU lives on", (system) => {
  using vm = system.createVm();
  const vcpu = bootReal(system, vm, 0xeb, 0xfe, HLT); // jmp $
  for (const timeoutMs of [1, 20, 1]) assertEquals(vcpu.run({ timeoutMs }), { reason: "intr" });
  const regs = vcpu.getRegs();
  assertEquals(regs.rip, 0x1000n);
  vcpu.setRegs({ ...regs, rip: 0x1002n });
  assertEquals(vcpu.run(), HALTED);
});

liveTest("LiveVcpu.run() ends an instruction that the kernel retries for ever", (system) => {
  using vm = system.createVm();
  const vcpu = bootReal(system, vm, 0x0f, 0x01, 0x0e, 0x40, 0, HLT); // sidt [0x40]
  const exit = vcpu.run({ timeoutMs: 20 });
  assert(exit.reason === "intr" || exit.reason === "mmio", exit.reason);
});

liveTest("LiveVcpu.run() waits its whole limit whatever limit went before", (system) => {
  using vm = system.createVm();
  // mov cx, 0; loop $: some 65,536 instructions, then hlt
  const vcpu = bootReal(system, vm, 0xeb, 0xfe, 0xb9, 0, 0, 0xe2, 0xfe, HLT);
  vcpu.run({ timeoutMs: 1 });
  vcpu.setRegs({ ...vcpu.getRegs(), rip: 0x1002n });
  assertEquals(vcpu.run({ timeoutMs: 60_000 }), HALTED);
});

liveTest("LiveVcpu.run() refuses a limit that is none", (system) => {
  using vm = system.createVm();
  const vcpu = bootReal(system, vm, HLT);
  assertThrows(() => vcpu.run({ timeoutMs: -1 }), RangeError);
  assertThrows(() => vcpu.run({ timeoutMs: NaN }), RangeError);
  assertEquals(vcpu.run({ timeoutMs: Infinity }), HALTED);
});

liveTest("LiveVcpu.run() tells a triple fault", (system) => {
  using vm = system.createVm();
  const vcpu = bootLong(system, vm, 0x0f, 0x0b); // ud2
  assertEquals(vcpu.run(), { reason: "shutdown" });
});

liveTest("LiveVcpu.run() tells code that KVM cannot fetch", (system) => {
  using vm = system.createVm();
  const vcpu = bootReal(system, vm, HLT);
  const sregs = vcpu.getSregs();
  vcpu.setSregs({ ...sregs, cs: { ...sregs.cs, base: 0xd0000000n } });
  const exit = vcpu.run();
  assert(exit.reason === "internal_error");
  assertEquals(exit.suberror, 1);
});

liveTest("LiveVcpu.setRegs() and setSregs() are read back", (system) => {
  using vm = system.createVm();
  const vcpu = vm.createVcpu(0);
  const regs = { ...vcpu.getRegs(), rax: 2n ** 64n - 1n, r15: 0x123456789abcdef0n, rip: 0x1000n };
  vcpu.setRegs(regs);
  assertEquals(vcpu.getRegs(), regs);
  const reset = vcpu.getSregs();
  const sregs = { ...reset, ds: { ...reset.ds, base: 0xd0000000n }, cr2: 0x1234n };
  vcpu.setSregs(sregs);
  assertEquals(vcpu.getSregs(), sregs);
});

liveTest("LiveVcpu.ioctl() gives the errno of a VM's ioctl on a vCPU", (system) => {
  using vm = system.createVm();
  const vcpu = vm.createVcpu(0);
  const error = assertThrows(() => vcpu.ioctl(KVM_IOEVENTFD, new Uint8Array(64)), KvmError);
  assertEquals(error.code, "EINVAL");
});

liveTest("LiveVcpu[Symbol.dispose]() leaves a VM that goes on", (system) => {
  using vm = system.createVm();
  vm.registerCoalesced({ addr: 0x42n, size: 1, pio: true });
  const vcpu = bootReal(system, vm, 0xe6, 0x42, HLT);
  assertEquals(vcpu.run(), HALTED);
  assertEquals(vcpu.takeCoalesced().length, 1);
  vcpu[Symbol.dispose]();
  vcpu[Symbol.dispose]();
  assertEquals(vm.guestWrite("pio", 0x42n, 1, 3n), "kernel");
  assertEquals(vm.takeCoalesced().length, 1);
});

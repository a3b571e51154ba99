import { assertEquals, assertThrows } from "@std/assert";
import { spaceBase } from "./_guest_space.ts";
import { liveTest } from "./testdata/on_kvm.ts";

liveTest("LiveVm.guestWrite() reaches guest physical addresses up to 2^47", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  for (let bit = 12n; bit < 47n; bit++) {
    const addr = (1n << bit) - 8n;
    vm.assignIoeventfd({ bus: "mmio", addr, match: { len: 8 }, fd });
    assertEquals(vm.guestWrite("mmio", addr, 8, bit), "kernel", `0x${addr.toString(16)}`);
  }
  assertEquals(system.eventfdCount(fd), 35n);
});

liveTest("LiveVm.guestWrite() reaches more gigabytes than its first tables hold", (system) => {
  using vm = system.createVm();
  for (let i = 1n; i < 100n; i++) {
    assertEquals(vm.guestWrite("mmio", i * 0x80_4000_0000n, 4, i), "userspace");
  }
  assertEquals(vm.guestWrite("mmio", 0x80_4000_0000n, 4, 0n), "userspace");
});

liveTest("LiveVm.guestWrite() across a page offers both parts to the kernel first", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  vm.assignIoeventfd({ bus: "mmio", addr: 0x40000000n, match: { len: 0 }, fd });
  assertEquals(vm.guestWrite("mmio", 0x3ffffffdn, 8, 0n), "userspace");
  assertEquals(system.eventfdCount(fd), 1n);
  vm.assignIoeventfd({ bus: "mmio", addr: 0x3ffffffdn, match: { len: 0 }, fd });
  assertEquals(vm.guestWrite("mmio", 0x3ffffffdn, 8, 0n), "kernel");
  assertEquals(system.eventfdCount(fd), 3n);
});

liveTest("LiveVm.guestWrite() reaches every port with every width", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  for (const port of [0n, 0x7en, 0x80n, 0xcf8n, 0xffffn]) {
    vm.assignIoeventfd({ bus: "pio", addr: port, match: { len: 0 }, fd });
    for (const len of [1, 2, 4]) assertEquals(vm.guestWrite("pio", port, len, 0n), "kernel");
    for (const len of [1, 2, 4]) {
      assertEquals(vm.guestWrite("pio", port ^ 1n, len, 0n), "userspace");
    }
  }
  assertEquals(system.eventfdCount(fd), 15n);
});

liveTest("LiveVm.guestWrite() writes the low bytes of the value", (system) => {
  using vm = system.createVm();
  const { hva, bytes } = system.allocateMemory(0x1000);
  vm.setMemoryRegion({ slot: 0, gpa: 0n, size: 0x1000n, hva });
  for (const len of [1, 2, 4, 8]) {
    bytes.fill(0xee, 0, 9);
    vm.guestWrite("mmio", 0n, len, 0x8877665544332211n);
    const written = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88].slice(0, len);
    assertEquals([...bytes.subarray(0, len + 1)], [...written, 0xee]);
  }
});

liveTest("LiveVm.guestWrite() refuses what no guest can write", (system) => {
  using vm = system.createVm();
  assertThrows(() => vm.guestWrite("mmio", 0n, 3, 0n), RangeError, "got 3");
  assertThrows(() => vm.guestWrite("pio", 0n, 8, 0n), RangeError, "got 8");
  assertThrows(() => vm.guestWrite("pio", 0x10000n, 1, 0n), RangeError, "0x10000");
  assertThrows(() => vm.guestWrite("mmio", 1n << 52n, 1, 0n), RangeError, "bits");
  assertThrows(() => vm.guestWrite("mmio", spaceBase(48), 4, 0n), RangeError, "storing guest");
});

liveTest("LiveVm.guestWrite() leaves the VM's other vCPUs alone", (system) => {
  using vm = system.createVm();
  const vcpu = vm.createVcpu(0);
  const before = vcpu.getRegs();
  vm.guestWrite("mmio", 0xd0000000n, 4, 1n);
  assertEquals(vcpu.getRegs(), before);
});

liveTest(
  "LiveVm.guestRun() runs code between the registers given and the registers left",
  (system) => {
    using vm = system.createVm();
    const addOne = Uint8Array.of(0x48, 0xff, 0xc0); // inc rax
    assertEquals(vm.guestRun({ code: addOne, regs: { rax: 41n } }).regs.rax, 42n);
    const pushPop = Uint8Array.of(0x57, 0x5b); // push rdi; pop rbx
    assertEquals(vm.guestRun({ code: pushPop, regs: { rdi: 7n } }).regs.rbx, 7n);
    assertEquals(vm.guestWrite("pio", 0x510n, 1, 0n), "userspace");
  },
);

liveTest("LiveVm.guestRun() measures a loop of doorbells with the guest's own clock", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  const doorbell = 0xd0000000n;
  vm.assignIoeventfd({ bus: "mmio", addr: doorbell, match: { len: 0 }, fd });
  // deno-fmt-ignore
  const code = Uint8Array.of(
    0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0x49, 0x89, 0xc0, // r8 = rdtsc
    0x89, 0x07, 0xff, 0xc9, 0x75, 0xfa, // mov [rdi], eax; dec ecx; jnz
    0x0f, 0x31, 0x48, 0xc1, 0xe2, 0x20, 0x48, 0x09, 0xd0, 0x4c, 0x29, 0xc0, // rax = rdtsc - r8
  );
  const { regs, exits } = vm.guestRun({
    code,
    regs: { rdi: doorbell, rcx: 50n },
    touches: [doorbell],
  });
  assertEquals([exits, system.eventfdCount(fd), regs.rcx], [0, 50n, 0n]);
  assertEquals(regs.rax > 0n, true);
});

liveTest("LiveVm.guestRun() hands accesses to userspace, and answers reads", (system) => {
  using vm = system.createVm();
  const reasons: string[] = [];
  const { regs, exits } = vm.guestRun({
    code: Uint8Array.of(0x8b, 0x07, 0xe6, 0x42), // mov eax, [rdi]; out 0x42, al
    regs: { rdi: 0xd0000000n },
    touches: [0xd0000000n],
    onExit: (exit) => {
      reasons.push(exit.reason);
      if (exit.reason === "mmio") exit.data.set([1, 2, 3, 4]);
      if (exit.reason === "io") assertEquals([exit.port, exit.data[0]], [0x42, 1]);
    },
  });
  assertEquals([reasons, exits, regs.rax], [["mmio", "io"], 2, 0x04030201n]);
});

liveTest("LiveVm.guestRun() works with the interrupt controllers in the kernel", (system) => {
  using vm = system.createVm();
  vm.createIrqchip();
  const code = Uint8Array.of(0xe6, 0x42, 0x48, 0xff, 0xc0); // out 0x42, al; inc rax
  assertEquals(vm.guestRun({ code, regs: { rax: 1n } }).regs.rax, 2n);
});

liveTest("LiveVm.guestRun() reports a program that goes astray", (system) => {
  using vm = system.createVm();
  assertThrows(() => vm.guestRun({ code: new Uint8Array(0xf81) }), RangeError, "0xf80");
  const forever = { code: Uint8Array.of(0xeb, 0xfe), timeoutMs: 20 };
  assertThrows(() => vm.guestRun(forever), Error, "intr");
  const unmapped = { code: Uint8Array.of(0x89, 0x07), regs: { rdi: 0x123456789000n } };
  assertThrows(() => vm.guestRun(unmapped), Error, "shutdown");
});

liveTest(
  "LiveVm.guestRun() goes on where a signal of the process interrupts KVM_RUN",
  async (system) => {
    using vm = system.createVm();
    const ignore = (): void => {};
    Deno.addSignalListener("SIGUSR2", ignore);
    const shell = new Deno.Command("sh", {
      args: ["-c", `while kill -USR2 ${Deno.pid}; do :; done`],
    }).spawn();
    try {
      const code = Uint8Array.of(0xff, 0xc9, 0x75, 0xfc); // dec ecx; jnz
      for (let i = 0; i < 10; i++) {
        assertEquals(vm.guestRun({ code, regs: { rcx: 20_000n } }).regs.rcx, 0n);
      }
    } finally {
      shell.kill("SIGKILL");
      await shell.status;
      // What was sent may still be on its way.
      await new Promise((resolve) => setTimeout(resolve, 50));
      Deno.removeSignalListener("SIGUSR2", ignore);
    }
  },
);

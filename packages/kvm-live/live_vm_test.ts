import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import {
  encodeIoeventfd,
  KVM_CREATE_VCPU,
  KVM_GET_REGS,
  KVM_IOEVENTFD,
  KVM_MEM_READONLY,
  KVM_SET_USER_MEMORY_REGION,
  KvmError,
} from "@ioeventfd/uapi";
import { liveTest } from "./testdata/on_kvm.ts";

function codeOf(fn: () => unknown): string {
  return assertThrows(fn, KvmError).code;
}

const DOORBELL = 0xfebfb000n;

liveTest("LiveVm.assignIoeventfd() of length 0 makes a store of any length a signal", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  vm.assignIoeventfd({ bus: "mmio", addr: DOORBELL, match: { len: 0 }, fd });
  for (const len of [1, 2, 4, 8]) assertEquals(vm.guestWrite("mmio", DOORBELL, len, 5n), "kernel");
  assertEquals(vm.guestWrite("mmio", DOORBELL + 1n, 1, 5n), "userspace");
  assertEquals(system.eventfdCount(fd), 4n);
});

liveTest("LiveVm.assignIoeventfd() with a datamatch takes that value of that length", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  vm.assignIoeventfd({ bus: "pio", addr: 0x510n, match: { len: 2, datamatch: 7n }, fd });
  assertEquals(vm.guestWrite("pio", 0x510n, 2, 0x10007n), "kernel");
  assertEquals(vm.guestWrite("pio", 0x510n, 2, 8n), "userspace");
  assertEquals(vm.guestWrite("pio", 0x510n, 4, 7n), "userspace");
  assertEquals(system.eventfdCount(fd), 1n);
});

liveTest("LiveVm.assignIoeventfd() says which registration the kernel refused", (system) => {
  using vm = system.createVm();
  const spec = { bus: "mmio", addr: DOORBELL, match: { len: 4, datamatch: 3n } } as const;
  const fd = system.eventfd(0, 0);
  vm.assignIoeventfd({ ...spec, fd });
  const error = assertThrows(() => vm.assignIoeventfd({ ...spec, fd }), KvmError);
  assertEquals(error.code, "EEXIST");
  assertStringIncludes(error.message, "mmio 0xfebfb000 len 0x4 datamatch 0x3");
});

liveTest("LiveVm.deassignIoeventfd() ends the signals, through a dup too", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  const spec = { bus: "pio", addr: 0x510n, match: { len: 1 } } as const;
  vm.assignIoeventfd({ ...spec, fd });
  assertEquals(codeOf(() => vm.deassignIoeventfd({ ...spec, fd: system.eventfd(0, 0) })), "ENOENT");
  vm.deassignIoeventfd({ ...spec, fd: system.dup(fd) });
  assertEquals(vm.guestWrite("pio", 0x510n, 1, 0n), "userspace");
  assertEquals(codeOf(() => vm.deassignIoeventfd({ ...spec, fd })), "ENOENT");
});

liveTest("LiveVm.ioctl() gives the kernel's own errno", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  const length3 = encodeIoeventfd({ addr: 0n, len: 3, flags: 0, datamatch: 0n, fd });
  assertEquals(codeOf(() => vm.ioctl(KVM_IOEVENTFD, length3)), "EINVAL");
  assertEquals(codeOf(() => vm.ioctl(KVM_IOEVENTFD, 8)), "EFAULT");
  assertEquals(codeOf(() => vm.ioctl(KVM_GET_REGS, new Uint8Array(144))), "ENOTTY");
  const unnamed = assertThrows(() => vm.ioctl(0xaeff), KvmError);
  assertMatch(unnamed.message, /^ENOTTY: ioctl 0xaeff was refused$/);
});

liveTest("LiveVm.ioctl() keeps arguments within their memory", (system) => {
  using vm = system.createVm();
  assertThrows(() => vm.ioctl(KVM_IOEVENTFD, new Uint8Array(63)), RangeError, "0x40 bytes");
  assertThrows(() => vm.ioctl(KVM_IOEVENTFD, 0x10000), RangeError, "the address 0x10000");
  assertThrows(() => vm.ioctl(KVM_IOEVENTFD, -1), RangeError);
  assertThrows(() => vm.ioctl(0xae03, 1.5), RangeError);
});

liveTest("LiveVm.ioctl() owns the descriptors that it makes", (system) => {
  const vm = system.createVm();
  const fd = vm.ioctl(KVM_CREATE_VCPU, 3);
  assertEquals(codeOf(() => system.close(fd)), "EBADF");
  assertEquals(codeOf(() => vm.createVcpu(3)), "EEXIST");
});

liveTest("LiveVm.setMemoryRegion() puts RAM over a doorbell, and takes it away", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  const { hva, bytes } = system.allocateMemory(0x1000);
  vm.assignIoeventfd({ bus: "mmio", addr: DOORBELL, match: { len: 0 }, fd });
  vm.setMemoryRegion({ slot: 0, gpa: DOORBELL, size: 0x1000n, hva });
  assertEquals(vm.guestWrite("mmio", DOORBELL, 4, 0x11223344n), "kernel");
  assertEquals([...bytes.subarray(0, 4)], [0x44, 0x33, 0x22, 0x11]);
  assertEquals(system.eventfdCount(fd), 0n);
  vm.setMemoryRegion({ slot: 0, gpa: DOORBELL, size: 0n, hva });
  assertEquals(vm.guestWrite("mmio", DOORBELL, 4, 0n), "kernel");
  assertEquals([bytes[0], system.eventfdCount(fd)], [0x44, 1n]);
});

liveTest("LiveVm.setMemoryRegion() read-only leaves writes to the bus", (system) => {
  using vm = system.createVm();
  const fd = system.eventfd(0, 0);
  const { hva, bytes } = system.allocateMemory(0x1000);
  vm.setMemoryRegion({ slot: 0, flags: KVM_MEM_READONLY, gpa: DOORBELL, size: 0x1000n, hva });
  vm.assignIoeventfd({ bus: "mmio", addr: DOORBELL, match: { len: 4 }, fd });
  assertEquals(vm.guestWrite("mmio", DOORBELL, 4, 1n), "kernel");
  assertEquals(vm.guestWrite("mmio", DOORBELL + 8n, 4, 1n), "userspace");
  assertEquals([system.eventfdCount(fd), bytes[0], bytes[8]], [1n, 0, 0]);
});

liveTest("LiveVm.setMemoryRegion() gives the kernel's refusals", (system) => {
  using vm = system.createVm();
  const { hva } = system.allocateMemory(0x2000);
  const slot = { slot: 1, gpa: 0x10000n, size: 0x1000n, hva };
  vm.setMemoryRegion(slot);
  assertEquals(codeOf(() => vm.setMemoryRegion({ ...slot, slot: 2 })), "EEXIST");
  assertEquals(codeOf(() => vm.setMemoryRegion({ ...slot, slot: 2, gpa: 0x20001n })), "EINVAL");
  assertEquals(codeOf(() => vm.setMemoryRegion({ ...slot, slot: 2, size: 0x800n })), "EINVAL");
  assertThrows(() => vm.setMemoryRegion({ ...slot, slot: 2, size: 0x3000n }), RangeError, "beyond");
});

liveTest(
  "LiveVm.setMemoryRegion() holds memory that was disposed, until the slot goes",
  async (system) => {
    using vm = system.createVm();
    const size = 0x100000n;
    function place(slot: number): WeakRef<ArrayBufferLike> {
      using memory = system.allocateMemory(Number(size));
      const { hva, bytes } = memory;
      vm.setMemoryRegion({ slot, gpa: BigInt(slot) * size, size, hva });
      return new WeakRef(bytes.buffer);
    }
    const [kept, dropped] = [place(0), place(1)];
    vm.setMemoryRegion({ slot: 1, gpa: size, size: 0n, hva: 0n });
    // Weak references end between turns of the loop.
    await new Promise((resolve) => setTimeout(resolve, 0));
    setFlagsFromString("--expose-gc");
    runInNewContext("gc")();
    assertEquals([kept, dropped].map((memory) => memory.deref() !== undefined), [true, false]);
    assertEquals(vm.guestWrite("mmio", 0n, 8, 5n), "kernel");
  },
);

liveTest("LiveVm.registerCoalesced() keeps writes until they are taken", (system) => {
  using vm = system.createVm();
  vm.registerCoalesced({ addr: DOORBELL, size: 0x10 });
  vm.registerCoalesced({ addr: 0x510n, size: 2, pio: true });
  assertEquals(vm.takeCoalesced(), []);
  assertEquals(vm.guestWrite("mmio", DOORBELL + 4n, 4, 0x11223344n), "kernel");
  assertEquals(vm.guestWrite("pio", 0x511n, 1, 9n), "kernel");
  assertEquals(vm.guestWrite("mmio", DOORBELL + 0xen, 4, 0n), "userspace");
  const taken = vm.takeCoalesced();
  assertEquals(taken.map(({ physAddr, len, pio, data }) => [physAddr, len, pio, data[0]]), [
    [DOORBELL + 4n, 4, 0, 0x44],
    [0x511n, 1, 1, 9],
  ]);
  assertEquals(vm.takeCoalesced(), []);
  vm.unregisterCoalesced({ addr: DOORBELL, size: 0x10 });
  assertEquals(vm.guestWrite("mmio", DOORBELL + 4n, 4, 0n), "userspace");
});

liveTest("LiveVm.takeCoalesced() finds 169 writes in a full ring, the next one exits", (system) => {
  using vm = system.createVm();
  vm.registerCoalesced({ addr: DOORBELL, size: 8 });
  const answers = Array.from(
    { length: 200 },
    (_, i) => vm.guestWrite("mmio", DOORBELL, 1, BigInt(i)),
  );
  assertEquals(answers.filter((answer) => answer === "kernel").length, 169);
  assertEquals(
    vm.takeCoalesced().map(({ data }) => data[0]),
    Array.from({ length: 169 }, (_, i) => i),
  );
  assertEquals(vm.guestWrite("mmio", DOORBELL, 1, 0n), "kernel");
});

liveTest("LiveVm.createIrqchip() puts devices on the buses, and guestWrite() goes on", (system) => {
  using vm = system.createVm();
  vm.createIrqchip();
  assertEquals(vm.guestWrite("pio", 0x21n, 1, 0xffn), "kernel");
  assertEquals(vm.guestWrite("pio", 0x510n, 1, 0n), "userspace");
  assertEquals(vm.guestWrite("mmio", 0xfec00000n, 4, 0n), "kernel");
  assertEquals(vm.guestWrite("mmio", 0xfee00080n, 4, 0n), "kernel");
  assertEquals(vm.guestWrite("mmio", DOORBELL, 8, 0n), "userspace");
  const fd = system.eventfd(0, 0);
  vm.assignIoeventfd({ bus: "mmio", addr: DOORBELL, match: { len: 0 }, fd });
  assertEquals(vm.guestWrite("mmio", DOORBELL, 8, 0n), "kernel");
  assertEquals(system.eventfdCount(fd), 1n);
});

liveTest("LiveVm.createIrqchip() comes too late after a vCPU", (system) => {
  using vm = system.createVm();
  vm.guestWrite("pio", 0x510n, 1, 0n);
  assertEquals(codeOf(() => vm.createIrqchip()), "EINVAL");
});

liveTest(
  "LiveVm.enableSplitIrqchip() leaves the PIC to userspace and keeps the LAPIC",
  (system) => {
    using vm = system.createVm();
    vm.enableSplitIrqchip();
    assertEquals(vm.guestWrite("pio", 0x21n, 1, 0xffn), "userspace");
    assertEquals(vm.guestWrite("mmio", 0xfee00080n, 4, 0n), "kernel");
    assertEquals(codeOf(() => vm.createIrqchip()), "EEXIST");
  },
);

liveTest("LiveVm.createPit2() takes the timer's ports, the speaker's only when asked", (system) => {
  using plain = system.createVm();
  plain.createIrqchip();
  plain.createPit2();
  assertEquals(plain.guestWrite("pio", 0x43n, 1, 0n), "kernel");
  assertEquals(plain.guestWrite("pio", 0x61n, 1, 0n), "userspace");
  using speaker = system.createVm();
  speaker.createIrqchip();
  speaker.createPit2(true);
  assertEquals(speaker.guestWrite("pio", 0x61n, 1, 0n), "kernel");
});

liveTest(
  "LiveVm.ioctl() of a memory region holds the memory as setMemoryRegion() does",
  (system) => {
    using vm = system.createVm();
    const { hva, bytes } = system.allocateMemory(0x1000);
    const arg = new DataView(new ArrayBuffer(32));
    arg.setBigUint64(8, DOORBELL, true);
    arg.setBigUint64(16, 0x1000n, true);
    arg.setBigUint64(24, hva, true);
    vm.ioctl(KVM_SET_USER_MEMORY_REGION, new Uint8Array(arg.buffer));
    assertEquals(vm.guestWrite("mmio", DOORBELL, 1, 0x5an), "kernel");
    assertEquals(bytes[0], 0x5a);
  },
);

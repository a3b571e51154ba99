import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  KVM_CAP_IOEVENTFD,
  KvmError,
  type OtherFile,
  POLLERR,
  POLLIN,
  POLLNVAL,
  POLLOUT,
} from "@ioeventfd/uapi";
import { LiveBackend } from "./live_backend.ts";
import { liveTest } from "./testdata/on_kvm.ts";

function codeOf(fn: () => unknown): string {
  return assertThrows(fn, KvmError).code;
}

liveTest(
  "LiveSystem.checkExtension() answers 1 for ioeventfds and 0 for a number unknown",
  (system) => {
    assertEquals(system.checkExtension(KVM_CAP_IOEVENTFD), 1);
    assertEquals(system.checkExtension(0x7fffffff), 0);
  },
);

liveTest("LiveSystem.eventfd() counts writes and is emptied by a read", (system) => {
  const fd = system.eventfd(3, 0);
  system.eventfdWrite(fd, 4n);
  assertEquals(system.eventfdCount(fd), 7n);
  assertEquals(system.poll(fd), POLLIN | POLLOUT);
  assertEquals(system.eventfdRead(fd), 7n);
  assertEquals(system.eventfdCount(fd), 0n);
  assertEquals(system.poll(fd), POLLOUT);
});

liveTest("LiveSystem.eventfd() with EFD_SEMAPHORE gives 1 a read", (system) => {
  const fd = system.eventfd(2, EFD_SEMAPHORE);
  assertEquals([system.eventfdRead(fd), system.eventfdRead(fd)], [1n, 1n]);
});

liveTest("LiveSystem.eventfd() refuses unknown flags and initial values beyond u32", (system) => {
  assertEquals(codeOf(() => system.eventfd(0, 0x10)), "EINVAL");
  assertThrows(() => system.eventfd(-1, 0), RangeError);
  assertThrows(() => system.eventfd(2 ** 32, 0), RangeError);
  assertEquals(system.eventfdCount(system.eventfd(0xffffffff, 0)), 0xffffffffn);
});

for (const [name, flags] of [["blocking", 0], ["non-blocking", EFD_NONBLOCK]] as const) {
  liveTest(
    `LiveSystem.eventfdRead() and eventfdWrite() never wait on a ${name} eventfd`,
    (system) => {
      const fd = system.eventfd(0, flags);
      assertEquals(codeOf(() => system.eventfdRead(fd)), "EAGAIN");
      system.eventfdWrite(fd, 2n ** 64n - 2n);
      assertEquals(codeOf(() => system.eventfdWrite(fd, 1n)), "EAGAIN");
      assertEquals(codeOf(() => system.eventfdWrite(fd, 2n ** 64n - 1n)), "EINVAL");
      assertEquals(system.poll(fd), POLLIN);
      assertEquals(system.eventfdRead(fd), 2n ** 64n - 2n);
    },
  );
}

liveTest(
  "LiveSystem.poll() reports an overflow with POLLERR and a closed number with POLLNVAL",
  (system) => {
    using vm = system.createVm();
    const fd = system.eventfd(0, 0);
    system.eventfdWrite(fd, 2n ** 64n - 2n);
    vm.assignIoeventfd({ bus: "pio", addr: 0x510n, match: { len: 1 }, fd });
    vm.guestWrite("pio", 0x510n, 1, 0n);
    assertEquals(system.poll(fd), POLLIN | POLLERR);
    system.close(fd);
    assertEquals(system.poll(fd), POLLNVAL);
  },
);

liveTest("LiveSystem.dup() shares the counter, which outlives the first descriptor", (system) => {
  const first = system.eventfd(5, 0);
  const second = system.dup(first);
  system.close(first);
  assertEquals(system.eventfdCount(second), 5n);
  assertEquals(codeOf(() => system.dup(first)), "EBADF");
});

liveTest("LiveSystem.close() closes its own descriptors, once, and nobody else's", (system) => {
  const fd = system.eventfd(0, 0);
  system.close(fd);
  assertEquals(codeOf(() => system.close(fd)), "EBADF");
  assertEquals(codeOf(() => system.close(0)), "EBADF");
  assertEquals(codeOf(() => system.close(-1)), "EBADF");
});

liveTest("LiveSystem.eventfdCount() tells no descriptor from one that is no eventfd", (system) => {
  assertEquals(codeOf(() => system.eventfdCount(0x7fffffff)), "EBADF");
  assertEquals(codeOf(() => system.eventfdCount(system.openOther("pipe"))), "EINVAL");
});

const refusals: Readonly<Record<OtherFile, string>> = {
  pipe: "EINVAL",
  file: "EINVAL",
  socket: "EINVAL",
  timerfd: "EINVAL",
  epoll: "EINVAL",
  o_path: "EBADF",
  dev_kvm: "EINVAL",
  vm_fd: "EINVAL",
};
for (const [kind, code] of Object.entries(refusals) as [OtherFile, string][]) {
  liveTest(
    `LiveSystem.openOther() opens a ${kind}, which an ioeventfd refuses with ${code}`,
    (system) => {
      using vm = system.createVm();
      const fd = system.openOther(kind);
      const assign = () => vm.assignIoeventfd({ bus: "mmio", addr: 0n, match: { len: 4 }, fd });
      assertEquals(codeOf(assign), code);
    },
  );
}

liveTest("LiveSystem.openOther() refuses a kind that it does not know", (system) => {
  assertThrows(() => system.openOther("door" as OtherFile), TypeError, '"door"');
});

liveTest("LiveSystem.allocateMemory() gives zeroed bytes at the page that it names", (system) => {
  const memory = system.allocateMemory(0x3000);
  assertEquals(memory.bytes.length, 0x3000);
  assertEquals(memory.hva & 0xfffn, 0n);
  assert(memory.bytes.every((byte) => byte === 0));
  assertThrows(() => system.allocateMemory(0), RangeError);
  assertThrows(() => system.allocateMemory(1.5), RangeError);
});

liveTest(
  "LiveSystem.eventfd() takes the lowest number of a range that nobody else takes",
  (system) => {
    const [first, second] = [system.eventfd(0, 0), system.eventfd(0, 0)];
    assertEquals(second, first + 1);
    system.close(first);
    assertEquals(system.poll(first), POLLNVAL);
    using other = new LiveBackend().open();
    const elsewhere = other.eventfd(0, 0);
    assert(elsewhere >= first + 255 || elsewhere <= first - 255);
    assertEquals(system.dup(second), first);
  },
);

liveTest("LiveSystem[Symbol.dispose]() ends what was made through it", (system) => {
  const vm = system.createVm();
  const vcpu = vm.createVcpu(0);
  vm.guestWrite("pio", 0x80n, 1, 0n);
  system[Symbol.dispose]();
  assertEquals([vm.fd, vcpu.fd], [-1, -1]);
  assertEquals(codeOf(() => vm.createIrqchip()), "EBADF");
  assertEquals(codeOf(() => vcpu.getRegs()), "EBADF");
  assertThrows(() => vcpu.run(), Error);
  system[Symbol.dispose]();
  vm[Symbol.dispose]();
  vcpu[Symbol.dispose]();
});

liveTest("LiveSystem errors name the call and its numbers in hex", (system) => {
  const error = assertThrows(() => system.dup(0x7fffffff), KvmError);
  assertMatch(error.message, /^EBADF: Cannot dup descriptor 0x7fffffff$/);
  assertEquals(error.reason.check, "kernel");
});

// KERNEL 6.19 virt/kvm/kvm_main.c kvm_vm_ioctl, kvm_vm_release
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  encodeIoeventfd,
  type KernelRelease,
  kernelReleases,
  KVM_CHECK_EXTENSION,
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_PIT2,
  KVM_CREATE_VCPU,
  KVM_ENABLE_CAP,
  KVM_GET_DIRTY_LOG,
  KVM_IOEVENTFD,
  KVM_IRQ_LINE,
  KVM_IRQFD,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_RUN,
  KVM_SET_GSI_ROUTING,
  KVM_SET_IDENTITY_MAP_ADDR,
  KVM_SET_TSS_ADDR,
  KVM_SET_USER_MEMORY_REGION,
  KVM_SET_USER_MEMORY_REGION2,
  KVM_UNREGISTER_COALESCED_MMIO,
  KvmError,
} from "@ioeventfd/uapi";
import { collides } from "./collides.ts";
import { CoreBackend } from "./core_backend.ts";
import type { IoDevice } from "./io_device.ts";
import { DEASSIGN, DM, errnoOf, PIO, Rig } from "./testdata/helpers.ts";

const argument = (fd: number): Uint8Array =>
  encodeIoeventfd({ addr: 0x1000n, len: 4, fd, flags: 0, datamatch: 0n });

// live 1.10
Deno.test("Vm.ioctl() answers another process with EIO, before it looks at anything", () => {
  const rig = new Rig();
  const child = rig.kvm.fork();
  assertEquals(errnoOf(() => rig.vm.ioctl(KVM_IOEVENTFD, argument(rig.efd()), child)), "EIO");
  assertEquals(errnoOf(() => rig.vm.ioctl(0x1234, undefined, child)), "EIO");
  assertEquals(rig.vm.ioctl(KVM_IOEVENTFD, argument(rig.efd()), rig.kvm), 0);
});

Deno.test("Vm.ioctl() answers a short or absent argument with EFAULT, before anything of eventfd.c", () => {
  const { vm } = new Rig();
  for (const arg of [undefined, 0, 0x1000, new Uint8Array(0), new Uint8Array(63)]) {
    assertEquals(errnoOf(() => vm.ioctl(KVM_IOEVENTFD, arg)), "EFAULT");
  }
  const within = new Uint8Array(200).subarray(5, 69);
  assertEquals(errnoOf(() => vm.ioctl(KVM_IOEVENTFD, within)), "EINVAL", "64 bytes at any place");
});

Deno.test("Vm.ioctl() answers what it does not know, and another size, with ENOTTY", () => {
  const { vm } = new Rig();
  const bytes = new Uint8Array(64);
  for (const request of [0, 0xae79, 0x4020ae79, 0x8040ae79, 0x4040ae7a, 0x4040af79, KVM_RUN]) {
    assertEquals(errnoOf(() => vm.ioctl(request, bytes)), "ENOTTY");
  }
  assertEquals(errnoOf(() => vm.ioctl(KVM_IOEVENTFD | 0, argument(9))), "EBADF", "as a signed int");
});

Deno.test("KVM_IOEVENTFD on /dev/kvm and on a vCPU is EINVAL, on an eventfd ENOTTY", () => {
  const { kvm, vm } = new Rig();
  const fd = kvm.eventfd(0, 0);
  const vcpu = vm.ioctl(KVM_CREATE_VCPU, 0);
  assertEquals(errnoOf(() => kvm.ioctlOn(kvm.fd, KVM_IOEVENTFD, argument(fd))), "EINVAL");
  assertEquals(errnoOf(() => kvm.ioctlOn(vcpu, KVM_IOEVENTFD, argument(fd))), "EINVAL");
  assertEquals(errnoOf(() => kvm.ioctlOn(fd, KVM_IOEVENTFD, argument(fd))), "ENOTTY");
  assertEquals(errnoOf(() => kvm.ioctlOn(99, KVM_IOEVENTFD, argument(fd))), "EBADF");
  assertEquals(kvm.ioctlOn(vm.fd, KVM_IOEVENTFD, argument(fd)), 0);
});

Deno.test("Kvm.ioctl() makes VMs and answers version, mapping size and capabilities", () => {
  const { kvm } = new Rig();
  assertEquals(kvm.ioctl(0xae00, 0), 12);
  assertEquals(kvm.ioctl(0xae04), 12288);
  assertEquals(kvm.ioctl(KVM_CHECK_EXTENSION, 122), 1);
  assertEquals([kvm.ioctl(KVM_CHECK_EXTENSION, 9999), kvm.ioctl(KVM_CHECK_EXTENSION, -1)], [0, 0]);
  assertEquals(errnoOf(() => kvm.ioctl(0xae00, 1)), "EINVAL");
  assertEquals(errnoOf(() => kvm.ioctl(0xae01, 1)), "EINVAL");
  assertEquals(errnoOf(() => kvm.ioctl(0xdead)), "EINVAL");
  const fd = kvm.ioctl(0xae01, 0);
  assertEquals(kvm.ioctlOn(fd, KVM_IOEVENTFD, argument(kvm.eventfd(0, 0))), 0);
});

Deno.test("Descriptors of /dev/kvm, VMs and vCPUs take the lowest number like any other", () => {
  using kvm = new CoreBackend().open();
  assertEquals(kvm.fd, 3);
  const vm = kvm.createVm();
  assertEquals([vm.fd, kvm.eventfd(0, 0), vm.openVcpu(0).fd], [4, 5, 6]);
  assertEquals(errnoOf(() => vm.assignIoeventfd(spec(vm.fd))), "EINVAL", "no eventfd");
  vm[Symbol.dispose]();
  assertEquals(kvm.eventfd(0, 0), 4);
  vm[Symbol.dispose]();
  assertEquals(kvm.eventfdCount(4), 0n, "closing twice closes nobody else's");
});

function spec(fd: number) {
  return { bus: "mmio", addr: 0x1000n, match: { len: 4 }, fd } as const;
}

Deno.test("A VM whose descriptor is closed refuses calls with EBADF", () => {
  const { kvm, vm, ...rig } = new Rig();
  const fd = kvm.eventfd(0, 0);
  kvm.close(vm.fd);
  assertEquals(errnoOf(() => vm.assignIoeventfd(spec(fd))), "EBADF");
  assertEquals(errnoOf(() => vm.ioctl(KVM_IOEVENTFD, argument(fd))), "EBADF");
  assertEquals(errnoOf(() => vm.createIrqchip()), "EBADF");
  assertEquals(errnoOf(() => vm.guestWrite("mmio", 0x1000n, 4, 0n)), "EBADF");
  assertEquals([vm.destroyed, Object.keys(rig).length], [true, 0]);
});

// live 1.10, facts 2.9
Deno.test("A vCPU keeps the VM alive: its doorbells fire on after the VM's descriptor is closed", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x1000, 4, 0, 0, fd);
  const first = rig.vm.openVcpu(0), second = rig.vm.openVcpu(7);
  rig.vm[Symbol.dispose]();
  assertEquals([rig.vm.destroyed, rig.store(0x1000, 4), rig.count(fd)], [false, false, 1n]);
  first[Symbol.dispose]();
  assertEquals([rig.store(0x1000, 4), rig.count(fd)], [false, 2n]);
  rig.kvm.close(second.fd);
  assertEquals(rig.vm.destroyed, true);
  assertEquals(rig.kvm.files.lookupEventfd(fd).references, 1);
});

Deno.test("A dup of its descriptor keeps the VM open", () => {
  const rig = new Rig();
  const dup = rig.kvm.dup(rig.vm.fd);
  rig.vm[Symbol.dispose]();
  assertEquals(rig.io(0x1000, 4, 0, 0, rig.efd()), 0);
  rig.kvm.close(dup);
  assertEquals(rig.vm.destroyed, true);
});

Deno.test("The end of a VM: irqfds, routes, buses in order and each in the order of its array, slots", () => {
  const rig = new Rig();
  const order: string[] = [];
  const device = (name: string): IoDevice => ({
    write: () => -95,
    destroy: () => order.push(name),
  });
  rig.vm.bus(1).register(0x600, 0, 4, device("port"));
  rig.vm.bus(3).register(0x3000, 0, 0, device("fast"));
  rig.vm.bus(0).register(0x2000, 0, 4, device("upper"));
  rig.vm.bus(0).register(0x1000, 0, 4, device("lower"));
  const vcpu = rig.vm.openVcpu(0);
  rig.vm[Symbol.dispose]();
  assertEquals([rig.vm.teardown, order], [["irqfds"], []]);
  vcpu[Symbol.dispose]();
  assertEquals(order, ["lower", "upper", "port", "fast"]);
  assertEquals(rig.vm.teardown, [
    "irqfds",
    "irq-routing",
    "bus mmio",
    "bus pio",
    "bus ccw",
    "bus fast-mmio",
    "coalesced-ring",
    "devices",
    "memslots",
  ]);
});

Deno.test("vCPU ids: out of range EINVAL, taken EEXIST, more than the limit EINVAL", () => {
  const { vm } = new Rig("3.14");
  assertEquals(errnoOf(() => vm.openVcpu(255)), "EINVAL");
  assertEquals(errnoOf(() => vm.ioctl(KVM_CREATE_VCPU, new Uint8Array(4))), "EINVAL");
  vm.openVcpu(254);
  assertEquals(errnoOf(() => vm.openVcpu(254)), "EEXIST");
  const vcpu = vm.openVcpu(0);
  vcpu[Symbol.dispose]();
  assertEquals(errnoOf(() => vm.openVcpu(0)), "EEXIST", "a closed one stays in the VM");
  assertThrows(() => vm.createVcpu(0), TypeError, "no CPU");
  assertThrows(() => vm.openVcpu(1.5), TypeError, "vCPU id must be an integer: got 1.5");
});

// live 3.5
Deno.test("At 2^64-2 three writes leave 2^64-1, poll says error, and nothing exits", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.kvm.eventfdWrite(fd, 2n ** 64n - 2n);
  rig.io(0x1000, 0, 0, 0, fd);
  assertEquals([0, 1, 2].map(() => rig.store(0x1000, 8)), [false, false, false]);
  assertEquals([rig.count(fd), rig.kvm.poll(fd)], [2n ** 64n - 1n, 9]);
});

// live 3.1
Deno.test("DEASSIGN ignores datamatch of a wildcard, flag 0x10 and unknown flags", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x1000, 4, 0, 7, fd);
  assertEquals(rig.io(0x1000, 4, DEASSIGN | 0xfffffff0, 99, fd), 0);
  rig.io(0x1000, 4, DM, 7, fd);
  assertEquals(rig.io(0x1000, 4, DEASSIGN | DM, 7n | 1n << 63n, fd), "ENOENT", "all 64 bits");
  assertEquals(rig.io(0x1000, 4, DEASSIGN | DM, 7, fd), 0);
  for (const len of [3, 16, 20, 24, 0xffffffff]) {
    rig.io(0x2000, 4, 0, 0, fd);
    rig.io(0x2000, 2, 0, 0, fd);
    assertEquals(rig.io(0x2000, len, DEASSIGN, 0, fd), "ENOENT");
  }
});

// live 3.4
Deno.test("A zero-length doorbell fires on after every wrong DEASSIGN", () => {
  const rig = new Rig();
  const fd = rig.efd();
  rig.io(0x1000, 0, 0, 0, fd);
  assertEquals(rig.io(0x1000, 4, DEASSIGN, 0, fd), "ENOENT");
  assertEquals(rig.io(0x1000, 0, DEASSIGN, 0, rig.efd()), "ENOENT");
  assertEquals(rig.io(0x1000, 0, DEASSIGN | DM, 0, fd), "ENOENT");
  assertEquals([rig.store(0x1000, 2), rig.vm.bus(3).write(0x1000, 0, 0, 0, 0)], [false, 0]);
  assertEquals(rig.count(fd), 2n);
});

// live 1.6
Deno.test("PIO with CCW is PIO", () => {
  const rig = new Rig();
  const fd = rig.efd();
  assertEquals(rig.io(0x510, 4, PIO | 8, 0, fd), 0);
  assertEquals([rig.out(0x510, 4), rig.io(0x510, 4, PIO, 0, fd)], [false, "EEXIST"]);
  assertEquals(rig.io(0x510, 4, PIO | DEASSIGN, 0, fd), 0);
});

// live 4.12
Deno.test("A port above 16 bits is not its low half", () => {
  const rig = new Rig();
  rig.io(0x10510, 2, PIO, 0, rig.efd());
  assertEquals(rig.out(0x510, 2), true);
});

Deno.test("The CCW bus fires for a write on it, with a cookie that speeds up the next", () => {
  const rig = new Rig();
  const fds = [0, 1, 2].map((queue) => {
    const fd = rig.efd();
    assertEquals(rig.io(0x10001, 8, 8 | DM, queue, fd), 0);
    return fd;
  });
  const ccw = rig.vm.bus(2);
  const cookie = ccw.writeCookie(0x10001, 0, 8, 1, 0, -1);
  assertEquals([cookie, ccw.writeCookie(0x10001, 0, 8, 1, 0, cookie)], [1, 1]);
  assertEquals(ccw.writeCookie(0x10001, 0, 8, 3, 0, 0), -95);
  assertEquals(fds.map((fd) => rig.count(fd)), [0n, 2n, 0n]);
});

const wideBytes = fc.uint8Array({ maxLength: 200, size: "max" });
const anyRequest = fc.oneof(
  fc.constantFrom(
    KVM_IOEVENTFD,
    KVM_IRQFD,
    KVM_SET_USER_MEMORY_REGION,
    KVM_SET_USER_MEMORY_REGION2,
    KVM_REGISTER_COALESCED_MMIO,
    KVM_UNREGISTER_COALESCED_MMIO,
    KVM_CREATE_IRQCHIP,
    KVM_CREATE_PIT2,
    KVM_CREATE_VCPU,
    KVM_CHECK_EXTENSION,
    KVM_ENABLE_CAP,
    KVM_IRQ_LINE,
    KVM_SET_GSI_ROUTING,
    KVM_GET_DIRTY_LOG,
    KVM_SET_TSS_ADDR,
    KVM_SET_IDENTITY_MAP_ADDR,
  ),
  fc.integer(),
  fc.double(),
  fc.anything() as fc.Arbitrary<number>,
);
/** Bytes that get past the checks more often than chance: small fields at the right places. */
const likelyIoeventfd = fc.record({
  addr: fc.constantFrom(0n, 0x510n, 0x1000n, 0x1004n, 2n ** 64n - 8n, 2n ** 64n - 1n),
  len: fc.constantFrom(0, 1, 2, 4, 8, 3, 0xffffffff),
  flags: fc.oneof(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  datamatch: fc.constantFrom(0n, 7n, 2n ** 64n - 1n),
  fd: fc.oneof(fc.integer({ min: -1, max: 9 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
}).map(encodeIoeventfd);
const anyArgument = fc.oneof(
  likelyIoeventfd,
  wideBytes,
  fc.constant(undefined),
  fc.integer(),
  fc.anything() as fc.Arbitrary<number>,
);

Deno.test("Vm.ioctl() throws nothing but KvmError, whatever it is given, in any release", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...kernelReleases),
      fc.array(fc.tuple(anyRequest, anyArgument), { maxLength: 30, size: "max" }),
      (release, calls) => {
        using kvm = new CoreBackend({ release }).open();
        using vm = kvm.createVm();
        for (let at = 0; at < 3; at++) kvm.eventfd(0, 0);
        kvm.openOther("pipe");
        for (const [request, arg] of calls) {
          try {
            const answer = vm.ioctl(request, arg);
            assertEquals(Number.isInteger(answer) && answer >= 0, true);
          } catch (error) {
            if (!(error instanceof KvmError)) throw error;
          }
        }
      },
    ),
    { numRuns: Number(Deno.env.get("FC_RUNS") ?? 300) },
  );
});

Deno.test("Kvm.ioctl() throws nothing but KvmError, whatever it is given", () => {
  const { kvm } = new Rig();
  fc.assert(fc.property(anyRequest, anyArgument, (request, arg) => {
    try {
      kvm.ioctl(request, arg);
    } catch (error) {
      if (!(error instanceof KvmError)) throw error;
    }
  }));
});

Deno.test("A registration is EEXIST exactly when collides() says so of one that is there", () => {
  const op = fc.record({
    addr: fc.constantFrom(0x1000n, 0x1001n, 0x1004n),
    len: fc.constantFrom(0, 1, 2, 4, 8),
    bus: fc.constantFrom("mmio", "pio", "ccw") as fc.Arbitrary<"mmio" | "pio" | "ccw">,
    value: fc.constantFrom(null, 0n, 1n, 2n ** 40n),
    away: fc.boolean(),
  });
  fc.assert(fc.property(
    fc.constantFrom(...kernelReleases.filter(({ ioeventfd }) => ioeventfd.zeroLengthPio)),
    fc.array(op, { maxLength: 40, size: "max" }),
    (release, ops) => {
      const rig = new Rig(release);
      const fd = rig.efd();
      for (const { addr, len, bus, value, away } of ops) {
        const datamatch = len === 0 ? null : value;
        const flags = { mmio: 0, pio: 2, ccw: 8 }[bus] | (datamatch === null ? 0 : DM);
        const there = rig.vm.registrations();
        const shape = { bus, addr, len, datamatch };
        if (away) {
          const same = there.some((other) =>
            other.bus === bus && other.addr === addr && other.len === len &&
            other.datamatch === datamatch
          );
          assertEquals(
            rig.io(addr, len, flags | DEASSIGN, datamatch ?? 0n, fd),
            same ? 0 : "ENOENT",
          );
          continue;
        }
        const refused = there.some((other) => collides(release.ioeventfd, other, shape) !== null);
        assertEquals(rig.io(addr, len, flags, datamatch ?? 0n, fd), refused ? "EEXIST" : 0);
      }
    },
  ));
});

Deno.test("CoreBackend.open() takes no name for a release", () => {
  const named = new CoreBackend({ release: "4.4" as unknown as KernelRelease });
  assertThrows(() => named.open(), TypeError, 'got "4.4"');
});

Deno.test("The typed door takes no float, NaN, string or number for a bigint", () => {
  const rig = new Rig();
  const fd = rig.efd();
  // deno-lint-ignore no-explicit-any
  const assign = (change: any) => () => rig.vm.assignIoeventfd({ ...spec(fd), ...change });
  assertThrows(assign({ addr: 0x1000 }), TypeError, "Address must be a bigint: got 0x1000");
  assertThrows(assign({ addr: "0x1000" }), TypeError, 'got "0x1000"');
  assertThrows(assign({ addr: -1n }), RangeError, "Address -0x1 is not a u64");
  assertThrows(assign({ addr: 2n ** 64n }), RangeError);
  assertThrows(assign({ match: { len: 1.5 } }), TypeError, "Length must be an integer: got 1.5");
  assertThrows(assign({ match: { len: NaN } }), TypeError);
  assertThrows(assign({ match: undefined }), TypeError, "Length must be an integer: got undefined");
  assertThrows(assign({ match: { len: 3 } }), RangeError, "Length 0x3 is not one of 0, 1, 2, 4, 8");
  assertThrows(assign({ match: { len: 4, datamatch: 5 } }), TypeError);
  assertThrows(assign({ match: { len: 0, datamatch: 5n } }), RangeError);
  assertThrows(assign({ bus: "isa" }), TypeError, 'got "isa"');
  assertThrows(assign({ bus: "toString" }), TypeError);
  assertThrows(assign({ fd: 3.5 }), TypeError);
  assertThrows(assign({ fd: 3n }), TypeError, "must be an integer: got 0x3n");
  assertThrows(assign({ fd: 2 ** 31 }), RangeError);
  assertEquals(rig.vm.registrations(), []);
  // deno-lint-ignore no-explicit-any
  const write = (...args: any[]) => () => (rig.vm.guestWrite as any)(...args);
  assertThrows(write("mmio", 0x1000, 4, 0n), TypeError);
  assertThrows(write("mmio", 0x1000n, 4, 0), TypeError);
  assertThrows(write("mmio", 2n ** 64n, 4, 0n), RangeError);
  assertThrows(write("mmio", 0x1000n, 3, 0n), RangeError);
  assertThrows(write("mmio", 0x1000n, 16, 0n), RangeError);
  assertThrows(write("pio", 0x10000n, 1, 0n), RangeError);
  assertThrows(write("pio", 0x100n, 8, 0n), RangeError);
  assertThrows(write("ccw", 0x100n, 8, 0n), TypeError);
  assertThrows(() => rig.vm.bus(4), RangeError);
  assertThrows(() => rig.kvm.checkExtension(1.5), TypeError);
  assertThrows(() => rig.kvm.allocateMemory(0), RangeError);
  assertThrows(() => rig.kvm.allocateMemory(NaN), TypeError);
});

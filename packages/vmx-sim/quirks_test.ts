import { assert, assertEquals } from "@std/assert";
import { type KernelRelease, release } from "@ioeventfd/uapi";
import { CODE, makeGuest, MMIO } from "./testdata/guest.ts";

const HLT = 0xf4;
/** mov [rdi], eax */
const STORE = [0x89, 0x07];
const at = { rdi: BigInt(MMIO + 0x40), rax: 0x1234n };

/** A release with one x86 rule changed. */
function quirk(name: string, rules: Partial<KernelRelease["x86"]>): KernelRelease {
  const base = release(name);
  return { ...base, x86: { ...base.x86, ...rules } };
}

Deno.test("fast-double-free: 3.16 destroys a fast doorbell once per bus", () => {
  for (const [kernel, reports] of [["3.16", 1], ["4.4", 0]] as const) {
    const guest = makeGuest({ kernel, code: [HLT] });
    guest.doorbell(MMIO);
    const { vm } = guest;
    guest[Symbol.dispose]();
    assert(vm.destroyed);
    assertEquals(vm.reports.length, reports);
  }
});

Deno.test("zero-len-unfindable: the first write to a page exits in 3.16, although a doorbell is there", () => {
  for (const [kernel, exits] of [["3.16", 1], ["4.4", 0]] as const) {
    using guest = makeGuest({ kernel, code: [...STORE, ...STORE, HLT], regs: at });
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run().length, exits);
    assertEquals(guest.count(fd), 2 - exits);
  }
});

Deno.test("zero-len-unfindable: a host without EPT never finds it in 3.16", () => {
  using guest = makeGuest({
    kernel: "3.16",
    paging: "shadow",
    code: [...STORE, ...STORE, HLT],
    regs: at,
  });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run().length, 2);
  assertEquals(guest.count(fd), 0);
});

Deno.test("stale-mmio-cache: in 3.16 a store to memory added over MMIO still exits", () => {
  for (const [kernel, stale] of [["3.16", true], ["4.4", false], ["6.19", false]] as const) {
    using guest = makeGuest({ kernel, code: [...STORE, ...STORE, HLT], regs: at });
    assertEquals(guest.vcpu.run().reason, "mmio");
    const { bytes, hva } = guest.kvm.allocateMemory(0x1000);
    guest.vm.setMemoryRegion({ slot: 1, gpa: BigInt(MMIO), size: 0x1000n, hva });
    assertEquals(guest.vcpu.run().reason, stale ? "mmio" : "hlt");
    assertEquals(bytes[0x40], stale ? 0 : 0x34);
  }
});

Deno.test("fast-stale-memslot: a doorbell swallows stores to memory added over it", () => {
  for (const kernel of ["3.16", "4.4", "5.15", "6.19"]) {
    using guest = makeGuest({
      kernel,
      code: [...STORE, 0xe6, 0x10, ...STORE, 0x8b, 0x5f, 0x10, ...STORE, HLT],
      regs: at,
    });
    const fd = guest.doorbell(MMIO + 0x40);
    while (guest.vcpu.run().reason === "mmio");
    const before = guest.count(fd);
    const { bytes, hva } = guest.kvm.allocateMemory(0x1000);
    guest.vm.setMemoryRegion({ slot: 1, gpa: BigInt(MMIO), size: 0x1000n, hva });
    while (guest.vcpu.run().reason === "mmio");
    // The load from the same page takes the slow path; from 4.4 on that finds the memory.
    const isStale = kernel === "3.16";
    assertEquals(guest.count(fd) - before, isStale ? 2 : 1, kernel);
    assertEquals(bytes[0x40], isStale ? 0 : 0x34, kernel);
  }
});

Deno.test("deleting and adding a slot does zap: memory is found at once", () => {
  using guest = makeGuest({ code: [...STORE, 0xe6, 0x10, ...STORE, HLT], regs: at });
  const { bytes, hva } = guest.kvm.allocateMemory(0x1000);
  const region = { slot: 1, gpa: BigInt(MMIO), size: 0x1000n, hva };
  guest.vm.setMemoryRegion(region);
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.vcpu.run().reason, "io");
  assertEquals([guest.count(fd), bytes[0x40]], [0, 0x34]);
  guest.vm.setMemoryRegion({ ...region, size: 0n });
  assertEquals(guest.vcpu.run().reason, "hlt");
  assertEquals(guest.count(fd), 1);
});

Deno.test("deleting or moving any slot takes every MMIO SPTE away, so that 3.16 misses the next kick", () => {
  for (const change of ["delete", "move", "create"] as const) {
    // mov [rdi], eax twice; out 0x10, al; mov [rdi], eax twice; hlt
    const code = [...STORE, ...STORE, 0xe6, 0x10, ...STORE, ...STORE, HLT];
    using guest = makeGuest({ kernel: "3.16", code, regs: at });
    const fd = guest.doorbell(MMIO + 0x40);
    const { hva } = guest.kvm.allocateMemory(0x1000);
    const elsewhere = { slot: 1, gpa: 0x4000_0000n, size: 0x1000n, hva };
    if (change !== "create") guest.vm.setMemoryRegion(elsewhere);
    assertEquals(guest.vcpu.run().reason, "mmio");
    assertEquals(guest.vcpu.run().reason, "io");
    const gone = change === "delete" ? { size: 0n } : { gpa: 0x5000_0000n };
    guest.vm.setMemoryRegion(change === "create" ? elsewhere : { ...elsewhere, ...gone });
    assertEquals(guest.vcpu.run().reason, change === "create" ? "hlt" : "mmio", change);
    if (change !== "create") assertEquals(guest.vcpu.run().reason, "hlt");
    assertEquals(guest.count(fd), change === "create" ? 3 : 2, change);
  }
});

Deno.test("the generation comes round: 3.16 zaps at its maximum, 4.4 at 0", () => {
  for (const [kernel, publications] of [["3.16", 150], ["4.4", 75]] as const) {
    using guest = makeGuest({ kernel, code: [...STORE, HLT], regs: at });
    assertEquals(guest.vcpu.run().reason, "mmio");
    const { hva } = guest.kvm.allocateMemory(0x1000);
    const installed = (): number => {
      let count = 0;
      guest.vcpu.tables.forEachLeaf((lo) => void (count += lo >>> 12 === MMIO >>> 12 ? 1 : 0));
      return count;
    };
    // The guest's own memory was the first publication; each change of a flag is one more.
    const slot = { slot: 1, gpa: 0x4000_0000n, size: 0x1000n, hva };
    for (let i = 1; i < publications - 1; i++) guest.vm.setMemoryRegion({ ...slot, flags: i & 1 });
    assertEquals(installed(), 1, kernel);
    guest.vm.setMemoryRegion({ ...slot, flags: publications - 1 & 1 });
    assertEquals(installed(), 0, kernel);
  }
});

Deno.test("fast-in-L2: an address of the guest's guest rings a doorbell in 3.16 and 4.4", () => {
  for (const [kernel, fast] of [["4.4", 1], ["5.15", 0], ["6.19", 0]] as const) {
    using guest = makeGuest({ kernel, code: [...STORE, ...STORE, HLT], regs: at });
    guest.doorbell(MMIO + 0x40);
    guest.vcpu.guestMode = true;
    guest.run();
    assertEquals(guest.vcpu.work.work("fast-mmio").exits, fast, kernel);
  }
});

Deno.test("fast-len-undefined: under a hypervisor that leaves the length wrong, 4.4 jumps astray", () => {
  for (const [kernel, rip] of [["4.4", CODE + 2 + 7], ["6.19", CODE + 5]] as const) {
    using guest = makeGuest({
      kernel,
      hostIsVirtualised: true,
      misconfigLength: 7,
      code: [...STORE, ...STORE, HLT, HLT, HLT, HLT, HLT, HLT, HLT, HLT],
      regs: at,
    });
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run(), []);
    assertEquals(guest.count(fd), 2);
    assertEquals(Number(guest.vcpu.getRegs().rip), kernel === "4.4" ? rip + 1 : rip);
  }
});

Deno.test("a length of 0 leaves RIP where it is: the doorbell rings until the limit", () => {
  using guest = makeGuest({ misconfigLength: 0, code: [...STORE, ...STORE, HLT], regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.vcpu.run({ maxInstructions: 50 }).reason, "intr");
  assertEquals(guest.count(fd), 50);
  assertEquals(Number(guest.vcpu.getRegs().rip), CODE + 2);
});

/** movss [rdi], xmm0: silicon knows it, KVM's emulator does not. */
const UNKNOWN_TO_KVM = [0xf3, 0x0f, 0x11, 0x07];

Deno.test("a skip that cannot decode signals first and then is an internal error", () => {
  using guest = makeGuest({
    hostIsVirtualised: true,
    code: [...STORE, ...UNKNOWN_TO_KVM, HLT],
    regs: at,
  });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run(), ["internal_error 1"]);
  assertEquals(guest.count(fd), 2);
});

Deno.test("fast-skip-reexec: with retries the doorbell rings for ever", () => {
  using guest = makeGuest({
    release: quirk("6.19", { skipFailureReexecutes: true }),
    hostIsVirtualised: true,
    code: [...STORE, ...UNKNOWN_TO_KVM, HLT],
    regs: at,
  });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.vcpu.run({ maxInstructions: 20 }).reason, "intr");
  assertEquals(guest.count(fd), 20);
});

Deno.test("fast-no-singlestep: a fast hit loses the trap of TF in 4.4, and delivers it in 6.19", () => {
  for (const [kernel, rip] of [["4.4", CODE + 5], ["6.19", 0x5002]] as const) {
    // mov [rdi], eax; popf (TF on, in one go with the doorbell); mov [rdi], eax; hlt
    using guest = makeGuest({ kernel, code: [...STORE, 0x9d, ...STORE, HLT], regs: at });
    guest.view.setBigUint64(0xbf00, 0x102n, true);
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run(), []);
    assertEquals(guest.count(fd), 2);
    const end = Number(guest.vcpu.getRegs().rip);
    // 4.4 traps one instruction late: after HLT's exit nothing is left to trap.
    assertEquals(end, kernel === "4.4" ? rip + 1 : rip, kernel);
  }
});

Deno.test("a debugger's single step over a fast hit is KVM_EXIT_DEBUG in 6.19", () => {
  using guest = makeGuest({ code: [...STORE, ...STORE, HLT], regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  for (let step = 0; step < 2; step++) {
    // The first store is emulated, after which KVM forgets the debugger's TF.
    guest.vcpu.singleStep = true;
    assertEquals(guest.vcpu.run().reason, "debug");
  }
  assertEquals(guest.count(fd), 2);
  assertEquals(Number(guest.vcpu.getRegs().rip), CODE + 4);
});

Deno.test("up to 4.4 mmio_exits counts the first touch of a page alone, and no failed emulation", () => {
  for (const [kernel, counted] of [["3.16", 1], ["4.4", 1], ["5.15", 3], ["6.19", 3]] as const) {
    using guest = makeGuest({ kernel, code: [...STORE, ...STORE, ...STORE, HLT], regs: at });
    assertEquals(guest.run().length, 3);
    assertEquals(guest.vcpu.stats.mmioExits, counted);
    // movss [rdi], xmm0
    using failing = makeGuest({ kernel, code: [0xf3, 0x0f, 0x11, 0x07, HLT], regs: at });
    assertEquals(failing.run(), ["internal_error 1"]);
    assertEquals(failing.vcpu.stats.mmioExits, 0);
  }
});

Deno.test("up to 4.4 mmio_exits counts a misconfig that finds its SPTE out of date", () => {
  for (const [kernel, counted] of [["4.4", 2], ["6.19", 2]] as const) {
    using guest = makeGuest({ kernel, code: [...STORE, ...STORE, HLT], regs: at });
    assertEquals(guest.vcpu.run().reason, "mmio");
    const { hva } = guest.kvm.allocateMemory(0x1000);
    guest.vm.setMemoryRegion({ slot: 1, gpa: 0x4000_0000n, size: 0x1000n, hva });
    assertEquals(guest.vcpu.run().reason, "mmio");
    assertEquals(guest.vcpu.stats.mmioExits, counted, kernel);
  }
});

Deno.test("port80-bypass: an ioeventfd at port 0x80 is silent up to 4.4", () => {
  for (const [kernel, count] of [["3.14", 0], ["4.4", 0], ["5.15", 1], ["6.19", 1]] as const) {
    // out 0x80, al; hlt
    using guest = makeGuest({ kernel, code: [0xe6, 0x80, HLT] });
    const fd = guest.doorbell(0x80, 1, undefined, "pio");
    assertEquals(guest.run(), []);
    assertEquals(guest.count(fd), count, kernel);
  }
});

Deno.test("out-rip-early: RIP has moved when userspace sees an OUT, up to 4.4", () => {
  for (const [kernel, moved] of [["3.14", 2], ["4.4", 2], ["5.15", 0], ["6.19", 0]] as const) {
    using guest = makeGuest({ kernel, code: [0xe6, 0x10, HLT] });
    assertEquals(guest.vcpu.run().reason, "io");
    assertEquals(Number(guest.vcpu.getRegs().rip) - CODE, moved, kernel);
    assertEquals(guest.vcpu.run().reason, "hlt");
    assertEquals(Number(guest.vcpu.getRegs().rip) - CODE, 3);
  }
});

Deno.test("out-rip-early: port 0x7e keeps the old order, and a RIP userspace set is not moved", () => {
  using quirky = makeGuest({ code: [0xe6, 0x7e, HLT] });
  quirky.vcpu.run();
  assertEquals(Number(quirky.vcpu.getRegs().rip) - CODE, 2);
  using reset = makeGuest({ code: [0xe6, 0x10, 0x90, 0x90, HLT] });
  reset.vcpu.run();
  reset.vcpu.setRegs({ ...reset.vcpu.getRegs(), rip: BigInt(CODE + 3) });
  assertEquals(reset.vcpu.run().reason, "hlt");
  assertEquals(Number(reset.vcpu.getRegs().rip) - CODE, 5);
});

Deno.test("pio-oob-read: a string read of a device in the kernel, by release", () => {
  const expected = [["4.4", [1, 0, 0], 1], ["5.15", [1, 2, 3], 3], ["6.19", [1, 2, 3], 3]] as const;
  for (const [kernel, bytes, calls] of expected) {
    // mov ecx, 3; rep insb; hlt
    using guest = makeGuest({
      kernel,
      code: [0xb9, 3, 0, 0, 0, 0xf3, 0x6c, HLT],
      regs: { rdx: 0x60n, rdi: 0x9000n },
    });
    let reads = 0;
    guest.vm.bus(1).register(0x60, 0, 1, {
      write: () => -95,
      read: (_lo, _hi, _len, out) => {
        out[0] = ++reads;
        return 0;
      },
    });
    assertEquals(guest.run(), []);
    assertEquals([...guest.ram.subarray(0x9000, 0x9003)], [...bytes], kernel);
    assertEquals(reads, calls, kernel);
  }
});

Deno.test("a string read that a device gives up on: the whole batch to userspace, or zeroes", () => {
  for (const [kernel, exits] of [["5.15", ["io read 60 3"]], ["6.19", []]] as const) {
    using guest = makeGuest({
      kernel,
      code: [0xb9, 3, 0, 0, 0, 0xf3, 0x6c, HLT],
      regs: { rdx: 0x60n, rdi: 0x9000n },
    });
    let reads = 0;
    guest.vm.bus(1).register(0x60, 0, 1, {
      write: () => -95,
      read: (_lo, _hi, _len, out) => {
        if (reads++ > 0) return -95;
        out[0] = 7;
        return 0;
      },
    });
    assertEquals(guest.run(0x030201n), [...exits]);
    const memory = [...guest.ram.subarray(0x9000, 0x9003)];
    assertEquals(memory, kernel === "6.19" ? [7, 0, 0] : [1, 2, 3]);
  }
});

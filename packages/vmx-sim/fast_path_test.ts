// KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_ept_misconfig, handle_ept_violation
import { assert, assertEquals } from "@std/assert";
import { kernelReleases } from "@ioeventfd/uapi";
import { makeGuest, MMIO } from "./testdata/guest.ts";

const HLT = 0xf4;
/** mov [rdi], eax */
const STORE = [0x89, 0x07];
const at = { rdi: BigInt(MMIO + 0x40), rax: 0x1234n };
const withFastBus = kernelReleases.filter((kernel) => kernel.ioeventfd.fastMmioBus !== "none");

for (const kernel of withFastBus) {
  Deno.test(`a zero-length doorbell of ${kernel.name} does no page lookup after the first touch`, () => {
    using guest = makeGuest({
      release: kernel,
      code: [...STORE, ...STORE, ...STORE, HLT],
      regs: at,
    });
    const fd = guest.doorbell(MMIO + 0x40);
    const exits = guest.run();
    // Before 4.4 the slow path of the first touch cannot find it.
    const isFound = kernel.bus.zeroLengthFindable;
    assertEquals(exits, isFound ? [] : ["mmio write d0000040 34120000"]);
    assertEquals(guest.count(fd), isFound ? 3 : 2);
    const fast = guest.vcpu.work.work("fast-mmio");
    assertEquals(fast.exits, 2);
    assertEquals(fast.fetchPageTableReads + fast.dataPageTableReads + fast.eptReads, 0);
    assertEquals(fast.bytesFetched + fast.decoded + fast.emulated, 0);
    assert(fast.busCompares > 0);
    const touch = isFound ? "first-touch-kernel" : "first-touch-userspace";
    const first = guest.vcpu.work.work(touch);
    assertEquals([first.exits, first.decoded, first.bytesFetched], [1, 1, 15]);
    assert(first.fetchPageTableReads > 0 && first.spteInstalls === 1);
  });
}

Deno.test("a fixed-length doorbell is fetched and decoded at every kick", () => {
  using guest = makeGuest({ code: [...STORE, ...STORE, ...STORE, HLT], regs: at });
  const fd = guest.doorbell(MMIO + 0x40, 4);
  assertEquals(guest.run(), []);
  assertEquals(guest.count(fd), 3);
  const slow = guest.vcpu.work.work("mmio-kernel");
  assertEquals([slow.exits, slow.decoded, slow.bytesFetched], [2, 2, 30]);
  // Three levels, because the guest has 2 MiB pages; the data's address comes from the exit.
  assertEquals([slow.fetchPageTableReads, slow.dataPageTableReads], [6, 0]);
});

Deno.test("before the exit's address was used, the data's page tables are walked too", () => {
  using guest = makeGuest({ kernel: "4.4", code: [...STORE, ...STORE, HLT], regs: at });
  guest.doorbell(MMIO + 0x40, 4);
  guest.run();
  const slow = guest.vcpu.work.work("mmio-kernel");
  assertEquals([slow.exits, slow.fetchPageTableReads, slow.dataPageTableReads], [1, 3, 3]);
});

Deno.test("fast-read-swallow: a load of a zero-length address signals and is skipped", () => {
  // mov [rdi], eax; mov eax, [rdi]; hlt
  using guest = makeGuest({ code: [...STORE, 0x8b, 0x07, HLT], regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run(), []);
  assertEquals(guest.count(fd), 2);
  assertEquals(guest.vcpu.getRegs().rax, 0x1234n);
});

Deno.test("a load of a zero-length address goes to userspace at the first touch", () => {
  using guest = makeGuest({ code: [0x8b, 0x07, HLT], regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run(0xcafen), ["mmio read d0000040 4"]);
  assertEquals(guest.count(fd), 0);
  assertEquals(guest.vcpu.getRegs().rax, 0xcafen);
});

Deno.test("fast-rep-skip: a REP STOS at a zero-length address signals once", () => {
  // mov [rdi], eax; mov ecx, 5; rep stosd; hlt
  const code = [...STORE, 0xb9, 5, 0, 0, 0, 0xf3, 0xab, HLT];
  using guest = makeGuest({ code, regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run(), []);
  assertEquals(guest.count(fd), 2);
  assertEquals(guest.vcpu.getRegs().rcx, 5n);
  assertEquals(guest.vcpu.getRegs().rdi, at.rdi);
});

Deno.test("the same REP STOS with fixed length signals per element that matches", () => {
  const code = [...STORE, 0xb9, 5, 0, 0, 0, 0xf3, 0xab, HLT];
  using guest = makeGuest({ code, regs: at });
  const first = guest.doorbell(MMIO + 0x40, 4);
  const third = guest.doorbell(MMIO + 0x48, 4);
  assertEquals(guest.run(), [
    "mmio write d0000044 34120000",
    "mmio write d000004c 34120000",
    "mmio write d0000050 34120000",
  ]);
  assertEquals([guest.count(first), guest.count(third)], [2, 1]);
  assertEquals(guest.vcpu.getRegs().rcx, 0n);
});

Deno.test("a store that begins below a zero-length address does not hit it", () => {
  using guest = makeGuest({ code: [...STORE, ...STORE, HLT], regs: { ...at, rdi: at.rdi - 2n } });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run().length, 2);
  assertEquals(guest.count(fd), 0);
});

Deno.test("a 16-byte store is offered in two pieces, and the first nobody takes ends it", () => {
  // movups [rdi], xmm0; hlt
  const code = [0x0f, 0x11, 0x07, HLT];
  using both = makeGuest({ code, regs: at });
  const low = both.doorbell(MMIO + 0x40, 8);
  const high = both.doorbell(MMIO + 0x48, 8);
  assertEquals(both.run(), []);
  assertEquals([both.count(low), both.count(high)], [1, 1]);
  using alone = makeGuest({ code, regs: at });
  const second = alone.doorbell(MMIO + 0x48, 8);
  assertEquals(alone.run().length, 2);
  assertEquals(alone.count(second), 0);
});

Deno.test("a store across pages is offered whole before userspace sees its first part", () => {
  using guest = makeGuest({ code: [...STORE, HLT], regs: { ...at, rdi: BigInt(MMIO + 0xffd) } });
  const second = guest.doorbell(MMIO + 0x1000, 1);
  const exit = guest.vcpu.run();
  assert(exit.reason === "mmio" && exit.len === 3 && exit.addr === BigInt(MMIO + 0xffd));
  assertEquals(guest.count(second), 1);
  assertEquals(guest.vcpu.run().reason, "hlt");
});

Deno.test("a failing cmpxchg writes the old value back, and so signals", () => {
  // lock cmpxchg [rdi], ecx; hlt
  const code = [0xf0, 0x0f, 0xb1, 0x0f, HLT];
  using guest = makeGuest({ code, regs: { ...at, rcx: 9n } });
  const fd = guest.doorbell(MMIO + 0x40, 4, 0x5566_7788n);
  assertEquals(guest.run(), ["mmio read d0000040 4"]);
  assertEquals(guest.count(fd), 1);
  assertEquals(guest.vcpu.getRegs().rax, 0x5566_7788n);
});

Deno.test("shadow paging has no fast path", () => {
  using guest = makeGuest({
    paging: "shadow",
    code: [...STORE, ...STORE, ...STORE, HLT],
    regs: at,
  });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run(), []);
  assertEquals(guest.count(fd), 3);
  assertEquals(guest.vcpu.work.work("fast-mmio").exits, 0);
  const slow = guest.vcpu.work.work("mmio-kernel");
  // The address is in the cache of the page last taken for MMIO: no walk for the data.
  assertEquals([slow.exits, slow.decoded, slow.dataPageTableReads], [2, 2, 0]);
});

Deno.test("a zero-length doorbell at the LAPIC's page is fast, but the slow path is the LAPIC's", () => {
  using guest = makeGuest({
    code: [...STORE, ...STORE, 0xe6, 0x10, HLT],
    regs: { rdi: 0xfee0_0300n },
    prepare: (vm) => vm.createIrqchip(),
  });
  const fd = guest.doorbell(0xfee0_0300);
  assertEquals(guest.vcpu.run().reason, "io");
  assertEquals(guest.count(fd), 1);
});

Deno.test("without MMIO caching every kick is an EPT violation on the slow path", () => {
  using guest = makeGuest({ mmioCaching: false, code: [...STORE, ...STORE, HLT], regs: at });
  const fd = guest.doorbell(MMIO + 0x40);
  assertEquals(guest.run(), []);
  assertEquals(guest.count(fd), 2);
  assertEquals(guest.vcpu.work.work("first-touch-kernel").exits, 2);
  assertEquals(guest.vcpu.stats.pfMmioSpteCreated, 0);
});

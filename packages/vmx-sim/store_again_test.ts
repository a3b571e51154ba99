import { assertEquals } from "@std/assert";
import { makeGuest, MMIO } from "./testdata/guest.ts";

/** A store, two exchanges that turn rdi, rsi, rbx round, and a loop: `mov [rdi], ecx` three times at each address. */
const CODE = [0x89, 0x0f, 0x48, 0x87, 0xf7, 0x48, 0x87, 0xde, 0xff, 0xc9, 0x75, 0xf4, 0xf4];

/** Five stores and HLT: `mov [rdi], ecx` but for the third, `mov [rsi], ecx`. */
const STORES = [0x89, 0x0f, 0x89, 0x0f, 0x89, 0x0e, 0x89, 0x0f, 0x89, 0x0f, 0xf4];

for (const len of [0, 4] as const) {
  Deno.test(`one store at a doorbell of ${len} bytes, at memory and at a device, in turn`, () => {
    using guest = makeGuest({
      code: CODE,
      regs: { rdi: BigInt(MMIO), rsi: 0x9000n, rbx: BigInt(MMIO + 0x1000), rcx: 9n },
    });
    const fd = guest.doorbell(MMIO, len);
    const exits = [7, 4, 1].map((ecx) => `mmio write d0001000 0${ecx}000000`);
    assertEquals(guest.run(), exits);
    assertEquals([guest.count(fd), guest.view.getUint32(0x9000, true)], [3, 2]);
  });
}

Deno.test("a store that rang takes both pages when it crosses into the next", () => {
  using guest = makeGuest({
    code: CODE,
    regs: { rdi: BigInt(MMIO), rsi: BigInt(MMIO + 0xffe), rbx: BigInt(MMIO), rcx: 3n },
  });
  const fd = guest.doorbell(MMIO);
  assertEquals(guest.run(), ["mmio write d0000ffe 0200", "mmio write d0001000 0000"]);
  assertEquals(guest.count(fd), 2);
});

Deno.test("a store that rang faults where the address is not canonical", () => {
  using guest = makeGuest({
    code: CODE,
    regs: { rdi: BigInt(MMIO), rsi: 0x8000_d000_0000n, rbx: BigInt(MMIO), rcx: 3n },
  });
  const fd = guest.doorbell(MMIO);
  assertEquals(guest.run(), []);
  // The handler of #GP is a HLT.
  assertEquals([guest.count(fd), guest.vcpu.getRegs().rip], [1, 0x500en]);
});

Deno.test("a store that rang goes to memory once there is some", () => {
  using guest = makeGuest({
    code: CODE,
    regs: { rdi: BigInt(MMIO), rsi: BigInt(MMIO), rbx: BigInt(MMIO), rcx: 3n },
  });
  const fd = guest.doorbell(MMIO, 4);
  const regs = guest.vcpu.getRegs();
  guest.run();
  const { bytes, hva } = guest.kvm.allocateMemory(0x1000);
  guest.vm.setMemoryRegion({ slot: 1, gpa: BigInt(MMIO), size: 0x1000n, hva });
  guest.vcpu.setRegs(regs);
  assertEquals(guest.run(), []);
  assertEquals([guest.count(fd), bytes[0]], [3, 1]);
});

for (const len of [0, 4] as const) {
  Deno.test(`stores that follow each other to a doorbell of ${len} bytes are instructions each`, () => {
    using guest = makeGuest({ code: STORES, regs: { rdi: BigInt(MMIO), rsi: BigInt(MMIO) } });
    const fd = guest.doorbell(MMIO, len);
    const regs = guest.vcpu.getRegs();
    guest.run();
    assertEquals(guest.count(fd), 5);
    const { instructions } = guest.vcpu.work.siliconWork();
    guest.vcpu.setRegs(regs);
    assertEquals(guest.vcpu.run({ maxInstructions: 3 }).reason, "intr");
    assertEquals([guest.count(fd), guest.vcpu.getRegs().rip - regs.rip], [8, 6n]);
    assertEquals(guest.vcpu.run({ maxInstructions: 2 }).reason, "intr");
    assertEquals([guest.count(fd), guest.vcpu.getRegs().rip - regs.rip], [10, 10n]);
    assertEquals(guest.run(), []);
    assertEquals(guest.vcpu.work.siliconWork().instructions, instructions * 2);
  });
}

Deno.test("stores that follow each other leave for userspace where nobody claims them", () => {
  using guest = makeGuest({ code: STORES, regs: { rdi: BigInt(MMIO), rsi: BigInt(MMIO) } });
  const fd = guest.doorbell(MMIO);
  const regs = guest.vcpu.getRegs();
  guest.run();
  assertEquals(guest.count(fd), 5);
  guest.vcpu.setRegs({ ...regs, rsi: BigInt(MMIO + 4), rcx: 0x1234n });
  assertEquals(guest.run(), ["mmio write d0000004 34120000"]);
  assertEquals(guest.count(fd), 9);
});

Deno.test("stores that follow each other trap one by one with TF set", () => {
  using guest = makeGuest({ code: STORES, regs: { rdi: BigInt(MMIO), rsi: BigInt(MMIO) } });
  const fd = guest.doorbell(MMIO);
  const regs = guest.vcpu.getRegs();
  guest.run();
  assertEquals(guest.count(fd), 5);
  guest.vcpu.setRegs({ ...regs, rflags: regs.rflags | 0x100n });
  assertEquals(guest.run(), []);
  // The handler of #DB is a HLT.
  assertEquals(guest.count(fd), 6);
});

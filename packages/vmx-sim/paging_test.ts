import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Guest } from "./testdata/guest.ts";
import { flatSegment } from "@ioeventfd/uapi";
import { CODE, makeGuest, MMIO } from "./testdata/guest.ts";
import { VmxBackend } from "./vmx_backend.ts";
import type { VmxOptions } from "./vmx_options.ts";

const HLT = 0xf4;
/** mov [rdi], eax; mov [rdi], eax; hlt */
const TWO_STORES = [0x89, 0x07, 0x89, 0x07, HLT];
const kinds = ["ept", "shadow"] as const;

/** Puts page tables at 0x30000 and switches to them. */
function setPaging(guest: Guest, entries: Record<number, bigint>, size: 4 | 8, cr4: bigint): void {
  for (const [at, entry] of Object.entries(entries)) {
    if (size === 8) guest.view.setBigUint64(Number(at), entry, true);
    else guest.view.setUint32(Number(at), Number(entry), true);
  }
  const sregs = guest.vcpu.getSregs();
  guest.vcpu.setSregs({ ...sregs, cr0: sregs.cr0 | 0x8001_0001n, cr3: 0x3_0000n, cr4 });
}

Deno.test("VmxBackend.open() takes no third kind of paging", () => {
  const other = new VmxBackend({ paging: "npt" } as unknown as VmxOptions);
  assertThrows(() => other.open(), TypeError, 'got "npt"');
});

for (const paging of kinds) {
  Deno.test(`5-level paging with ${paging}: a doorbell behind five tables`, () => {
    using guest = makeGuest({
      paging,
      code: TWO_STORES,
      regs: { rdi: 0x0100_8000_0012_3040n | 0xff00_0000_0000_0000n },
    });
    setPaging(
      guest,
      {
        0x3_0000: 0x3_1003n, // the code below 2 MiB
        0x3_1000: 0x3_2003n,
        0x3_2000: 0x3_3003n,
        0x3_3000: 0x83n,
        [0x3_0000 + 256 * 8]: 0x3_4003n,
        [0x3_4000 + 256 * 8]: 0x3_5003n,
        0x3_5000: 0x3_6003n,
        0x3_6000: 0x3_7003n,
        [0x3_7000 + 0x123 * 8]: BigInt(MMIO) + 3n,
      },
      8,
      0x1620n,
    );
    guest.vcpu.setRegs({ ...guest.vcpu.getRegs(), rdi: 0xff00_8000_0012_3040n });
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run(), []);
    assertEquals(guest.count(fd), 2);
    assertEquals(guest.view.getBigUint64(0x3_7000 + 0x123 * 8, true), BigInt(MMIO) + 0x63n);
  });

  Deno.test(`PAE paging with ${paging}`, () => {
    using guest = makeGuest({
      paging,
      mode: "flat32",
      code: TWO_STORES,
      regs: { rdi: 0xc020_1040n },
    });
    setPaging(
      guest,
      {
        0x3_0000: 0x3_1001n,
        0x3_1000: 0x83n,
        0x3_0018: 0x3_2001n,
        0x3_2008: 0x3_3003n,
        0x3_3008: 0x1_d000_0003n,
      },
      8,
      0x20n,
    );
    const fd = guest.doorbell(0x1_d000_0040);
    assertEquals(guest.run(), []);
    assertEquals(guest.count(fd), 2);
  });

  Deno.test(`32-bit paging with ${paging}: a 4 KiB and a 4 MiB page`, () => {
    using guest = makeGuest({
      paging,
      mode: "flat32",
      code: [0x89, 0x07, 0x89, 0x06, HLT],
      regs: { rdi: 0x40_2040n, rsi: 0x80_0044n },
    });
    setPaging(
      guest,
      { 0x3_0000: 0x83n, 0x3_0004: 0x3_1003n, 0x3_1008: BigInt(MMIO) + 3n, 0x3_0008: 0xd040_0083n },
      4,
      0x10n,
    );
    const small = guest.doorbell(MMIO + 0x40);
    const large = guest.doorbell(0xd040_0044);
    assertEquals(guest.run(), []);
    assertEquals([guest.count(small), guest.count(large)], [1, 1]);
  });

  Deno.test(`1 GiB pages with ${paging}`, () => {
    using guest = makeGuest({ paging, code: TWO_STORES, regs: { rdi: 0xd000_0040n } });
    setPaging(
      guest,
      { 0x3_0000: 0x3_1003n, 0x3_1000: 0x83n, 0x3_1018: 0xc000_0083n },
      8,
      0x620n,
    );
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run(), []);
    assertEquals(guest.count(fd), 2);
  });

  Deno.test(`the guest's own page fault reaches its handler with ${paging}`, () => {
    using guest = makeGuest({ paging, code: TWO_STORES, regs: { rdi: 0x1_0000_0040n } });
    const fd = guest.doorbell(0x1_0000_0040);
    assertEquals(guest.run(), []);
    assertEquals(Number(guest.vcpu.getRegs().rip), 0x500f);
    assertEquals(guest.vcpu.getSregs().cr2, 0x1_0000_0040n);
    // Error code: a write to what is not present.
    assertEquals(guest.view.getUint32(Number(guest.vcpu.getRegs().rsp), true), 2);
    assertEquals(guest.count(fd), 0);
  });

  Deno.test(`a read-only guest page with a doorbell behind it faults with ${paging}`, () => {
    using guest = makeGuest({ paging, code: TWO_STORES, regs: { rdi: BigInt(MMIO + 0x40) } });
    guest.view.setBigUint64(0x2_5000 + 128 * 8, BigInt(MMIO) | 0x81n, true);
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run(), []);
    assertEquals(Number(guest.vcpu.getRegs().rip), 0x500f);
    assertEquals(guest.view.getUint32(Number(guest.vcpu.getRegs().rsp), true), 3);
    assertEquals(guest.count(fd), 0);
  });

  Deno.test(`user code may not touch a supervisor's doorbell with ${paging}`, () => {
    // User pages for code and stack, not for the doorbell; iretq is not needed: start at CPL 3.
    using guest = makeGuest({ paging, code: TWO_STORES, regs: { rdi: BigInt(MMIO + 0x40) } });
    guest.view.setBigUint64(0x2_0000, 0x2_1007n, true);
    for (let i = 0; i < 4; i++) {
      guest.view.setBigUint64(0x2_1000 + i * 8, BigInt(0x2_2007 + i * 0x1000), true);
    }
    guest.view.setBigUint64(0x2_2000, 0x87n, true);
    guest.view.setBigUint64(0x7018, 0x00af_fb00_0000_ffffn, true);
    guest.view.setBigUint64(0x6004, 0xbf00n, true);
    const data = flatSegment({ selector: 0x23, dpl: 3 });
    const sregs = guest.vcpu.getSregs();
    guest.vcpu.setSregs({
      ...sregs,
      cs: flatSegment({ selector: 0x1b, type: 11, db: 0, l: 1, dpl: 3 }),
      ss: data,
      ds: data,
      tr: flatSegment({ base: 0x6000n, limit: 0x67, selector: 0x28, type: 11, s: 0 }),
    });
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.run(), []);
    assertEquals(Number(guest.vcpu.getRegs().rip), 0x500f);
    // Present, write, user.
    assertEquals(guest.view.getUint32(Number(guest.vcpu.getRegs().rsp), true), 7);
    assertEquals(guest.count(fd), 0);
    // Once the page is the user's too, it rings.
    guest.view.setBigUint64(0x2_5000 + 128 * 8, BigInt(MMIO) | 0x87n, true);
    guest.vcpu.setSregs({
      ...sregs,
      cs: flatSegment({ selector: 0x1b, type: 11, db: 0, l: 1, dpl: 3 }),
      ss: data,
      ds: data,
    });
    guest.vcpu.setRegs({ ...guest.vcpu.getRegs(), rip: BigInt(CODE) });
    guest.vcpu.run();
    assertEquals(guest.count(fd), 2);
  });

  Deno.test(`changed page tables are seen after CR3 is loaded with ${paging}`, () => {
    // mov [rdi], eax; mov rax, cr3; out 0x10, al; mov cr3, rax; mov [rdi], eax; hlt
    const code = [0x89, 0x07, 0x0f, 0x20, 0xd8, 0xe6, 0x10, 0x0f, 0x22, 0xd8, 0x89, 0x07, HLT];
    using guest = makeGuest({ paging, code, regs: { rdi: BigInt(MMIO + 0x40) } });
    const fd = guest.doorbell(MMIO + 0x40);
    assertEquals(guest.vcpu.run().reason, "io");
    guest.view.setBigUint64(0x2_5000 + 128 * 8, 0x83n, true);
    assertEquals(guest.vcpu.run().reason, "hlt");
    assertEquals(guest.count(fd), 1);
    assertEquals(guest.view.getUint32(0x40, true), 0x2_0000);
  });

  Deno.test(`INVLPG forgets one page with ${paging}`, () => {
    // mov [rdi], eax; out 0x10, al; invlpg [rdi]; mov [rdi], eax; hlt
    const code = [0x89, 0x07, 0xe6, 0x10, 0x0f, 0x01, 0x3f, 0x89, 0x07, HLT];
    using guest = makeGuest({ paging, code, regs: { rdi: BigInt(MMIO + 0x40), rax: 0x55n } });
    const fd = guest.doorbell(MMIO + 0x40);
    guest.vcpu.run();
    guest.view.setBigUint64(0x2_5000 + 128 * 8, 0x83n, true);
    assertEquals(guest.vcpu.run().reason, "hlt");
    assertEquals([guest.count(fd), guest.ram[0x40]], [1, 0x55]);
  });
}

Deno.test("page tables on a doorbell page: the CPU's own walk misconfigures, and the doorbell rings", () => {
  using guest = makeGuest({ code: TWO_STORES, regs: { rdi: BigInt(MMIO + 0x40) } });
  // The page directory of the third GiB lies in MMIO.
  guest.view.setBigUint64(0x2_1000 + 3 * 8, 0xe000_0003n, true);
  const fd = guest.doorbell(0xe000_0000 + 128 * 8);
  const exit = guest.vcpu.run({ maxInstructions: 40 });
  // First the violation; KVM's walk finds no memory there and gives the guest a page fault.
  assertEquals(exit.reason, "hlt");
  assertEquals(Number(guest.vcpu.getRegs().rip), 0x500f);
  assertEquals(guest.count(fd), 0);
  guest.vcpu.setRegs({ ...guest.vcpu.getRegs(), rip: BigInt(CODE) });
  guest.vcpu.run({ maxInstructions: 40 });
  assert(guest.count(fd) > 0);
});

Deno.test("a guest goes from real mode to long mode by itself", () => {
  const code = [
    ...[0xfa, 0x0f, 0x01, 0x16, 0x00, 0x0f], // cli; lgdt [0xf00]
    ...[0x0f, 0x20, 0xe0, 0x66, 0x83, 0xc8, 0x20, 0x0f, 0x22, 0xe0], // cr4 |= PAE
    ...[0x66, 0xb8, 0x00, 0x00, 0x02, 0x00, 0x0f, 0x22, 0xd8], // cr3 = 0x20000
    ...[0x66, 0xb9, 0x80, 0x00, 0x00, 0xc0, 0x66, 0xb8, 0x00, 0x01, 0x00, 0x00], // EFER.LME
    ...[0x66, 0xba, 0, 0, 0, 0, 0x0f, 0x30],
    ...[0x66, 0xb8, 0x11, 0x00, 0x00, 0x80, 0x0f, 0x22, 0xc0], // cr0 = PG | ET | PE
    ...[0xea, 0x00, 0x20, 0x08, 0x00], // jmp 8:0x2000
  ];
  using guest = makeGuest({ mode: "real", code });
  const sregs = guest.vcpu.getSregs();
  const ds = { ...sregs.ds, base: 0n };
  guest.vcpu.setSregs({ ...sregs, ds });
  guest.ram.set([0x27, 0, 0, 0x70, 0, 0], 0xf00);
  guest.view.setBigUint64(0x7008, 0x00af_9b00_0000_ffffn, true);
  guest.view.setBigUint64(0x2_0000, 0x2_1003n, true);
  guest.view.setBigUint64(0x2_1000, 0x83n, true);
  guest.view.setBigUint64(0x2_1018, 0xc000_0083n, true);
  // mov edi, 0xd0000040; mov [rdi], eax; hlt
  guest.ram.set([0xbf, 0x40, 0x00, 0x00, 0xd0, 0x48, 0x89, 0x07, HLT], 0x2000);
  const fd = guest.doorbell(MMIO + 0x40, 8);
  assertEquals(guest.run(), []);
  assertEquals(guest.count(fd), 1);
  assertEquals(guest.vcpu.getSregs().efer, 0x500n);
});

Deno.test("the page last taken for MMIO does not let a supervisor by CR4.SMAP, nor hold one up by CR0.WP", () => {
  // mov [rdi], eax; and dword [rsp], ~AC; popf; mov [rdi], eax; hlt
  const code = [0x89, 0x07, 0x81, 0x24, 0x24, 0xff, 0xff, 0xfb, 0xff, 0x9d, 0x89, 0x07, 0xf4];
  using guest = makeGuest({
    code,
    paging: "shadow",
    regs: { rdi: BigInt(MMIO), rflags: 0x4_0002n },
  });
  const { vcpu } = guest;
  guest.view.setBigUint64(0xbf00, 0x4_0002n, true);
  // A user page: every level of it.
  for (const entry of [0x2_0000, 0x2_1018]) guest.ram[entry]! |= 4;
  guest.ram[0x2_2000 + MMIO / 0x20_0000 * 8]! |= 4;
  vcpu.setSregs({ ...vcpu.getSregs(), cr4: 0x20_0620n });
  assertEquals(guest.run(), ["mmio write d0000000 00000000"]);
  assertEquals(Number(vcpu.getRegs().rip), 0x500f);
  assertEquals(vcpu.getSregs().cr2, BigInt(MMIO));
});

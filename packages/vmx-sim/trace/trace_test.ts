import { assertEquals, assertMatch } from "@std/assert";
import { ftraceHeader, FtraceWriter } from "./ftrace_writer.ts";
import type { TraceSink } from "./ftrace_writer.ts";
import { makeGuest, MMIO } from "../testdata/guest.ts";
import type { GuestOptions } from "../testdata/guest.ts";

const HLT = 0xf4;
/** mov [rdi], eax */
const STORE = [0x89, 0x07];
const at = { rdi: BigInt(MMIO + 0x40), rax: 0x1234n };

/** Runs a guest with a doorbell and gives the events from the `skip`-th MMIO or I/O exit on. */
function events(
  options: GuestOptions,
  doorbell: (guest: ReturnType<typeof makeGuest>) => void,
  skip: number,
): string[] {
  const lines: string[] = [];
  const trace: TraceSink = { event: (name, text) => void lines.push(`${name}: ${text}`) };
  using guest = makeGuest({ ...options, trace });
  doorbell(guest);
  guest.run();
  const exits = lines.flatMap((line, i) => /^kvm_exit.*(MISCONFIG|IO_INS)/.test(line) ? [i] : []);
  const from = skip < 0 ? lines.findIndex((line) => line.includes("d0000040")) - 1 : exits[skip]!;
  const to = lines.findIndex((line, i) => i > from && line.startsWith("kvm_entry"));
  return lines.slice(from, to + 1);
}

function names(lines: readonly string[]): string {
  return lines.map((line) => line.split(":")[0]).join(" ");
}

/** A store that the cache of the page last taken for MMIO knows. */
const slow = "kvm_exit kvm_emulate_insn vcpu_match_mmio kvm_mmio kvm_entry";

const zeroLength = (guest: ReturnType<typeof makeGuest>): void => void guest.doorbell(MMIO + 0x40);
const fixedLength = (guest: ReturnType<typeof makeGuest>): void =>
  void guest.doorbell(MMIO + 0x40, 4);
const stores = { code: [...STORE, ...STORE, HLT], regs: at };

Deno.test("a fast hit is traced as the release traces it", () => {
  assertEquals(names(events({ ...stores, kernel: "3.16" }, zeroLength, 0)), "kvm_exit kvm_entry");
  assertEquals(events({ ...stores, kernel: "4.4" }, zeroLength, 0), [
    "kvm_exit: reason EPT_MISCONFIG rip 0x1002 info 0 0",
    "kvm_fast_mmio: fast mmio at gpa 0xd0000040",
    "kvm_entry: vcpu 0",
  ]);
  assertEquals(events({ ...stores, kernel: "5.15" }, zeroLength, 0), [
    "kvm_exit: vcpu 0 reason EPT_MISCONFIG rip 0x1002 info1 0x0000000000000000 " +
    "info2 0x0000000000000000 intr_info 0x00000000 error_code 0x00000000",
    "kvm_fast_mmio: fast mmio at gpa 0xd0000040",
    "kvm_entry: vcpu 0, rip 0x1004",
  ]);
  assertEquals(events({ ...stores, kernel: "6.19" }, zeroLength, 0), [
    "kvm_exit: vcpu 0 reason EPT_MISCONFIG rip 0x1002 info1 0x0000000000000000 " +
    "info2 0x0000000000000000 intr_info 0x00000000 error_code 0x00000000 " +
    "requests 0x0000000000000000",
    "kvm_fast_mmio: fast mmio at gpa 0xd0000040",
    "kvm_entry: vcpu 0, rip 0x1004 intr_info 0x00000000 error_code 0x00000000",
  ]);
  const nested = { ...stores, hostIsVirtualised: true };
  assertEquals(
    names(events(nested, zeroLength, 0)),
    "kvm_exit kvm_fast_mmio kvm_emulate_insn kvm_entry",
  );
});

Deno.test("a slow hit is traced in the order of the work", () => {
  assertEquals(events(stores, fixedLength, 0).slice(1, -1), [
    "kvm_emulate_insn: 0:1002:89 07 (prot64)",
    "vcpu_match_mmio: gva 0xd0000040 gpa 0xd0000040 Write GPA",
    "kvm_mmio: mmio write len 4 gpa 0xd0000040 val 0x1234",
  ]);
});

Deno.test("the first touch marks an MMIO SPTE with its generation", () => {
  const lines = events(stores, fixedLength, -1);
  assertEquals(
    names(lines),
    "kvm_exit kvm_page_fault mark_mmio_spte kvm_emulate_insn vcpu_match_mmio kvm_mmio kvm_entry",
  );
  assertEquals(
    lines[1],
    "kvm_page_fault: vcpu 0 rip 0x1000 address 0x00000000d0000040 error_code 0x182",
  );
  assertMatch(lines[2]!, /^mark_mmio_spte: sptep:ffff8880[0-9a-f]{8} gfn d0000 access 6 gen 2$/);
});

Deno.test("a cache that looks elsewhere makes KVM look at the SPTE", () => {
  // Two pages in turn: the cache of the page last taken for MMIO misses every time.
  const code = [...STORE, 0x89, 0x06, ...STORE, HLT];
  const regs = { ...at, rsi: BigInt(MMIO + 0x1040) };
  const both = (guest: ReturnType<typeof makeGuest>): void => {
    guest.doorbell(MMIO + 0x40, 4);
    guest.doorbell(MMIO + 0x1040, 4);
  };
  assertEquals(events({ code, regs }, both, 0).slice(1, 3), [
    "check_mmio_spte: spte d0000016 kvm_gen 2 spte-gen 2 valid 1",
    "handle_mmio_page_fault: addr:0 gfn d0000 access 0",
  ]);
});

Deno.test("a write of CR0 leaves the page last taken for MMIO known", () => {
  // mov [rdi], eax; mov rbx, cr0; mov cr0, rbx; mov [rdi], eax; hlt
  const code = [...STORE, 0x0f, 0x20, 0xc3, 0x0f, 0x22, 0xc3, ...STORE, HLT];
  assertEquals(names(events({ code, regs: at }, fixedLength, 0)), slow);
});

Deno.test("an emulation that fails is traced twice, with the bytes that were looked at", () => {
  const cases = [
    // movss [rdi+8], xmm0: known by its opcode and ModRM, and no further
    [[0xf3, 0x0f, 0x11, 0x47, 8], "f3 0f 11 47"],
    // cvtps2pi mm0, [rdi]: the opcode alone
    [[0x0f, 0x2d, 0x07], "0f 2d"],
    // movd [rdi], mm0 with REX
    [[0x48, 0x0f, 0x7e, 0x07], "48 0f 7e"],
  ] as const;
  for (const [bytes, shown] of cases) {
    const lines: string[] = [];
    const trace: TraceSink = { event: (name, text) => void lines.push(`${name}: ${text}`) };
    using guest = makeGuest({ code: [...bytes, HLT], regs: at, trace });
    assertEquals(guest.run(), ["internal_error 1"]);
    assertEquals(lines.filter((line) => line.startsWith("kvm_emulate_insn")), [
      `kvm_emulate_insn: 0:1000:${shown} (prot64)`,
      `kvm_emulate_insn: 0:1000:${shown} (prot64) failed`,
    ]);
  }
});

Deno.test("what silicon refuses is traced as far as KVM decodes it, and not as a failure", () => {
  // ud2
  const lines: string[] = [];
  const trace: TraceSink = { event: (name, text) => void lines.push(`${name}: ${text}`) };
  using guest = makeGuest({ code: [0x0f, 0x0b, HLT], trace });
  assertEquals(guest.run(), []);
  assertEquals(lines.filter((line) => line.startsWith("kvm_emulate_insn")), [
    "kvm_emulate_insn: 0:1000:0f 0b (prot64)",
  ]);
});

Deno.test("userspace exits and their completions are traced", () => {
  const write = events({ code: [...STORE, ...STORE, HLT], regs: at }, () => {}, 0);
  assertEquals(write.slice(-3), [
    "kvm_mmio: mmio write len 4 gpa 0xd0000040 val 0x1234",
    "kvm_userspace_exit: reason KVM_EXIT_MMIO (6)",
    write.at(-1)!,
  ]);
  const read = events({ code: [0x8b, 0x07, 0x8b, 0x07, HLT], regs: at }, () => {}, 0);
  assertEquals(read.slice(-4, -1), [
    "kvm_mmio: mmio unsatisfied-read len 4 gpa 0xd0000040 val 0x0",
    "kvm_userspace_exit: reason KVM_EXIT_MMIO (6)",
    "kvm_mmio: mmio read len 4 gpa 0xd0000040 val 0x55667788",
  ]);
});

Deno.test("a wide load is traced with the address of its last part, once userspace has answered", () => {
  // movups xmm0, [rdi]: seen so on Linux 6.18
  const lines = events({ code: [0x0f, 0x10, 0x07, HLT], regs: at }, () => {}, -1);
  assertEquals(lines.filter((line) => /^kvm_(mmio|userspace)/.test(line)), [
    "kvm_mmio: mmio unsatisfied-read len 16 gpa 0xd0000040 val 0x0",
    "kvm_userspace_exit: reason KVM_EXIT_MMIO (6)",
    "kvm_userspace_exit: reason KVM_EXIT_MMIO (6)",
    "kvm_mmio: mmio read len 16 gpa 0xd0000048 val 0x1122334455667788",
  ]);
});

Deno.test("port accesses are traced with the space that ends the line", () => {
  const out = { code: [0xef, HLT], regs: { rdx: 0x510n, rax: 0x4433_2211n } };
  const hit = events(out, (guest) => guest.doorbell(0x510, 4, undefined, "pio"), 0);
  assertEquals(hit.slice(1, -1), ["kvm_pio: pio_write at 0x510 size 4 count 1 val 0x44332211 "]);
  const miss = events(out, () => {}, 0);
  assertEquals(miss.slice(1, 3), [
    "kvm_pio: pio_write at 0x510 size 4 count 1 val 0x44332211 ",
    "kvm_userspace_exit: reason KVM_EXIT_IO (2)",
  ]);
  const input = { kernel: "4.4", code: [0xed, HLT], regs: { rdx: 0x510n } };
  assertEquals(
    names(events(input, () => {}, 0)),
    "kvm_exit kvm_emulate_insn kvm_userspace_exit kvm_pio kvm_entry",
  );
  // mov ecx, 3; rep insb
  const string = { code: [0xb9, 3, 0, 0, 0, 0xf3, 0x6c, HLT], regs: { rdx: 0x510n, rdi: 0x9000n } };
  assertEquals(
    events(string, () => {}, 0).at(-2),
    "kvm_pio: pio_read at 0x510 size 1 count 3 val 0x88 (...)",
  );
});

Deno.test("shadow paging matches by linear address", () => {
  const lines: string[] = [];
  using guest = makeGuest({
    ...stores,
    paging: "shadow",
    trace: { event: (name, text) => void lines.push(`${name}: ${text}`) },
  });
  guest.run();
  const match = "vcpu_match_mmio: gva 0xd0000040 gpa 0xd0000040 Write GVA";
  assertEquals(lines.filter((line) => line === match).length, 2);
  const exits = lines.filter((line) => /^kvm_exit.*EXCEPTION_NMI.*0x80000b0e/.test(line));
  // Code and stack pages, then the two stores.
  assertMatch(exits.at(-1)!, /error_code 0x0000000b/);
});

Deno.test("with shadow paging an MMIO SPTE shows its access bits, since 5.15 the present bit too", () => {
  for (const [kernel, access] of [["3.16", 2], ["4.4", 2], ["5.15", 3], ["6.19", 3]] as const) {
    const lines: string[] = [];
    using guest = makeGuest({
      kernel,
      code: [...STORE, 0x89, 0x06, ...STORE, HLT],
      regs: { ...at, rsi: BigInt(MMIO + 0x1040) },
      paging: "shadow",
      trace: { event: (name, text) => void lines.push(`${name}: ${text}`) },
    });
    guest.run();
    const marks = lines.flatMap((line) =>
      /^mark_mmio_spte.* gfn d0000 (.*) gen/.exec(line)?.[1] ?? []
    );
    assertEquals(marks, [`access ${access}`], kernel);
    assertEquals(
      lines.filter((line) => line.startsWith("handle_mmio")),
      ["handle_mmio_page_fault: addr:d0000040 gfn d0000 access 2"],
      kernel,
    );
    const spte = lines.find((line) => line.startsWith("check_mmio_spte"))!.split(" ")[2]!;
    const reserved = BigInt(`0x${spte}`) >> 48n & 0xfn;
    assertEquals(reserved, kernel < "5" ? 0xfn : 8n, kernel);
  }
});

Deno.test("real mode with segments of its own is emulated, and since 5.15 no entry is traced for it", () => {
  // Plain segments; one that was not accessed yet; one with a larger limit.
  const segments = [[{}, false], [{ type: 2 }, true], [
    { limit: 0xffff_ffff, g: 1 },
    true,
  ]] as const;
  for (const [ds, isEmulated] of segments) {
    for (const [kernel, entries] of [["4.4", 1], ["5.15", 0], ["6.19", 0]] as const) {
      const lines: string[] = [];
      using guest = makeGuest({
        kernel,
        code: [0x90, 0x90, HLT],
        mode: "real",
        paging: "shadow",
        trace: { event: (name) => void lines.push(name) },
      });
      const sregs = guest.vcpu.getSregs();
      guest.vcpu.setSregs({ ...sregs, ds: { ...sregs.es, ...ds } });
      assertEquals(guest.run(), []);
      assertEquals(lines.filter((name) => name === "kvm_emulate_insn").length, isEmulated ? 3 : 0);
      // Without emulation: the fault of the code page, then the HLT.
      const expected = isEmulated ? entries : 2;
      assertEquals(lines.filter((name) => name === "kvm_entry").length, expected, kernel);
    }
  }
});

Deno.test("FtraceWriter lays events out as tracefs does, in modelled time that only grows", () => {
  let text = ftraceHeader;
  using guest = makeGuest({ ...stores, trace: new FtraceWriter((line) => text += line) });
  zeroLength(guest);
  guest.run();
  const lines = text.split("\n").slice(0, -1);
  const events = lines.filter((line) => !line.startsWith("#"));
  let last = 0;
  for (const line of events) {
    assertMatch(line, /^ qemu-system-x86-1000 {4}\[000\] \.{5} {2,5}\d+\.\d{6}: [a-z_]+: ./);
    const seconds = Number(/ (\d+\.\d{6}): /.exec(line)![1]);
    assertEquals(seconds >= last, true);
    last = seconds;
  }
  assertEquals(events.length > 8, true);
});

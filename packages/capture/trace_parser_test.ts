import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { column, eventKind, rowWords } from "./trace_event.ts";
import { TraceParser } from "./trace_parser.ts";

interface Row {
  readonly kind: number;
  readonly time: number;
  readonly thread: string;
  readonly words: readonly number[];
}

interface Parsed {
  readonly rows: Row[];
  readonly parser: TraceParser;
}

function parse(text: string | Uint8Array, cuts: readonly number[] = []): Parsed {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const rows: Row[] = [];
  const parser = new TraceParser((batch) => {
    for (let i = 0; i < batch.length; i++) {
      const words = batch.words.subarray(i * rowWords, (i + 1) * rowWords);
      const { pid, tid, comm } = parser.threads.threads[words[column.thread]!] ??
        { pid: 0, tid: 0, comm: "" };
      rows.push({
        kind: words[column.kind]!,
        time: batch.times[i]!,
        thread: `${pid}/${tid} ${comm}`,
        words: [...words],
      });
    }
  });
  const ends = [...cuts, bytes.length];
  ends.forEach((end, i) => parser.push(bytes.subarray(ends[i - 1] ?? 0, end)));
  parser.end();
  return { rows, parser };
}

function only(text: string): Row {
  const { rows, parser } = parse(text + "\n");
  assertEquals(parser.counts.malformed, 0);
  assertEquals(rows.length, 1);
  return rows[0]!;
}

const out = { a: 1, b: 1, c: 1, addr: 0x70, value: 0x8f };

function assertOut({ kind, words }: Row): void {
  assertEquals(kind, eventKind.pio);
  assertEquals(
    {
      a: words[column.a],
      b: words[column.b],
      c: words[column.c],
      addr: words[column.addrLo],
      value: words[column.valueLo],
    },
    out,
  );
}

const layouts: Record<string, [line: string, thread: string, time: number]> = {
  "a bpftrace script": [
    "3304226610000 19363/19365 qemu-system-x86 kvm_pio: rw 1 port 0x70 size 1 count 1 val 0x8f",
    "19363/19365 qemu-system-x86",
    3304226610000,
  ],
  "a bpftrace script, comm with spaces and colons": [
    "3304226610000 19363/19365 CPU 0/KVM: a kvm_pio: rw 1 port 0x70 size 1 count 1 val 0x8f",
    "19363/19365 CPU 0/KVM: a",
    3304226610000,
  ],
  "tracefs with five flags": [
    " qemu-system-x86-19365 [001] .N...  3304.226610: kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f ",
    "-1/19365 qemu-system-x86",
    3304226610000,
  ],
  "tracefs with four flags and dashes in the comm": [
    "  a-b-c-77   [000] d..1  12.000001: kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f ",
    "-1/77 a-b-c",
    12000001000,
  ],
  "tracefs with the thread group": [
    " CPU 0/KVM-19365   (  19363) [001] .....  3304.226610: kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f ",
    "19363/19365 CPU 0/KVM",
    3304226610000,
  ],
  "tracefs with a group not known": [
    "           <...>-19365   (-------) [001] .....  3304.226610: kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f ",
    "-1/19365 <...>",
    3304226610000,
  ],
  "trace-cmd report": [
    " qemu-system-x86-19365 [001]  3304.226610: kvm_pio:              pio_write at 0x70 size 1 count 1 val 0x8f",
    "-1/19365 qemu-system-x86",
    3304226610000,
  ],
  "perf script": [
    " qemu-system-x86   19365 [001]  3304.226610:       kvm:kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f ",
    "-1/19365 qemu-system-x86",
    3304226610000,
  ],
  "perf script with process and nanoseconds": [
    "CPU 0/KVM 19363/19365 [001] 3304.226610001: kvm:kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f",
    "19363/19365 CPU 0/KVM",
    3304226610001,
  ],
  "a counter as clock": [
    " vmm-5 [000] ..... 123456789: kvm_pio: pio_write at 0x70 size 1 count 1 val 0x8f ",
    "-1/5 vmm",
    123456789,
  ],
};

for (const [name, [line, thread, time]] of Object.entries(layouts)) {
  Deno.test(`TraceParser reads ${name}`, () => {
    const row = only(line);
    assertOut(row);
    assertEquals([row.thread, row.time], [thread, time]);
  });
}

Deno.test("TraceParser reads memory-mapped accesses of both dialects, 64 bits wide", () => {
  const expected = [2, 8, -17825792, 0x12, 0x33221100, 0x77665544];
  for (
    const line of [
      "1 7/7 vmm kvm_mmio: type 2 len 8 gpa 0x12fef00000 val 0x7766554433221100",
      " vmm-7 [000] ..... 1.0: kvm_mmio: mmio write len 8 gpa 0x12fef00000 val 0x7766554433221100",
    ]
  ) {
    const { words } = only(line);
    const at = [column.a, column.b, column.addrLo, column.addrHi, column.valueLo, column.valueHi];
    assertEquals(at.map((i) => words[i]), expected);
  }
  const types = ["unsatisfied-read", "read", "write"].map((type) =>
    only(` vmm-7 [000] ..... 1.0: kvm_mmio: mmio ${type} len 4 gpa 0xd0000000 val 0x0`)
      .words[column.a]
  );
  assertEquals(types, [0, 1, 2]);
});

Deno.test("TraceParser reads exits by number, by name and with an errno", () => {
  const read = (line: string) => {
    const { words } = only(line);
    return [words[column.a], words[column.b]];
  };
  const kernel = (text: string) =>
    read(` vmm-7 [000] ..... 1.0: kvm_userspace_exit: reason ${text}`);
  assertEquals(read("1 7/7 vmm kvm_userspace_exit: reason 6 errno 0"), [6, 0]);
  assertEquals(read("1 7/7 vmm kvm_userspace_exit: reason 10 errno -4"), [10, -4]);
  assertEquals(kernel("KVM_EXIT_IO (2)"), [2, 0]);
  assertEquals(kernel("0x2a (42)"), [42, 0]);
  assertEquals(kernel("restart (4)"), [-1, -4]);
  assertEquals(kernel("error (14)"), [-1, -14]);
});

Deno.test("TraceParser reads fast MMIO, guest exits and entries, and string I/O", () => {
  const fast = only(" vmm-7 [000] d.... 1.0: kvm_fast_mmio: fast mmio at gpa 0xfebfb000");
  assertEquals([fast.kind, fast.words[column.addrLo]! >>> 0], [eventKind.fastMmio, 0xfebfb000]);
  assertEquals(only("1 7/7 vmm kvm_fast_mmio: gpa 0xfebfb000").kind, eventKind.fastMmio);
  const exit = only(
    " vmm-7 [000] d.... 1.0: kvm_exit: vcpu 0 reason EPT_MISCONFIG rip 0xfff info1 0x0 info2 0x0 intr_info 0x0 error_code 0x0",
  );
  assertEquals(exit.kind, eventKind.guestExit);
  assertEquals(
    only(" vmm-7 [000] d.... 1.0: kvm_entry: vcpu 0, rip 0x1").kind,
    eventKind.guestEntry,
  );
  const string = only(
    " vmm-7 [000] ..... 1.0: kvm_pio: pio_read at 0x1f0 size 2 count 256 val 0x5a5a (...)",
  );
  assertEquals([string.words[column.b], string.words[column.c]], [2, 256]);
  const old = only(" vmm-7 [000] .... 1.0: kvm_pio: pio_write at 0x80 size 1 count 1");
  assertEquals(old.words[column.noValue], 1);
});

Deno.test("TraceParser reads set-up calls", () => {
  const { words, kind } = only(
    "1 7/7 vmm KVM_IOEVENTFD: vm 9 datamatch 0xfa addr 0xfebfe802 len 1 fd 14 flags 0x1 ret -17",
  );
  assertEquals(kind, eventKind.ioeventfd);
  const at = [column.a, column.valueLo, column.b, column.d, column.c, column.ret];
  assertEquals(at.map((i) => words[i]), [9, 0xfa, 1, 14, 1, -17]);
  const kinds = [
    "KVM_IRQFD: vm 9 fd 21 gsi 24 flags 0x0 resamplefd 0 ret 0",
    "KVM_SET_USER_MEMORY_REGION: vm 9 slot 0x10001 flags 0x2 gpa 0xfffc0000 size 0x40000 ret 0",
    "KVM_REGISTER_COALESCED_MMIO: vm 9 addr 0x70 size 1 pio 1 ret 0",
    "KVM_UNREGISTER_COALESCED_MMIO: vm 9 addr 0x70 size 1 pio 1 ret 0",
    "ioctl: fd 8 cmd 0x4040ae77 arg 0x7fff55467c80 ret 0",
  ].map((text) => only(`1 7/7 vmm ${text}`).kind);
  assertEquals(kinds, [
    eventKind.irqfd,
    eventKind.memoryRegion,
    eventKind.registerCoalesced,
    eventKind.unregisterCoalesced,
    eventKind.ioctl,
  ]);
});

Deno.test("TraceParser tells other events, remarks, lost events and malformed lines apart", () => {
  const { parser, rows } = parse(
    [
      "# tracer: nop", // remark
      "",
      "Attaching 6 probes...",
      "@c[11415]: 44672",
      "\tffffffffa12b4567 kvm_vcpu_ioctl+0x1a ([kvm])", // of perf script, with call stacks
      " a-1 [000] ..... 1.0: sched_switch: prev_comm=a",
      " a-1 [000] ..... 1.0: kvm_msr: msr_write 830 = 0x4000000fd",
      "CPU:1 [LOST 12 EVENTS]",
      "Lost 5 events",
      "CPU:0 [LOST EVENTS]",
      " a-1 [000] ..... 1.0: kvm_pio: pio_write at 0xzz size 1 count 1 val 0x0 ", // malformed
      "hello world", // malformed
      "1 7/7 vmm kvm_mmio: type 2 len 4 gpa 0x1000", // malformed: cut off
    ].join("\n"),
  );
  assertEquals(parser.counts, {
    lines: 13,
    events: 0,
    otherEvents: 2,
    malformed: 3,
    lostMarks: 3,
    lostEvents: 17,
  });
  assertEquals(parser.malformedLines, [11, 12, 13]);
  assertEquals([...parser.otherEvents.keys()].sort(), ["kvm_msr", "sched_switch"]);
  assertEquals(rows.map((row) => row.kind), [eventKind.lost, eventKind.lost, eventKind.lost]);
});

Deno.test("TraceParser changes dialect from line to line", () => {
  const lines = Object.values(layouts).map(([line]) => line);
  const { rows, parser } = parse([...lines, ...lines.toReversed()].join("\r\n"));
  assertEquals(parser.counts.malformed, 0);
  assertEquals(rows.length, lines.length * 2);
  rows.forEach(assertOut);
});

Deno.test("TraceParser gives the same events wherever the chunks are cut", () => {
  const text = Object.values(layouts).map(([line]) => line).join("\n") + "\nLost 3 events\nnoise\n";
  const whole = parse(text).rows;
  const bytes = new TextEncoder().encode(text);
  for (let cut = 0; cut <= bytes.length; cut++) assertEquals(parse(bytes, [cut]).rows, whole);
  const everyByte = Array.from(bytes, (_, i) => i);
  assertEquals(parse(bytes, everyByte).rows, whole);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 40 }), (cuts) => {
      assertEquals(parse(bytes, cuts.sort((a, b) => a - b)).rows, whole);
    }),
    { numRuns: 50 },
  );
});

Deno.test("TraceParser counts a line longer than 64 KiB as malformed and goes on", () => {
  const line = Object.values(layouts)[0]![0];
  const { rows, parser } = parse(`${line}\n${"x".repeat(200_000)}\n${line}\n`, [1000, 90_000]);
  assertEquals([rows.length, parser.counts.malformed, parser.malformedLines], [2, 1, [2]]);
});

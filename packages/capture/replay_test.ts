import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { replay } from "./replay.ts";
import type { ReplayReport } from "./replay_report.ts";
import { RecordingText } from "./testdata/recording_text.ts";

const pio = 2, datamatch = 1, deassign = 4;

function text(): RecordingText {
  return new RecordingText();
}

async function run(recording: RecordingText): Promise<ReplayReport> {
  return await replay(recording.bytes);
}

/** Outcomes and exits in one line: `ioeventfd coalesced inKernel userspace / explained unexplained other`. */
function summary({ outcomes, exits }: ReplayReport): string {
  const { ioeventfd, coalesced, inKernel, userspace } = outcomes;
  return `${ioeventfd} ${coalesced} ${inKernel} ${userspace} / ` +
    `${exits.explained} ${exits.unexplained} ${exits.other}`;
}

async function agrees(recording: RecordingText, expected: string): Promise<ReplayReport> {
  const report = await run(recording);
  assertEquals(report.contradictions, []);
  assertEquals(summary(report), expected);
  return report;
}

Deno.test("replay() gives an OUT its exit behind it and an IN its exit before it", async () => {
  await agrees(
    text().vm().out("0x402").ioExit().ioExit().in("0x71").out("0x80").ioExit().ioExit().in("0x71"),
    "0 0 0 2 / 4 0 0",
  );
});

Deno.test("replay() gives an exit between an OUT that signals and an IN to the IN", async () => {
  const recording = text().vm().ioeventfd("0xc010", 2, pio).out("0xc010", 2).ioExit().in("0x71");
  await agrees(recording, "1 0 0 0 / 1 0 0");
});

Deno.test("replay() lets an IN go on over an interruption", async () => {
  await agrees(text().vm().ioExit().exit(10, -4).in("0x71"), "0 0 0 0 / 1 0 1");
});

Deno.test("replay() counts one exit for string I/O of many elements", async () => {
  await agrees(
    text().vm().ioExit().in("0x1f0", 2, 256).ioExit().in("0x1f0", 2, 255),
    "0 0 0 0 / 2 0 0",
  );
});

Deno.test("replay() explains loads, across pages too, and read-modify-writes", async () => {
  await agrees(
    text().vm()
      .unsatisfied("0xd0000000").mmioExit().load("0xd0000000").store("0xd0000000").mmioExit()
      .unsatisfied("0xd0000fff", 15).mmioExit().mmioExit().mmioExit().load("0xd0000fff", 16),
    "0 0 0 1 / 5 0 0",
  );
});

Deno.test("replay() splits a store at the page: parts first, exits behind them", async () => {
  const parts = (recording: RecordingText) =>
    recording.store("0xd0000ffe", 2).store("0xd0001000", 2);
  await agrees(parts(text().vm()).mmioExit().mmioExit(), "0 0 0 2 / 2 0 0");
  await agrees(parts(text().vm().ioeventfd("0xd0001000", 2)).mmioExit(), "1 0 0 1 / 1 0 0");
  await agrees(parts(text().vm().ioeventfd("0xd0000ffe", 0)).mmioExit(), "1 0 0 1 / 1 0 0");
});

Deno.test("replay() gives a wide store an exit for each 8 bytes nobody takes", async () => {
  const wide = (recording: RecordingText) => recording.store("0xd0000000", 16, "0x7");
  await agrees(wide(text().vm()).mmioExit().mmioExit(), "0 0 0 1 / 2 0 0");
  await agrees(wide(text().vm().ioeventfd("0xd0000000", 8)).mmioExit(), "0 0 0 1 / 1 0 0");
  // An ioeventfd on the second half alone is never asked.
  await agrees(
    wide(text().vm().ioeventfd("0xd0000008", 0)).mmioExit().mmioExit(),
    "0 0 0 1 / 2 0 0",
  );
});

Deno.test("replay() matches length and datamatch, and lists near misses", async () => {
  const report = await agrees(
    text().vm().ioeventfd("0xc010", 2, pio | datamatch, "0x1").ioeventfd("0xd0000050", 4)
      .out("0xc010", 2, "0x1").out("0xc010", 2, "0x3").ioExit().out("0xc010", 1, "0x1").ioExit()
      .out("0xc012", 1).ioExit().store("0xd0000050", 4).store("0xd0000050", 2).mmioExit(),
    "2 0 0 4 / 4 0 0",
  );
  assertEquals(
    report.nearMisses.map((
      { kind, addr, len, offset, writes },
    ) => [kind, addr, len, offset, writes]),
    [
      ["data", 0xc010n, 2, 0, 1],
      ["length", 0xc010n, 1, 0, 1],
      ["address", 0xc012n, 1, 2, 1],
      ["length", 0xd0000050n, 2, 0, 1],
    ],
  );
  const [doorbell] = report.doorbells;
  assertEquals([doorbell?.writes, doorbell?.signals, doorbell?.registration], [1, 1, "registered"]);
});

Deno.test("replay() follows deassign, and a registration made again", async () => {
  await agrees(
    text().vm().ioeventfd("0xd0000000", 0).store("0xd0000000")
      .ioeventfd("0xd0000000", 0, deassign).store("0xd0000000").mmioExit()
      .ioeventfd("0xd0000000", 4).store("0xd0000000"),
    "2 0 0 1 / 1 0 0",
  );
});

Deno.test("replay() finds a registration silently dead, as the kernel does", async () => {
  // Zero length at A+4, then length 4 at A: every store to A+4 exits.
  const report = await agrees(
    text().vm().ioeventfd("0xd0000004", 0).ioeventfd("0xd0000000", 4)
      .store("0xd0000004").mmioExit().store("0xd0000000"),
    "1 0 0 1 / 1 0 0",
  );
  assertEquals(report.doorbells[0]?.userspace, 1);
});

Deno.test("replay() fills the coalesced ring between exits, and takes it for drained at each", async () => {
  const recording = text().vm().zone("0xa0000", 4096, 0);
  for (let i = 0; i < 169; i++) recording.store("0xa0000");
  recording.store("0xa0000").mmioExit(); // the 170th: full
  for (let i = 0; i < 20; i++) recording.store("0xa0004");
  await agrees(recording, "0 189 0 1 / 1 0 0");
});

Deno.test("replay() infers that another thread drained the ring", async () => {
  const recording = text().vm().zone("0xa0000", 4096, 0);
  for (let i = 0; i < 400; i++) recording.store("0xa0000");
  const { inferred } = await agrees(recording, "0 400 0 0 / 0 0 0");
  assertMatch(inferred.join("\n"), /drained between two exits/);
});

Deno.test("replay() answers for an irqchip and a timer in the kernel", async () => {
  const recording = text().line("ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4")
    .line("ioctl: fd 4 cmd 0xae60 arg 0x0 ret 0")
    .line("ioctl: fd 4 cmd 0x4040ae77 arg 0x7ffe00000000 ret 0")
    .line("ioctl: fd 4 cmd 0xae41 arg 0x0 ret 5")
    .out("0x20").out("0x43").in("0x40").in("0x21").store("0xfee000b0").store("0xfec00000")
    .load("0xfec00010").out("0x61").ioExit();
  const { inferred } = await agrees(recording, "0 0 4 1 / 1 0 0");
  assertEquals(inferred, []);
});

Deno.test("replay() infers a split irqchip from a local APIC that does not exit", async () => {
  const recording = text().vm().store("0xfee000b0").load("0xfee00020").out("0x20").ioExit()
    .store("0xfec00000").mmioExit();
  const { inferred } = await agrees(recording, "0 0 1 2 / 2 0 0");
  assertMatch(inferred.join("\n"), /local APIC in the kernel: 2 accesses .* split irqchip/);
});

Deno.test("replay() infers a split irqchip from an irqfd that is taken", async () => {
  const recording = text().vm()
    .line("KVM_IRQFD: vm 4 fd 21 gsi 24 flags 0x0 resamplefd 0 ret 0").store("0xfee000b0");
  const { inferred } = await agrees(recording, "0 0 1 0 / 0 0 0");
  assertMatch(inferred.join("\n"), /it takes irqfds/);
});

Deno.test("replay() counts fast MMIO lines as signals of zero-length registrations", async () => {
  const recording = text().vm().ioeventfd("0xfebfb000", 0)
    .line("kvm_fast_mmio: gpa 0xfebfb000").line("kvm_entry: vcpu 0").store("0xfebfb000", 2);
  const { doorbells } = await agrees(recording, "2 0 0 0 / 0 0 0");
  assertEquals([doorbells[0]?.writes, doorbells[0]?.signals], [2, 2]);
  const wrong = await run(text().vm().line("kvm_fast_mmio: gpa 0xfebfb000"));
  assertStringIncludes(wrong.contradictions[0]!.what, "no ioeventfd has length 0");
});

Deno.test("replay() takes kvm_entry as the end of an access", async () => {
  const recording = text().raw(
    [
      " vmm-7 [000] ..... 1.000001: kvm_exit: vcpu 0 reason IO_INSTRUCTION rip 0x1 info1 0x0",
      " vmm-7 [000] ..... 1.000002: kvm_pio: pio_write at 0xc010 size 2 count 1 val 0x0 ",
      " vmm-7 [000] ..... 1.000003: kvm_entry: vcpu 0, rip 0x2",
      " vmm-7 [000] ..... 1.000004: kvm_exit: vcpu 0 reason IO_INSTRUCTION rip 0x3 info1 0x0",
      " vmm-7 [000] ..... 1.000005: kvm_userspace_exit: reason KVM_EXIT_IO (2)",
      " vmm-7 [000] ..... 1.000006: kvm_pio: pio_read at 0x21 size 1 count 1 val 0x0 ",
    ].join("\n"),
  );
  await agrees(recording, "1 0 0 0 / 1 0 0");
});

Deno.test("replay() finds no cause for an exit whose access is missing", async () => {
  const { exits, unexplainedLines } = await run(
    text().vm().out("0x402").ioExit().ioExit().out("0x402").ioExit().mmioExit(),
  );
  assertEquals([exits.io, exits.explained, exits.unexplained], [4, 2, 2]);
  assertEquals(unexplainedLines, [5, 8]);
});

Deno.test("replay() contradicts an exit of a write that is taken, and a write that vanishes", async () => {
  const exited = await run(
    text().vm().ioeventfd("0xc010", 2, pio).out("0xc010", 2).ioExit().out("0x80").ioExit(),
  );
  assertEquals(exited.contradictions, [{
    line: 4,
    what: "the 2-byte write of 0x0 to pio 0xc010 exited to userspace, though the ioeventfd pio " +
      "0xc010, length 2 takes it",
  }]);
  assertEquals(exited.exits.unexplained, 0);
  const vanished = await run(text().vm().store("0xd0000000").out("0x80").ioExit());
  assertEquals(vanished.contradictions, [{
    line: 3,
    what: "a 4-byte write to mmio 0xd0000000 did not exit, though nothing in the kernel takes it",
  }]);
});

Deno.test("replay() contradicts a call that returned something else", async () => {
  const { contradictions } = await run(
    text().vm().ioeventfd("0xd0000000", 0).ioeventfd("0xd0000000", 4).ioeventfd("0xd0000000", 3),
  );
  assertEquals(contradictions.map(({ line }) => line), [4, 5]);
  assertMatch(contradictions[0]!.what, /returned 0, the model says EEXIST \(.*zero length/);
  assertMatch(contradictions[1]!.what, /returned 0, the model says EINVAL/);
});

Deno.test("replay() infers what descriptors hide: not an eventfd, used again, a dup", async () => {
  const { inferred, contradictions } = await run(
    text().vm()
      .ioeventfd("0x1000", 4, 0, "0x0", -22, 30)
      .ioeventfd("0x2000", 4, 0, "0x0", 0, 31).ioeventfd("0x2000", 4, deassign, "0x0", -2, 31)
      .ioeventfd("0x3000", 4, 0, "0x0", 0, 32).ioeventfd("0x3000", 4, deassign, "0x0", 0, 33)
      .ioeventfd("0x4000", 4, 0, "0x0", -9, 34),
  );
  assertEquals(contradictions, []);
  assertEquals(inferred, [
    "descriptor 30 is not an eventfd (line 3)",
    "descriptor 31 was closed and used again for another eventfd (line 5)",
    "descriptor 33 is a dup of 32 (line 7)",
  ]);
});

Deno.test("replay() takes EINVAL for a descriptor of another kind, which is looked at before all else", async () => {
  const { inferred, contradictions, outcomes } = await run(
    text().vm().ioeventfd("0x1000", 0, 0, "0x0", 0, 30)
      // 30 is closed and used again, for a pipe say: the registration stays
      .ioeventfd("0x1000", 4, 0, "0x0", -22, 30)
      .ioeventfd("0x1000", 0, deassign, "0x0", -22, 30)
      .ioeventfd("0x5000", 3, deassign, "0x0", -22, 30)
      .store("0x1000", 2),
  );
  assertEquals(contradictions, []);
  assertEquals(
    inferred,
    [3, 4, 5].map((line) => `descriptor 30 is not an eventfd (line ${line + 1})`),
  );
  assertEquals(outcomes.ioeventfd, 1);
});

Deno.test("replay() holds what it does not know of one VM not against the next of its descriptor", async () => {
  const report = await run(
    // A VM from before the recording: something takes 4 bytes at 0x600, nothing takes 1
    text().line("ioctl: fd 4 cmd 0xae41 arg 0x0 ret 5")
      .out("0x600", 4).exit(5).out("0x600", 1).ioExit()
      .vm().out("0x600", 4).ioExit(),
  );
  assertEquals([report.contradictions, report.exits.unexplained], [[], 0]);
  assertEquals(report.inferred.length, 1);
  assertMatch(report.inferred[0]!, /VM 4 of process 7 has an ioeventfd at pio 0x600/);
  assertEquals(report.outcomes, { ioeventfd: 1, coalesced: 0, inKernel: 0, userspace: 2 });
});

Deno.test("replay() allows for a set-up call in force before its line, on other threads", async () => {
  const late = text().vm().ioeventfd("0xd0000000", 0).store("0xd0000000").mmioExit()
    .line("KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xd0000000 len 0 fd 20 flags 0x4 ret 0", 8);
  const { inferred } = await agrees(late, "0 0 0 1 / 1 0 0");
  assertMatch(inferred.join("\n"), /in force before its line came/);
});

Deno.test("replay() keeps processes, VMs and threads apart, and puts late lines in order", async () => {
  const recording = text();
  for (const [pid, tid] of [[7, 7], [9, 10]] as const) {
    recording.line("ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4", tid, pid)
      .line("ioctl: fd 4 cmd 0xae41 arg 0x0 ret 5", tid, pid);
  }
  recording.line(
    "KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xd0000000 len 0 fd 20 flags 0x0 ret 0",
    10,
    9,
  );
  // The second process's line comes between an OUT of the first and its exit, and late.
  const lines = recording.out("0x402").line("kvm_mmio: type 2 len 4 gpa 0xd0000000 val 0x0", 10, 9)
    .ioExit().store("0xd0000000").mmioExit().toString().split("\n");
  const [first, second] = lines.slice(5, 7);
  lines.splice(5, 2, second!, first!);
  const report = await replay(new TextEncoder().encode(lines.join("\n")));
  assertEquals([summary(report), report.contradictionCount], ["1 0 0 2 / 2 0 0", 0]);
  assertEquals(report.vms.map(({ name, threads }) => `${name} ${threads}`), [
    "VM 4 of process 7 1",
    "VM 4 of process 9 1",
  ]);
});

Deno.test("replay() tells the VMs of one process apart by what their threads do", async () => {
  const recording = text().line("ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4")
    .line("ioctl: fd 3 cmd 0xae01 arg 0x0 ret 6").ioeventfd("0xd0000000", 0)
    .line("ioctl: fd 4 cmd 0xae41 arg 0x0 ret 8").line("ioctl: fd 6 cmd 0xae41 arg 0x0 ret 9");
  // Thread 12 runs the second VM, though it comes first.
  for (let i = 0; i < 8; i++) recording.store("0xd0000000", 4, "0x0", 12).mmioExit(12);
  for (let i = 0; i < 8; i++) recording.store("0xd0000000", 4, "0x0", 11);
  const report = await run(recording);
  assertEquals([summary(report), report.contradictionCount], ["8 0 0 8 / 8 0 0", 0]);
});

Deno.test("replay() says so when a recording begins or ends within an access", async () => {
  const begins = await agrees(text().ioExit().out("0x402").ioExit(), "0 0 0 1 / 2 0 0");
  assertMatch(begins.inferred.join("\n"), /line 1 is of an access before the first line/);
  await agrees(text().in("0x71").out("0x402").ioExit(), "0 0 0 1 / 1 0 0");
  const ends = await agrees(text().vm().out("0x402").ioExit().ioExit(), "0 0 0 1 / 2 0 0");
  assertMatch(ends.inferred.join("\n"), /line 5 is of an access .* at the end/);
  await agrees(text().vm().store("0xd0000000"), "0 0 0 1 / 0 0 0");
});

Deno.test("replay() holds nothing against a recording that lost events", async () => {
  const report = await run(
    text().vm().ioeventfd("0xd0000000", 0).store("0xd0000000").raw("Lost 40 events").mmioExit()
      .store("0xd0000000").mmioExit().out("0x80").out("0x80").ioExit(),
  );
  assertEquals([report.contradictionCount, report.exits.unexplained, report.lostEvents], [
    0,
    0,
    40,
  ]);
  assertMatch(report.inferred.join("\n"), /events were lost at line 5/);
});

import { assert, assertEquals, assertMatch } from "@std/assert";
import { replay } from "./replay.ts";
import type { DoorbellReport, ReplayReport } from "./replay_report.ts";
import { RecordingText } from "./testdata/recording_text.ts";

/** Recordings without set-up calls, as tracefs alone gives them. */
async function run(recording: RecordingText): Promise<ReplayReport> {
  const report = await replay(recording.bytes);
  assertEquals([report.contradictionCount, report.exits.unexplained], [0, 0]);
  return report;
}

function inferred({ doorbells }: ReplayReport): Partial<DoorbellReport>[] {
  return doorbells.filter((one) => one.registration === "inferred")
    .map(({ bus, addr, len, lengths, datamatch, writes, signals, userspace }) => ({
      bus,
      addr,
      len,
      lengths,
      datamatch,
      writes,
      signals,
      userspace,
    }));
}

Deno.test("replay() infers an ioeventfd from writes that never exit", async () => {
  const report = await run(
    new RecordingText().exit(5).store("0xfebfb000", 2).store("0xfebfb000", 4).out("0x402").ioExit()
      .store("0xfebfb000", 2).mmioExit().exit(5),
  );
  // The last exited: registered for a part of the recording only.
  assertEquals(report.outcomes, { ioeventfd: 2, coalesced: 0, inKernel: 0, userspace: 2 });
  assertMatch(report.inferred.join("\n"), /ioeventfd at mmio 0xfebfb000.*for a part/);
});

Deno.test("replay() concludes little from before the first exit: its probe may have come last", async () => {
  const report = await run(
    new RecordingText().store("0xfebfb000", 2).out("0x3f8").in("0x64").load("0xfebf9000", 1)
      .out("0x3f8").ioExit().store("0xfebfb000", 2).ioExit().in("0x64"),
  );
  assertEquals(report.outcomes, { ioeventfd: 2, coalesced: 0, inKernel: 0, userspace: 2 });
  assertEquals(report.inferred, [
    "writes to pio 0x3f8 before line 6, the first exit, are taken to have exited as the others did",
    "the VM of process 7 has an ioeventfd at mmio 0xfebfb000: 2 writes of 2 bytes did not exit",
  ]);
});

Deno.test("replay() takes exits after the last line of their kind for those of a tracer that stops", async () => {
  const busy = () => new RecordingText().store("0xfebfb000").mmioExit().out("0x402").ioExit();
  const report = await run(
    busy().mmioExit().out("0x402").ioExit().mmioExit().ioExit().ioExit().ioExit(),
  );
  assertEquals(report.exits.explained, 8);
  assertEquals(report.inferred, [
    "the exit at line 11 is of an access whose line is missing at the end of what was recorded",
    "2 exits from line 9 on are of accesses after the last kvm_pio line: the tracer was being stopped",
    "2 exits from line 5 on are of accesses after the last kvm_mmio line: the tracer was being stopped",
  ]);
  const long = await replay(busy().mmioExit().wait(1.1e9).mmioExit().bytes);
  assertEquals([long.exits.unexplained, long.unexplainedLines], [2, [5, 6]]);
  const without = await replay(new RecordingText().out("0x402").ioExit().exit(5).mmioExit().bytes);
  assertEquals(without.exits.unexplained, 1);
});

Deno.test("replay() takes exits before the first line of their kind for those of a tracer that starts", async () => {
  const report = await run(
    new RecordingText().ioExit().ioExit().mmioExit().mmioExit().store("0x1000").mmioExit()
      .ioExit().out("0x402").ioExit(),
  );
  assertEquals([report.exits.explained, report.exits.io], [7, 7]);
  assertEquals(report.inferred, [
    "the exit at line 1 is of an access before the first line of what was recorded",
    "2 exits from line 3 on are of accesses before the first kvm_mmio line: the tracer was being started",
    "2 exits from line 2 on are of accesses before the first kvm_pio line: the tracer was being started",
  ]);
  const known = new RecordingText().vm().mmioExit().store("0x1000").mmioExit();
  assertEquals((await replay(known.bytes)).unexplainedLines, [3]);
});

Deno.test("replay() infers a datamatch when some values stay in the kernel and others exit", async () => {
  const recording = new RecordingText();
  for (let i = 0; i < 5; i++) {
    recording.out("0xc010", 2, "0x0").out("0xc010", 2, "0x1").out("0xc010", 2, "0x2").ioExit();
  }
  const row = { bus: "pio" as const, addr: 0xc010n, len: null, lengths: [2], userspace: 0 };
  assertEquals(inferred(await run(recording.out("0x402").ioExit())), [
    { ...row, datamatch: 0n, writes: 5, signals: 5 },
    { ...row, datamatch: 1n, writes: 5, signals: 5 },
  ]);
});

Deno.test("replay() infers length 0 from the fast MMIO bus", async () => {
  const report = await run(new RecordingText().line("kvm_fast_mmio: gpa 0xfebfb000"));
  assertEquals(inferred(report), [{
    bus: "mmio",
    addr: 0xfebfb000n,
    len: 0,
    lengths: [],
    datamatch: null,
    writes: 1,
    signals: 1,
    userspace: 0,
  }]);
});

Deno.test("replay() infers devices in the kernel and coalesced zones", async () => {
  const report = await run(
    new RecordingText().out("0x20").out("0x43").in("0x40").store("0xfee000b0").load("0xfec00010")
      .out("0x70").ioExit().in("0x71").out("0x70").ioExit().in("0x71"),
  );
  assertEquals(report.outcomes, { ioeventfd: 0, coalesced: 2, inKernel: 3, userspace: 0 });
  const text = report.inferred.join("\n");
  for (const name of ["PIC", "IOAPIC", "local APIC", "PIT", "coalesced zone at pio 0x70"]) {
    assertMatch(text, new RegExp(name));
  }
});

Deno.test("replay() sums up writes to VGA memory that are coalesced", async () => {
  const recording = new RecordingText();
  for (let i = 0; i < 300; i++) recording.store(`0x${(0xb8000 + i * 2).toString(16)}`, 2);
  const report = await run(recording.exit(5));
  assertEquals(report.outcomes.coalesced, 300);
  assertEquals(report.inferred.length, 1);
});

Deno.test("replay() says of which events a recording has none", async () => {
  const whole = new RecordingText().vm().ioeventfd("0xfebfb000", 0);
  for (let i = 0; i < 60; i++) {
    whole.store("0xfebfb000", 2).store("0xfebfb004").mmioExit().out("0x402").ioExit();
  }
  const without = async (event: string): Promise<ReplayReport> => {
    const lines = whole.toString().split("\n").filter((line) => !line.includes(` ${event}:`));
    return await replay(new TextEncoder().encode(lines.join("\n")));
  };
  const said = (event: string) => [`no ${event} line is in the recording: was the event recorded?`];
  const noExits = await without("kvm_userspace_exit");
  assertEquals([noExits.inferred, noExits.contradictions], [said("kvm_userspace_exit"), []]);
  assertEquals(noExits.outcomes, { ioeventfd: 60, coalesced: 0, inKernel: 0, userspace: 120 });
  for (const event of ["kvm_mmio", "kvm_pio"]) {
    const { exits, inferred } = await without(event);
    assertEquals([exits.explained + exits.unexplained, inferred.at(-1)], [120, said(event)[0]]);
    assert(exits.unexplained >= 59);
  }
});

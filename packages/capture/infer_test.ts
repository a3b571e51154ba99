import { assertEquals, assertMatch } from "@std/assert";
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
    new RecordingText().store("0xfebfb000", 2).store("0xfebfb000", 4).out("0x402").ioExit()
      .store("0xfebfb000", 2).mmioExit().exit(5),
  );
  // The last exited: registered for a part of the recording only.
  assertEquals(report.outcomes, { ioeventfd: 2, coalesced: 0, inKernel: 0, userspace: 2 });
  assertMatch(report.inferred.join("\n"), /ioeventfd at mmio 0xfebfb000.*for a part/);
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

import { latestRelease, release } from "@ioeventfd/uapi";
import { assertEquals, assertMatch } from "@std/assert";
import { replay } from "./replay.ts";
import { RecordingText } from "./testdata/recording_text.ts";

const captures = new URL("../../captures/", import.meta.url);
const pio = 2, datamatch = 1;

/** Two queues of one doorbell told apart by datamatch; a third value exits. */
function queues(): RecordingText {
  return new RecordingText().vm()
    .ioeventfd("0xc010", 2, pio | datamatch, "0x0", 0, 20)
    .ioeventfd("0xc010", 2, pio | datamatch, "0x1", 0, 21)
    .ioeventfd("0xd0000050", 4, 0, "0x0", 0, 22)
    .out("0xc010", 2, "0x0").out("0xc010", 2, "0x1").out("0xc010", 2, "0x2").ioExit()
    .store("0xd0000050", 4).store("0xd0000050", 2).mmioExit();
}

Deno.test("replay() with zero-length says which exits it saves and which registrations collide", async () => {
  const report = await replay(queues().bytes, { whatIf: "zero-length" });
  assertEquals(report.contradictionCount, 0);
  assertEquals(report.outcomes, { ioeventfd: 5, coalesced: 0, inKernel: 0, userspace: 0 });
  const { whatIf } = report;
  assertEquals(whatIf?.recorded, { ioeventfd: 3, coalesced: 0, inKernel: 0, userspace: 2 });
  assertEquals([whatIf?.exitsSaved, whatIf?.exitsAdded, whatIf?.fastSignals], [2, 0, 2]);
  assertEquals(whatIf?.refused.map(({ errno, datamatch, line }) => [errno, datamatch, line]), [
    ["EEXIST", 1n, 4],
  ]);
  assertEquals(report.exits.observed, 2);
});

Deno.test("replay() tells a refused probe from a registration that the guest wrote under", async () => {
  const deassign = 4;
  const recording = new RecordingText().vm()
    .ioeventfd("0x0", 2, pio | datamatch, "0x0").ioeventfd("0x0", 2, pio | datamatch, "0x1")
    .ioeventfd("0x0", 2, pio | datamatch | deassign, "0x1")
    .ioeventfd("0x0", 2, pio | datamatch, "0x2").ioeventfd("0x0", 2, pio | datamatch, "0x3")
    .out("0x80").ioExit()
    .ioeventfd("0x0", 2, pio | datamatch | deassign, "0x2")
    .ioeventfd("0x0", 2, pio | datamatch, "0x2")
    .ioeventfd("0x0", 2, pio | datamatch | deassign, "0x2");
  const { whatIf } = await replay(recording.bytes, { whatIf: "zero-length" });
  assertEquals(whatIf?.refused.map((one) => [one.datamatch, one.removedUnused]), [
    [1n, true],
    [2n, false],
    [2n, true],
    [3n, false],
  ]);
});

Deno.test("replay() of QEMU finds nothing but its probes refused with zero-length", async () => {
  const bytes = await Deno.readFile(new URL("q35-pci-testdev.bpftrace.txt", captures));
  const { whatIf } = await replay(bytes, { whatIf: "zero-length" });
  assertEquals(
    whatIf?.refused.map((one) => [one.addr, one.removedUnused]),
    Array(6).fill([0n, true]),
  );
});

Deno.test("replay() on another release says what it refuses and what would exit then", async () => {
  const recording = new RecordingText().vm().ioeventfd("0xfebfb000", 0)
    .store("0xfebfb000", 2).store("0xfebfb000", 2);
  const before = await replay(recording.bytes, { kernel: release("3.14") });
  assertEquals(before.outcomes.userspace, 2);
  assertEquals([before.whatIf?.exitsAdded, before.whatIf?.recorded.ioeventfd], [2, 2]);
  assertEquals(before.whatIf?.refused[0]?.errno, "EINVAL");
  assertMatch(before.whatIf!.title, /3\.14/);
  assertEquals(before.doorbells[0]?.userspace, 2);
  assertEquals(before.contradictionCount, 0);
  const after = await replay(recording.bytes, { kernel: release("4.4") });
  assertEquals([after.outcomes.ioeventfd, after.whatIf?.fastSignals], [2, 2]);
  assertEquals(after.whatIf?.refused, []);
});

Deno.test("replay() on 3.16 counts what the fast path alone would signal, the first write to a page apart", async () => {
  const recording = new RecordingText().vm().ioeventfd("0xfebfb000", 0).ioeventfd("0xfebfb004", 0)
    .store("0xfebfb000", 2).store("0xfebfb004", 1).store("0xfebfb000", 4);
  const at = { kernel: release("3.16") };
  const { outcomes, whatIf } = await replay(recording.bytes, at);
  assertEquals([outcomes.ioeventfd, outcomes.userspace, whatIf?.fastSignals], [0, 3, 2]);
  const zero = await replay(queues().bytes, { ...at, whatIf: "zero-length" });
  assertEquals(zero.whatIf?.fastSignals, 1);
  const seed = await replay(recording.bytes, { kernel: release("seed") });
  assertEquals(seed.whatIf?.fastSignals, 0);
});

Deno.test("replay() of a recording made on an old kernel follows its rules", async () => {
  // Zero length before 4.4 is not found on the slow bus: the first write of each page exits.
  const recording = new RecordingText().vm().ioeventfd("0xfebfb000", 0)
    .store("0xfebfb000", 2).mmioExit();
  assertEquals((await replay(recording.bytes)).contradictionCount, 1);
  const old = await replay(recording.bytes, { recordedOn: release("3.16") });
  assertEquals([old.contradictionCount, old.exits.explained], [0, 1]);
});

Deno.test("replay() leaves devices that no line names as they were, whatever the question", async () => {
  const recording = new RecordingText().vm().store("0xfee000b0").exit(5);
  const { outcomes } = await replay(recording.bytes, { whatIf: "zero-length" });
  assertEquals(outcomes.inKernel, 1);
});

Deno.test("a what-if of the kernel that was recorded changes nothing", async (t) => {
  for (const { name } of Deno.readDirSync(captures)) {
    if (!/\.txt(\.gz)?$/.test(name)) continue;
    await t.step(name, async () => {
      const bytes = await Deno.readFile(new URL(name, captures));
      const { outcomes } = await replay(bytes);
      const other = await replay(bytes, { kernel: latestRelease });
      assertEquals(other.outcomes, outcomes);
      assertEquals([other.whatIf!.exitsSaved, other.whatIf!.exitsAdded], [0, 0]);
    });
  }
});

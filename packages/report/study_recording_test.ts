import { assert, assertEquals, assertRejects } from "@std/assert";
import { CaptureError, replay } from "@ioeventfd/capture";
import { release } from "@ioeventfd/uapi";
import { studyRecording } from "./study_recording.ts";

const captures = new URL("../../captures/", import.meta.url);
const testdev = Deno.readFileSync(new URL("q35-pci-testdev.bpftrace.txt", captures));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("studyRecording() says of each world what a replay of its own says", async () => {
  const study = await studyRecording(testdev);
  assertEquals(study.recorded, await replay(testdev));
  assertEquals(study.zeroLength, await replay(testdev, { whatIf: "zero-length" }));
  const old = study.releases.find(({ release: { name } }) => name === "3.16");
  assertEquals(old?.report, await replay(testdev, { kernel: release("3.16") }));
});

Deno.test("studyRecording() counts in its timeline every exit that the replay observed", async () => {
  const { recorded, timeline } = await studyRecording(testdev);
  const exits = timeline.lanes.flatMap(({ counts }) => [
    ...counts.exitsPort,
    ...counts.exitsMemory,
    ...counts.exitsOther,
  ]);
  assertEquals(exits.reduce((sum, count) => sum + count, 0), recorded.exits.observed);
});

Deno.test("studyRecording() finds the registration that another hides, and since when", async () => {
  const { lost } = await studyRecording(encode(`1000 7/7 vmm ioctl: fd 3 cmd 0xae01 arg 0x0 ret 4
1100 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xd0000004 len 0 fd 5 flags 0x0 ret 0
1200 7/7 vmm KVM_IOEVENTFD: vm 4 datamatch 0x0 addr 0xd0000000 len 4 fd 6 flags 0x0 ret 0
1300 7/7 vmm ioctl: fd 4 cmd 0xae41 arg 0x0 ret 6
2000 7/7 vmm kvm_mmio: type 2 len 2 gpa 0xd0000000 val 0x0
`));
  assertEquals(lost.map(({ vm, line, finding }) => [vm, line, finding.verdict]), [
    ["VM 4 of process 7", 3, "dead"],
  ]);
});

Deno.test("studyRecording() reads chunks of any size from any kind of source", async () => {
  const whole = await studyRecording(testdev);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < testdev.length; at += 70_001) yield testdev.subarray(at, at + 70_001);
  }
  assertEquals(await studyRecording(chunks()), whole);
  const stream = new Blob([testdev.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
  assertEquals(await studyRecording(stream), whole);
});

Deno.test("studyRecording() refuses what is no recording, and hangs on none", async () => {
  for (const text of ["", "hello\n", "\x1f\x8b\x08cut off"]) {
    await assertRejects(() => studyRecording(encode(text)), CaptureError);
  }
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield testdev.subarray(0, 100_000);
    await Promise.resolve();
    throw new Deno.errors.PermissionDenied("gone");
  }
  const error = await assertRejects(() => studyRecording(failing()));
  assert(error instanceof Deno.errors.PermissionDenied);
});

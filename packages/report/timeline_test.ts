import { assertEquals } from "@std/assert";
import { TraceParser } from "@ioeventfd/capture";
import { Timeline, timelineLanes, type TimelineReport, timelineSteps } from "./timeline.ts";

function timelineOf(lines: readonly string[]): TimelineReport {
  const timeline = new Timeline();
  const parser = new TraceParser((batch) => timeline.push(batch));
  parser.push(new TextEncoder().encode(lines.map((line) => `${line}\n`).join("")));
  parser.end();
  return timeline.finish();
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

Deno.test("Timeline tells exits for ports, memory and other reasons apart, and counts writes", () => {
  const { lanes, steps, stepNs } = timelineOf([
    "1000 7/7 vmm kvm_userspace_exit: reason 2 errno 0",
    "1100 7/7 vmm kvm_userspace_exit: reason 6 errno 0",
    "1200 7/7 vmm kvm_userspace_exit: reason 2 errno -4",
    "1700 7/7 vmm kvm_pio: rw 1 port 0x70 size 1 count 1 val 0x8f",
    "1800 7/7 vmm kvm_pio: rw 0 port 0x71 size 1 count 1 val 0x8f",
    "1900 7/7 vmm kvm_mmio: type 2 len 2 gpa 0xc0000000 val 0x0",
    "2000 7/7 vmm kvm_mmio: type 1 len 2 gpa 0xc0000000 val 0x0",
  ]);
  assertEquals([steps, stepNs], [3, 500]);
  assertEquals(lanes.map(({ counts }) => counts), [
    { exitsPort: [1, 0, 0], exitsMemory: [1, 0, 0], exitsOther: [1, 0, 0], writes: [0, 2, 0] },
  ]);
});

Deno.test("Timeline keeps its number of steps and every count, however long it goes on", () => {
  const lines = Array.from(
    { length: 5000 },
    (_, i) => `${i * 1_000_003 + 5} 7/7 vmm kvm_userspace_exit: reason 2 errno 0`,
  );
  const { lanes, steps, stepNs } = timelineOf(lines);
  assertEquals(sum(lanes[0]!.counts.exitsPort), 5000);
  assertEquals(steps <= timelineSteps && steps > timelineSteps / 2, true);
  assertEquals(steps, Math.floor(4999 * 1_000_003 / stepNs) + 1);
});

Deno.test("Timeline begins with the earliest event where a later one of the file is earlier", () => {
  const { lanes, steps } = timelineOf([
    "9000000000 7/7 vmm kvm_userspace_exit: reason 2 errno 0",
    "9000001000 7/7 vmm kvm_userspace_exit: reason 2 errno 0",
    "1000 8/8 vmm kvm_userspace_exit: reason 6 errno 0",
  ]);
  assertEquals(lanes.map(({ thread }) => thread), [0, 1]);
  assertEquals([sum(lanes[0]!.counts.exitsPort), lanes[0]!.counts.exitsPort[0]], [2, 0]);
  assertEquals([lanes[1]!.counts.exitsMemory[0], lanes[1]!.counts.exitsMemory.length], [1, steps]);
});

Deno.test("Timeline puts the quieter vCPUs together, and loses none", () => {
  const lines = Array.from(
    { length: 30 },
    (_, i) => `${1000 + i} 7/${100 + i % 20} vmm kvm_userspace_exit: reason 2 errno 0`,
  );
  const { lanes } = timelineOf(lines);
  assertEquals(lanes.length, timelineLanes + 1);
  assertEquals(lanes.at(-1)!.thread, -1);
  assertEquals(lanes.reduce((all, { threads }) => all + threads, 0), 20);
  assertEquals(lanes.reduce((all, { counts }) => all + sum(counts.exitsPort), 0), 30);
});

Deno.test("Timeline begins and ends with the recording, whatever its events are", () => {
  const { lanes, steps, stepNs } = timelineOf([
    "1000 7/7 vmm kvm_entry: vcpu 0",
    "5100 7/7 vmm kvm_userspace_exit: reason 2 errno 0",
    "9900 7/7 vmm kvm_entry: vcpu 0",
  ]);
  assertEquals([lanes[0]!.counts.exitsPort[8], steps, stepNs], [1, 18, 500]);
  assertEquals(timelineOf(["1000 7/7 vmm kvm_entry: vcpu 0"]).lanes, []);
  assertEquals(timelineOf([]), { stepNs: 500, steps: 0, lanes: [] });
});

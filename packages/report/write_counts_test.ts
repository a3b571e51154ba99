import { assert, assertEquals } from "@std/assert";
import { latestRelease } from "@ioeventfd/uapi";
import { pathCosts, writePaths } from "./path_costs.ts";
import { studyRecording } from "./study_recording.ts";
import { cyclesOf, writeCounts } from "./write_counts.ts";

const capture = new URL("../../captures/q35-pci-testdev.bpftrace.txt", import.meta.url);
const { recorded, zeroLength } = await studyRecording(Deno.readFileSync(capture));

Deno.test("writeCounts() puts every write on one path", () => {
  for (const [report, zero] of [[recorded, false], [zeroLength, true]] as const) {
    const { byPath } = writeCounts(report, latestRelease, zero);
    assertEquals(writePaths.reduce((sum, path) => sum + byPath[path], 0), report.writes);
  }
});

Deno.test("writeCounts() counts writes to places that are too many to be listed", async () => {
  const lines = Array.from({ length: 700 }, (_, i) => {
    const gpa = (0xd0000000 + 8 * i).toString(16);
    return `${1000 + 100 * i} 7/7 vmm kvm_mmio: type 2 len 4 gpa 0x${gpa} val 0x0\n` +
      `${1050 + 100 * i} 7/7 vmm kvm_userspace_exit: reason 6 errno 0\n`;
  });
  const { recorded } = await studyRecording(new TextEncoder().encode(lines.join("")));
  assert(recorded.omitted.places > 0);
  assertEquals(writeCounts(recorded, latestRelease).byPath["mmio-userspace"], 700);
});

Deno.test("cyclesOf() is less where fixed lengths become zero", () => {
  const costs = pathCosts(latestRelease);
  const before = writeCounts(recorded, latestRelease);
  const after = writeCounts(zeroLength, latestRelease, true);
  assert(after.byPath["fast-mmio"] > before.byPath["fast-mmio"]);
  assert(cyclesOf(after.byPath, costs) < cyclesOf(before.byPath, costs));
});

import { assert, assertEquals } from "@std/assert";
import { latestRelease } from "@ioeventfd/uapi";
import { pathCosts, writePaths } from "./path_costs.ts";
import { studyRecording } from "./study_recording.ts";
import { cyclesOf, writeCounts } from "./write_counts.ts";

const capture = new URL("../../captures/q35-pci-testdev.bpftrace.txt", import.meta.url);
const { recorded, zeroLength } = await studyRecording(Deno.readFileSync(capture));

Deno.test("writeCounts() puts every write on one path", () => {
  for (const [report, zero] of [[recorded, false], [zeroLength, true]] as const) {
    const { byPath, unlisted } = writeCounts(report, latestRelease, zero);
    const listed = writePaths.reduce((sum, path) => sum + byPath[path], 0);
    assertEquals(listed + unlisted, report.writes);
  }
});

Deno.test("cyclesOf() is less where fixed lengths become zero", () => {
  const costs = pathCosts(latestRelease);
  const before = writeCounts(recorded, latestRelease);
  const after = writeCounts(zeroLength, latestRelease, true);
  assert(after.byPath["fast-mmio"] > before.byPath["fast-mmio"]);
  assert(cyclesOf(after.byPath, costs) < cyclesOf(before.byPath, costs));
});

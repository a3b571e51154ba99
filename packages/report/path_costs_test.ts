import { assert, assertEquals } from "@std/assert";
import { kernelReleases, latestRelease, release } from "@ioeventfd/uapi";
import { workNames } from "@ioeventfd/scenario";
import { kickStories } from "./kick_story.ts";
import { costGroups, pathCosts, writePaths } from "./path_costs.ts";

Deno.test("costGroups has each kind of work once", () => {
  assertEquals(costGroups.flatMap(({ work }) => work).toSorted(), workNames.toSorted());
});

Deno.test("pathCosts() splits all of the cycles into parts, on every release", () => {
  for (const one of kernelReleases) {
    const costs = pathCosts(one);
    for (const path of writePaths) {
      const { parts, cycles } = costs[path];
      assert(Math.abs(parts.reduce((sum, part) => sum + part, -cycles)) < 1e-6, path);
    }
    assert(costs["mmio-kernel"].cycles > costs["pio-kernel"].cycles);
    assert(costs["mmio-userspace"].cycles > costs["mmio-kernel"].cycles);
  }
});

Deno.test("kickStories() walks to the instruction on the slow path, and nowhere on the fast one", () => {
  const [fast, slow, none] = kickStories(latestRelease);
  assertEquals([fast?.path, slow?.path, none?.path], [
    "fast-mmio",
    "mmio-kernel",
    "mmio-userspace",
  ]);
  assertEquals([fast?.signals, slow?.signals, none?.signals], [1, 1, 0]);
  assertEquals([fast?.userspaceExits, slow?.userspaceExits, none?.userspaceExits], [0, 0, 1]);
  assertEquals(fast?.fetchWalk, []);
  const walk = slow!.fetchWalk;
  assertEquals(walk.length, slow!.work.fetchPageTableReads);
  walk.slice(1).forEach(({ at, index }, i) => {
    const table = walk[i]!.value & 0x000f_ffff_ffff_f000n;
    assertEquals(at, table + BigInt(8 * index), "an entry is in the table that the last one names");
  });
  assertEquals(slow!.trace.map(({ name }) => name), [
    "kvm_exit",
    "kvm_emulate_insn",
    "vcpu_match_mmio",
    "kvm_mmio",
    "kvm_entry",
  ]);
});

Deno.test("kickStories() of a release without zero length has the same doorbell go to userspace", () => {
  const [refused, fixed] = kickStories(release("3.14"));
  assertEquals([refused?.path, refused?.signals], ["mmio-userspace", 0]);
  assertEquals([fixed?.path, fixed?.signals], ["mmio-kernel", 1]);
});

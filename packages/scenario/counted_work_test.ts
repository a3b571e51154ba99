import { assertEquals } from "@std/assert";
import { accessPaths, accessWork, workBetween } from "./counted_work.ts";

const work = {
  "fast-mmio": { exits: 2, decoded: 0 },
  "mmio-kernel": { exits: 1, decoded: 1 },
  "pio-kernel": { exits: 0, decoded: 0 },
  "ram-fault": { exits: 4, faultPageTableReads: 9 },
  "other": { exits: 1, userspaceOther: 1 },
};

Deno.test("accessWork() leaves out the guest's own RAM and its HLT", () => {
  const sum = accessWork(work);
  assertEquals([sum.exits, sum.decoded, sum.userspaceOther, sum.faultPageTableReads], [3, 1, 0, 0]);
});

Deno.test("accessPaths() names the paths that were taken", () => {
  assertEquals(accessPaths(work), ["fast-mmio", "mmio-kernel"]);
});

Deno.test("workBetween() takes the earlier count away, paths new since then whole", () => {
  assertEquals(workBetween({ "fast-mmio": { exits: 1, decoded: 0 } }, work)["fast-mmio"], {
    exits: 1,
    decoded: 0,
  });
  assertEquals(workBetween({}, work)["other"], { exits: 1, userspaceOther: 1 });
});

import { assert, assertEquals, assertMatch } from "@std/assert";
import { release } from "@ioeventfd/uapi";
import { parseRegistrationSet } from "./parse_registration_set.ts";
import { plan } from "./plan.ts";
import type { PlanOptions } from "./plan.ts";
import type { Plan } from "./plan_report.ts";

function planned(old: string, next: string, options?: PlanOptions): Plan {
  return plan(parseRegistrationSet(old), parseRegistrationSet(next), options);
}

function told({ steps }: Plan): string[] {
  return steps.map(({ op, registration: { addr, len }, eventfd }) =>
    `${op} 0x${addr.toString(16)} ${len} ${eventfd}`
  );
}

Deno.test("plan() leaves alone what both sets have", () => {
  const set = '[{"addr":"0x1000","len":0},{"addr":"0x2000","len":4,"datamatch":"0x1","flags":1}]';
  const { steps, kept, windows, problems, optimal } = planned(set, set);
  assertEquals([steps, windows, problems, optimal], [[], [], [], true]);
  assertEquals(kept, [{ old: 0, new: 0 }, { old: 1, new: 1 }]);
});

Deno.test("plan() makes the new place of a move before the old one goes", () => {
  const one = planned(
    '[{"addr":"0x1000","len":0,"fd":3},{"addr":"0x1004","len":0,"fd":4}]',
    '[{"addr":"0x8000","len":0,"fd":3},{"addr":"0x8004","len":0,"fd":4}]',
  );
  assertEquals(told(one), [
    "assign 0x8000 0 3",
    "deassign 0x1000 0 3",
    "assign 0x8004 0 4",
    "deassign 0x1004 0 4",
  ]);
  assertEquals(one.steps.map((step) => step.other), [2, 1, 4, 3]);
  assertEquals([one.windows, one.optimal], [[], true]);
});

Deno.test("plan() walks a chain of moves from its free end", () => {
  const one = planned(
    '[{"addr":"0x1000","len":4,"fd":1},{"addr":"0x2000","len":4,"fd":2}]',
    '[{"addr":"0x2000","len":4,"fd":1},{"addr":"0x3000","len":4,"fd":2}]',
  );
  assertEquals(told(one), [
    "assign 0x3000 4 2",
    "deassign 0x2000 4 2",
    "assign 0x2000 4 1",
    "deassign 0x1000 4 1",
  ]);
  const [window, ...others] = one.windows;
  assertEquals([window!.opens, window!.closes, window!.writes, others], [2, 3, [4], []]);
  assertEquals([window!.kind, window!.unavoidable], ["collision", true]);
});

Deno.test("plan() opens one window after the other where two eventfds change places", () => {
  const one = planned(
    '[{"addr":"0x1000","len":4,"fd":1},{"addr":"0x2000","len":4,"fd":2}]',
    '[{"addr":"0x2000","len":4,"fd":1},{"addr":"0x1000","len":4,"fd":2}]',
  );
  assertEquals(one.steps.length, 4);
  assertEquals(one.windows.map(({ opens, closes }) => [opens, closes]), [[1, 2], [3, 4]]);
});

Deno.test("plan() says why a doorbell cannot change its length without a window", () => {
  const { steps, windows, optimal } = planned(
    '[{"addr":"0xfebf0000","len":2,"fd":5,"name":"tx"}]',
    '[{"addr":"0xfebf0000","len":0,"fd":5,"name":"tx"}]',
  );
  assertEquals(steps.map((step) => step.op), ["deassign", "assign"]);
  const [window] = windows;
  assertEquals([window!.opens, window!.closes, window!.writes], [1, 2, [2]]);
  assertEquals([window!.kind, window!.unavoidable, optimal], ["collision", true, true]);
  assertMatch(
    window!.why,
    /^old #0 "tx" \(len 2 at 0xfebf0000\) and what replaces it, new #0 .* exclude each other/,
  );
});

Deno.test("plan() names what else a replacement waits for", () => {
  const queues = [1, 2, 3].map((value) =>
    `{"addr":"0x1000","len":4,"flags":1,"datamatch":${value},"fd":${value}}`
  );
  const { steps, windows } = planned(`[${queues}]`, '[{"addr":"0x1000","len":4,"fd":9}]');
  assertEquals(steps.map((step) => step.op), ["deassign", "deassign", "deassign", "assign"]);
  assertEquals(windows.map(({ kind, opens, closes }) => [kind, opens, closes]), [
    ["chain", 1, 4],
    ["chain", 2, 4],
    ["chain", 3, 4],
  ]);
});

Deno.test("plan() keeps eventfds apart where the sets do", () => {
  const other = planned('[{"addr":1,"len":1,"fd":3}]', '[{"addr":1,"len":1,"fd":4}]');
  assertEquals(told(other), ["deassign 0x1 1 3", "assign 0x1 1 4"]);
  const unnamed = planned('[{"addr":1,"len":1,"fd":3}]', '[{"addr":1,"len":1}]');
  assertEquals([unnamed.steps, unnamed.kept], [[], [{ old: 0, new: 0 }]]);
});

Deno.test("plan() chooses an order in which the search of the bus finds everything", () => {
  const { steps, windows, problems, optimal } = planned(
    '[{"addr":"0xd0000008","len":4}]',
    '[{"addr":"0xd0000008","len":4},{"addr":"0xd0000000","len":4},{"addr":"0xd0000004","len":0}]',
  );
  assertEquals(told({ steps } as Plan).map((step) => step.split(" ").slice(0, 3)), [
    ["assign", "0xd0000000", "4"],
    ["assign", "0xd0000004", "0"],
  ]);
  assertEquals([windows, problems, optimal], [[], [], true]);
});

Deno.test("plan() says what the search of the bus loses in the end whatever the order", () => {
  const { problems, optimal } = planned(
    '[{"addr":"0xd0000004","len":0,"name":"any"}]',
    '[{"addr":"0xd0000000","len":4},{"addr":"0xd0000004","len":0,"name":"any"}]',
  );
  const dead = problems.find(({ where }) => where === "dead");
  assertEquals([dead?.index, dead?.kernels, optimal], [1, ["6.19"], true]);
  assertMatch(
    dead!.why,
    /"any" \(len 0 at 0xd0000004\), which stays, loses writes of .* in the end/,
  );
});

Deno.test("plan() leaves out releases that cannot hold a set, and says so", () => {
  const { kernels, checked, problems } = planned(
    '[{"addr":"0x1000","len":4}]',
    '[{"addr":"0x1000","len":0}]',
    { releases: [release("3.14"), release("6.19")] },
  );
  assertEquals([kernels, checked], [["3.14", "6.19"], ["6.19"]]);
  assertEquals(problems.map(({ kernels, where, index, errno }) => [kernels, where, index, errno]), [
    [["3.14"], "new", 0, "EINVAL"],
  ]);
});

Deno.test("plan() lets something go first where the kernel has no room for both", () => {
  // On 3.16 zero-length MMIO counts as devices of the fast bus, of which there may be 1,000.
  const set = (from: number): string =>
    JSON.stringify(
      Array.from({ length: 1000 }, (_, i) => ({ addr: from + 16 * i, len: 0, fd: i + 3 })),
    );
  const { steps, problems, windows } = planned(set(0x10000), set(0x80000), {
    releases: [release("3.16")],
    ept: true,
  });
  assertEquals(steps[0]?.op, "deassign");
  assertEquals(steps.length, 2000);
  assertEquals(problems, []);
  assert(windows.some(({ kind, writes }) => kind === "room" && writes.length === 0));
});

Deno.test("plan() takes memory and devices of the old set for those of the new one", () => {
  const old = '[{"irqchip":"full"},{"addr":"0x1000","len":4}]';
  assertEquals(planned(old, '[{"addr":"0x2000","len":4}]').notes, []);
  const { notes } = planned(old, '[{"irqchip":"split"},{"addr":"0x2000","len":4}]');
  assertMatch(notes.join(), /differ in memory, zones or devices/);
});

Deno.test("plan() names what a step of a set collides with by its place in that set", () => {
  const next = parseRegistrationSet('[{"addr":"0x1000","len":4},{"addr":"0x1000","len":0}]');
  const { problems } = plan(parseRegistrationSet('[{"zone":{"addr":"0x9000","size":8}}]'), next);
  assertEquals(problems.map(({ why }) => why), [
    "new #1 (len 0 at 0x1000) is refused: EEXIST: mmio 0x1000 len 0x0 collides with new #0 " +
    "(mmio 0x1000 len 0x4): zero length excludes every other at its address",
  ]);
});

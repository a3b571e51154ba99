import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { EOPNOTSUPP, ReferenceBus } from "@ioeventfd/kvm-core";
import type { IoRange } from "@ioeventfd/kvm-core";
import { release } from "@ioeventfd/uapi";
import type { BusRules } from "@ioeventfd/uapi";
import { groupsApart, safeInAnyOrder } from "./_groups_apart.ts";
import { OrderModel } from "./_order_model.ts";
import type { OrderNeed } from "./_order_model.ts";

const someRules = fc.constantFrom(release("4.4").bus, release("6.19").bus);

/** Ranges as registrations can be: nothing beside zero length at its address. */
const someRanges = fc.array(
  fc.tuple(fc.integer({ min: 0, max: 24 }), fc.constantFrom(0, 1, 2, 4, 8)),
  { minLength: 1, maxLength: 8 },
).map((list) => {
  const ranges: IoRange[] = [];
  for (const [at, len] of list) {
    const lo = 0x1000 + at;
    const taken = ranges.some((one) => one.lo === lo && (one.len === len || one.len * len === 0));
    if (!taken) ranges.push({ lo, hi: 0, len });
  }
  return ranges;
});

/** A bus on which each range claims the writes that match it. */
function busOf(
  rules: BusRules,
  ranges: readonly IoRange[],
): { bus: ReferenceBus; hits: IoRange[] } {
  const bus = new ReferenceBus(rules);
  const hits: IoRange[] = [];
  for (const range of ranges) {
    bus.insert(range.lo, range.hi, range.len, {
      write: (lo, _hi, len) => {
        if (lo !== range.lo || (range.len !== 0 && range.len !== len)) return EOPNOTSUPP;
        hits.push(range);
        return 0;
      },
    });
  }
  return { bus, hits };
}

function keysOf(range: IoRange): IoRange[] {
  return (range.len === 0 ? [1, 2, 4, 8] : [range.len]).map((len) => ({ ...range, len }));
}

/** Writes that do not come to their range. */
function lostOn(rules: BusRules, ranges: readonly IoRange[]): number {
  const { bus, hits } = busOf(rules, ranges);
  let lost = 0;
  for (const range of ranges) {
    for (const key of keysOf(range)) {
      hits.length = 0;
      bus.write(key.lo, 0, key.len, 0, 0);
      if (hits[0] !== range) lost++;
    }
  }
  return lost;
}

function modelOf(rules: BusRules, ranges: readonly IoRange[], below = 0, above = 0): OrderModel {
  const items = ranges.map((range, step) => ({ step, range, claims: false }));
  const needs: OrderNeed[] = ranges.flatMap((range, item) =>
    keysOf(range).map((key) => ({ item, key }))
  );
  return new OrderModel({ rules, items, needs, below, above });
}

Deno.test("safeInAnyOrder() is right about every order", () => {
  let safe = 0;
  fc.assert(
    fc.property(someRules, someRanges.chain((all) => fc.shuffledSubarray(all)), (rules, ranges) => {
      if (!safeInAnyOrder(ranges, rules)) return;
      safe++;
      assertEquals(lostOn(rules, ranges), 0);
    }),
    { numRuns: 3000 },
  );
  assert(safe > 300, `${safe} sets were safe`);
});

Deno.test("OrderModel.lost() counts what the kernel's own array loses", () => {
  fc.assert(
    fc.property(someRules, someRanges, (rules, ranges) => {
      const order = ranges.map((_, step) => step);
      assertEquals(modelOf(rules, ranges).lost(order), lostOn(rules, ranges));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("OrderModel.lost() with entries beside equals the whole array", () => {
  const { bus: rules } = release("6.19");
  const far = (n: number, base: number): IoRange[] =>
    Array.from({ length: n }, (_, i) => ({ lo: base + 16 * i, hi: 0, len: 4 }));
  fc.assert(
    fc.property(someRanges, fc.nat(6), fc.nat(6), (ranges, below, above) => {
      const whole = [...ranges, ...far(below, 0x100), ...far(above, 0x8000)];
      const order = ranges.map((_, step) => step);
      assertEquals(modelOf(rules, ranges, below, above).lost(order), lostOn(rules, whole));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("OrderModel.robust() orders lose nothing whatever is beside", () => {
  const { bus: rules } = release("6.19");
  let robust = 0;
  fc.assert(
    fc.property(someRanges, fc.nat(40), fc.nat(40), (ranges, below, above) => {
      const order = ranges.map((_, step) => step);
      if (!modelOf(rules, ranges).robust(order)) return;
      robust++;
      assertEquals(modelOf(rules, ranges, below, above).lost(order), 0);
    }),
    { numRuns: 2000 },
  );
  assert(robust > 300, `${robust} orders were robust`);
});

Deno.test("groupsApart() joins what overlaps or touches, and gives up on what goes round", () => {
  const placed = (...ranges: [lo: number, len: number][]) =>
    ranges.map(([lo, len], step) => ({ step, range: { lo, hi: 0, len } }));
  const groups = groupsApart(placed([0x10, 4], [0x14, 0], [0x19, 1], [0x12, 1]))!;
  assertEquals([...groups.get(0)!].sort(), [0, 1, 3]);
  assertEquals([...groups.get(2)!], [2]);
  const round = { step: 0, range: { lo: 0xffff_fffe, hi: 0xffff_ffff, len: 4 } };
  assertEquals(groupsApart([round]), null);
});

// Moves of many doorbells that depend on each other: more than every order can be tried of.
import { assert, assertEquals } from "@std/assert";
import { plan } from "./plan.ts";
import type { Plan } from "./plan_report.ts";
import type { RegistrationSet } from "./registration_set.ts";

/** Doorbells of one length side by side, one eventfd each. */
function row(first: number, count: number, len: 0 | 2 | 4, reversed = false): RegistrationSet {
  return Array.from({ length: count }, (_, i) => ({
    kind: "assign",
    registration: {
      addr: BigInt(first + 4 * (reversed ? count - 1 - i : i)),
      len,
      flags: 0,
      datamatch: 0n,
    },
    eventfd: `q${i}`,
  }));
}

/** What is registered after the steps; no step takes or makes what it cannot. */
function carriedOut(old: RegistrationSet, { steps }: Plan): string[] {
  const name = (addr: bigint, len: number): string => `0x${addr.toString(16)} ${len}`;
  const present = new Map(
    old.map((entry) => {
      assert(entry.kind === "assign");
      const { addr, len } = entry.registration;
      return [name(addr, len), entry.eventfd];
    }),
  );
  for (const { op, registration: { addr, len }, eventfd } of steps) {
    const key = name(addr, len);
    if (op === "assign") {
      assert(!present.has(key), `${key} is taken`);
      present.set(key, eventfd);
    } else {
      assertEquals(present.get(key), eventfd);
      present.delete(key);
    }
  }
  return [...present].map(([key, fd]) => `${key} ${fd}`).toSorted();
}

function registered(set: RegistrationSet): string[] {
  return carriedOut(set, { steps: [] } as unknown as Plan);
}

Deno.test("plan() walks a chain of eight from its free end, with a window for each but the last", () => {
  const old = row(0x1000, 8, 4), next = row(0x1004, 8, 4);
  const found = plan(old, next);
  assertEquals(carriedOut(old, found), registered(next));
  assertEquals([found.steps.length, found.problems], [16, []]);
  assertEquals(found.windows.length, 7);
  assert(found.windows.every(({ kind, unavoidable }) => kind === "collision" && unavoidable));
});

Deno.test("plan() finds an order for a ring of eight, whose first has nowhere to go", () => {
  const old = row(0x1000, 8, 4), next = row(0x1000, 8, 4, true);
  const found = plan(old, next);
  assertEquals(carriedOut(old, found), registered(next));
  assertEquals(found.problems, []);
  // Four pairs change places.
  assertEquals(found.windows.length, 8);
});

Deno.test("plan() goes by the rules of collision alone where there are too many to ask the buses", () => {
  for (const len of [0, 4] as const) {
    const old = row(0x1000, 70, len), next = row(0x1004, 70, len);
    const found = plan(old, next);
    assertEquals(carriedOut(old, found), registered(next));
    assertEquals([found.steps.length, found.problems], [140, []]);
    assertEquals(found.windows.length, 69);
  }
});

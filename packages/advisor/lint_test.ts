import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { kernelReleases, release } from "@ioeventfd/uapi";
import type { Registration } from "@ioeventfd/uapi";
import { lint } from "./lint.ts";
import type { Finding, LintReport } from "./lint_report.ts";
import { registrationSet } from "./registration_set.ts";
import type { RegistrationSet, SetEntry } from "./registration_set.ts";

const A = 0xd000_0000n;

function made(addr: bigint, len: number, flags = 0, datamatch = 0n): Registration {
  return { addr, len, flags, datamatch };
}

function verdicts(set: RegistrationSet, kernel = "6.19", ept = false): string[] {
  const { registrations } = lint(set, { releases: [release(kernel)], ept });
  return registrations.map(({ verdict, writes }) => `${verdict} ${writes.join(" ")}`.trim());
}

function only(report: LintReport, index: number): Finding {
  return report.registrations.find((one) => one.index === index)!;
}

/** Memory, zones and devices, then registrations with an eventfd each. */
function machine(before: SetEntry[], registrations: Registration[], after: SetEntry[] = []) {
  const assigned: SetEntry[] = registrations.map((registration, i) => ({
    kind: "assign",
    registration,
    eventfd: `#${i}`,
  }));
  return [...before, ...assigned, ...after];
}

Deno.test("lint() finds zero length at A+4 dead once length 4 is at A", () => {
  const report = lint(registrationSet([made(A + 4n, 0), made(A, 4)]));
  const dead = only(report, 0);
  assertEquals([dead.verdict, dead.writes, dead.hiddenBy], ["dead", [1, 2, 4, 8], [1]]);
  assertMatch(
    dead.why,
    /binary search of a write of 1 byte to 0xd0000004 takes it to lie above #1/,
  );
  assertEquals(only(report, 1).verdict, "ok");
  assertEquals([report.safeOrder, report.robust], [[1, 0], true]);
});

Deno.test("lint() finds the same for other lengths that touch, and on ports", () => {
  for (const len of [1, 8]) {
    assertEquals(
      verdicts(registrationSet([made(A + BigInt(len), 0), made(A, len)]))[0],
      "dead 1 2 4 8",
    );
  }
  assertEquals(
    verdicts(registrationSet([made(0x504n, 0, 2), made(0x500n, 4, 2)]))[0],
    "dead 1 2 4",
  );
});

Deno.test("lint() sees an unrelated registration mend and break a doorbell", () => {
  const pair = [made(A + 4n, 0), made(A, 4)];
  assertEquals(verdicts(registrationSet([...pair, made(A - 0x100n, 4)]))[0], "ok");
  const broken = [...pair, made(A - 0x100n, 4), made(A + 0x100n, 4)];
  assertEquals(verdicts(registrationSet(broken))[0], "dead 1 2 4 8");
});

Deno.test("lint() finds length 4 at A dead behind two of length 1 above it", () => {
  const report = lint(registrationSet([made(A + 1n, 1), made(A + 2n, 1), made(A, 4)]));
  assertEquals(only(report, 2).verdict, "dead");
  assertEquals(report.safeOrder === null, false);
});

Deno.test("lint() finds length 2 at A+1 dead though the order is ascending", () => {
  const set = registrationSet(
    [1, 2, 4].map((len) => made(A, len)).concat([1, 2].map((len) => made(A + 1n, len))),
  );
  const report = lint(set);
  assertEquals(only(report, 4).verdict, "dead");
  assertStringIncludes(only(report, 4).why, "lands on");
});

Deno.test("lint() follows a history: what was taken away still shaped the array", () => {
  const first = made(A + 4n, 0), second = made(A, 4);
  const history: RegistrationSet = [
    { kind: "assign", registration: first, eventfd: "a" },
    { kind: "assign", registration: second, eventfd: "b" },
    { kind: "deassign", registration: first, eventfd: "a" },
    { kind: "assign", registration: first, eventfd: "a" },
  ];
  const report = lint(history);
  assertEquals(report.registrations.map(({ index, verdict }) => [index, verdict]), [[1, "ok"], [
    3,
    "ok",
  ]]);
  assertEquals(report.safeOrder, [1, 3]);
});

Deno.test("lint() names registrations that no write can match", () => {
  const never: [Registration, RegExp][] = [
    [made(A, 1, 1, 0x1ffn), /wider than len 1/],
    [made(0x1_0000n, 2, 2), /ports end at 0xffff/],
    [made(0x500n, 8, 2), /no OUT writes 8 bytes/],
    [made(3n, 4, 8), /only s390/],
    [made(A + 0xffcn, 8), /two parts/],
    [made(1n << 52n, 4), /beyond the 52 bits/],
  ];
  for (const [registration, why] of never) {
    const [finding] = lint(registrationSet([registration])).registrations;
    assertEquals([finding?.verdict, finding?.hiddenBy], ["never", []]);
    assertMatch(finding!.why, why);
  }
  assertEquals(verdicts(registrationSet([made(A + 0xffdn, 0)])), ["ok"]);
});

Deno.test("lint() knows that up to 4.4 one byte to port 0x80 stays in the guest, and no more", () => {
  const port = (len: number) => registrationSet([made(0x80n, len, 2)]);
  assertEquals([1, 2, 4, 0].map((len) => verdicts(port(len), "4.4")[0]), [
    "never 1",
    "ok",
    "ok",
    "ok 1",
  ]);
  assertEquals([1, 0].map((len) => verdicts(port(len), "5.15")[0]), ["ok", "ok"]);
  const hidden = registrationSet([made(0x80n, 0, 2), made(0x7fn, 1, 2)]);
  assertEquals(verdicts(hidden, "5.15")[0], "dead 1 2 4");
});

Deno.test("lint() names memory, zones and devices that take the write", () => {
  const ram: SetEntry = { kind: "ram", gpa: A, size: 0x1000n, readonly: false };
  const report = lint(machine([ram], [made(A, 4)]));
  assertEquals(only(report, 1).verdict, "never");
  assertEquals(only(report, 1).hiddenBy, [0]);
  assertEquals(verdicts(machine([{ ...ram, readonly: true }], [made(A, 4)])), ["ok"]);

  const zone: SetEntry = { kind: "zone", addr: A, size: 0x100, pio: false };
  assertEquals(verdicts(machine([zone], [made(A + 8n, 4)])), ["never 4"]);
  assertEquals(verdicts(machine([], [made(A + 8n, 4)], [zone])), ["ok"]);
  assertEquals(verdicts(machine([zone], [made(A, 4)])), ["ok"], "at its start a length wins");
  assertEquals(verdicts(machine([zone], [made(A, 0)])), ["never 1 2 4 8"]);

  const irqchip: SetEntry = { kind: "irqchip" };
  assertEquals(verdicts(machine([irqchip], [made(0x21n, 1, 2)])), ["never 1"]);
  assertEquals(verdicts(machine([irqchip], [made(0x20n, 1, 2)])), ["ok"], "it steals from the PIC");
  assertEquals(verdicts(machine([irqchip], [made(0xfee0_00b0n, 4)])), ["never 4"]);
});

Deno.test("lint() counts a refused registration among those that never fire", () => {
  const { registrations } = lint(registrationSet([made(A, 0), made(A, 4)]));
  const [, refused] = registrations;
  assertEquals([refused?.verdict, refused?.errno, refused?.hiddenBy], ["never", "EEXIST", [0]]);
});

Deno.test("lint() knows that 3.16 finds zero length on the fast MMIO bus alone", () => {
  const set = registrationSet([made(A, 0)]);
  assertEquals(verdicts(set, "3.14"), ["never 1 2 4 8"]);
  assertEquals(verdicts(set, "3.16"), ["never 1 2 4 8"]);
  assertEquals(verdicts(set, "3.16", true), ["ok"]);
  assertEquals(verdicts(set, "4.4"), ["ok"]);
});

Deno.test("lint() judges several releases at once and finds an order for all", () => {
  const set = registrationSet([made(A + 4n, 0), made(A, 4), made(A + 0x40n, 2)]);
  const releases = kernelReleases.filter((one) => one.bus.zeroLengthFindable);
  const report = lint(set, { releases });
  assertEquals(report.releases.map((one) => one.kernel), ["4.4", "5.15", "6.19"]);
  assertEquals(only(report, 0).verdict, "dead");
  const order = report.safeOrder!;
  const again = lint(order.map((step) => set[step]!), { releases });
  assert(again.registrations.every((one) => one.verdict === "ok"), JSON.stringify(order));
});

Deno.test("lint() keeps the turns of two of which one release takes the one, another the other", () => {
  const set = registrationSet([made(A + 2n, 0), made(A + 2n, 1), made(A, 2)]);
  const report = lint(set, { releases: kernelReleases });
  assertEquals(report.releases.map((one) => one.registrations.map(({ errno }) => errno).join()), [
    "EINVAL,,",
    ...Array(5).fill(",EEXIST,"),
  ]);
  assertEquals(report.safeOrder, [2, 0, 1]);
});

Deno.test("lint() says when no order saves all, having tried every one", () => {
  const set = registrationSet([
    made(A, 8),
    made(A, 4),
    made(A + 1n, 4),
    made(A + 1n, 2),
    made(A + 1n, 1),
    made(A, 2),
    made(A, 1),
  ]);
  const report = lint(set);
  assertEquals(report.safeOrder, null);
  assertStringIncludes(report.orderWhy, "every order was tried");
});

const randomSet = fc.array(
  fc.tuple(
    fc.nat(12),
    fc.constantFrom(0, 1, 2, 4, 8),
    fc.constantFrom(0, 1, 1),
    fc.constantFrom(0x33n, 0x5an),
  ),
  { minLength: 1, maxLength: 9 },
).map((list) =>
  registrationSet(
    list.map(([at, len, flags, value]) => made(A + BigInt(at), len, len === 0 ? 0 : flags, value)),
  )
);

Deno.test("lint() proposes orders in which each registration fires, when judged again", () => {
  fc.assert(
    fc.property(randomSet, (set) => {
      const { safeOrder, registrations } = lint(set);
      if (safeOrder === null) return;
      const accepted = registrations.filter((one) => one.errno === null).map((one) => one.index);
      assertEquals([...safeOrder].sort((a, b) => a - b), accepted);
      const again = lint(safeOrder.map((step) => set[step]!));
      for (const finding of again.registrations) assertEquals(finding.writes, [], finding.why);
    }),
    { numRuns: 60 },
  );
});

Deno.test("lint() names hiders without which the hidden one fires, and no fewer", () => {
  fc.assert(
    fc.property(randomSet, (all) => {
      const refused = lint(all).registrations.filter((one) => one.errno !== null);
      const set = all.filter((_, step) => !refused.some((one) => one.index === step));
      for (const { index, verdict, writes, hiddenBy } of lint(set).registrations) {
        if (verdict === "never" || writes.length === 0) continue;
        const lostWithout = (skip: readonly number[]): number => {
          const kept = set.filter((_, step) => !skip.includes(step));
          const at = kept.indexOf(set[index]!);
          return lint(kept).registrations.find((one) => one.index === at)!.writes.length;
        };
        assertEquals(lostWithout(hiddenBy), 0);
        for (const one of hiddenBy) {
          assert(lostWithout(hiddenBy.filter((step) => step !== one)) > 0);
        }
      }
    }),
    { numRuns: 60 },
  );
});

/** The object that `deno task bench --json` prints, made here from answers that nobody measured. */
import { assert, assertEquals } from "@std/assert";
import { assemble } from "../bench/assemble.ts";
import { judge } from "../bench/goals.ts";
import { fullPlan, quickPlan } from "../bench/plan.ts";
import type { Axes } from "../bench/result.ts";
import { renderTables } from "../bench/render_tables.ts";
import { variants } from "../bench/variants.ts";

const bytes = { bpftrace: 64e6, ftrace: 16e6 };
const recordings = { bpftrace: "a.txt", ftrace: "b.txt" };
const sizes = fullPlan.dispatch.map(([n]) => n);

/** What each variant would answer, `ns` nanoseconds or as many of anything else. */
function answer(name: string, ns: number): unknown {
  const by = (list: readonly number[], one: unknown) =>
    Object.fromEntries(list.map((n) => [n, one]));
  if (/datamatch$/.test(name)) return by(fullPlan.datamatch.map(([n]) => n), { ns });
  if (/^v86/.test(name)) return by(sizes.filter((n) => n < 20_000), { ns });
  if (/(hit|miss)$/.test(name)) return by(sizes, { ns });
  if (/assign$/.test(name)) return by(fullPlan.assign, { assignNs: ns, deassignNs: ns });
  if (/replay|scan/.test(name)) return { mbPerS: ns, cpuMbPerS: ns, linesPerS: ns, peakMiB: ns };
  if (name === "cold start") return ns;
  return {
    ns,
    fastNs: ns,
    slowNs: 2 * ns,
    fastManyNs: ns,
    slowManyNs: ns,
    localNs: ns,
    sharedNs: ns,
    localWordsNs: ns,
    sharedWordsNs: ns,
    ffiNs: ns,
    casesPerS: ns,
    bytesPerRegistration: ns,
  };
}

function axes(peer: string | null): Axes {
  const answers = variants(quickPlan, { peer, recordings, hasTaskset: true }).map(
    ({ name }): [string, unknown[]] => {
      const ns = name.startsWith("native") ? 40 : 10;
      return [name, [answer(name, ns), answer(name, ns), answer(name, 3 * ns)]];
    },
  );
  return assemble(new Map(answers), bytes);
}

Deno.test("the axes of a run have every name that readers of the JSON rely on", () => {
  const { dispatch, datamatch, assign, kick, eventfd, replay, ...rest } = axes("peer");

  assertEquals(Object.keys(dispatch), ["1", "16", "256", "1000", "10000", "100000"]);
  assertEquals(Object.keys(datamatch), ["1", "16", "256", "1000"]);
  assertEquals(Object.keys(assign), Object.keys(dispatch));
  const ten = { modelNs: 10, nativeNs: 40, ratio: 0.25 };
  for (const at of [dispatch[1000]!, datamatch[256]!, assign[10_000]!]) {
    const { modelNs, nativeNs, ratio } = at;
    assertEquals({ modelNs, nativeNs, ratio }, ten);
  }
  assertEquals([dispatch[1000]!.v86Ns, dispatch[100_000]!.v86Ns], [10, undefined]);
  assertEquals([kick.fastNs, kick.slowNs, kick.ratio], [10, 20, 2]);
  const { localNs, sharedNs, realCNs, roundTripRatio } = eventfd;
  assertEquals([localNs, sharedNs, realCNs, roundTripRatio], [10, 10, 40, 0.25]);
  assertEquals([replay.mbPerS, replay.scannerMbPerS, replay.peakMiB], [10, 40, 10]);
  assertEquals(rest, { conform: { casesPerS: 10 }, coldStartMs: 10, bytesPerRegistration: 10 });
});

Deno.test("without a C compiler what needs it is null, and the rest is there", () => {
  const { dispatch, datamatch, assign, kick, eventfd, replay } = axes(null);

  const none = { nativeNs: null, ratio: null };
  for (const at of [dispatch[1]!, datamatch[1]!, assign[1]!]) {
    const { modelNs, nativeNs, ratio } = at;
    assertEquals({ modelNs, nativeNs, ratio }, { modelNs: 10, ...none });
  }
  assertEquals([eventfd.realCNs, eventfd.roundTripRatio, replay.scannerMbPerS], [null, null, null]);
  assertEquals([kick.fastNs, eventfd.localNs, replay.mbPerS, dispatch[1]!.v86Ns], [10, 10, 10, 10]);
});

Deno.test("goals are judged by the ratios, and left open where the peer is missing", () => {
  const by = (axes: Axes) => new Map(judge(axes).map((one) => [`${one.what} ${one.goal}`, one]));

  const all = by(axes("peer"));
  assertEquals(all.get("dispatch, N = 1,000 ≤ 0.25 × C")?.isMet, true);
  assertEquals(all.get("assign the 10,000th ≤ 0.05 × C")?.isMet, false);
  assertEquals(all.get("conform ≥ 100000 cases/s")?.isMet, false);
  assertEquals(by(axes(null)).get("dispatch, N = 1,000 ≤ 0.25 × C")?.isMet, null);
});

Deno.test("the tables for people have no hole that is not a dash", () => {
  const machine = {
    cpu: "CPU",
    cpus: 2,
    memoryMiB: 1,
    os: "linux",
    deno: "2",
    v8: "15",
    native: "cc",
    v86: "0",
    rounds: 3,
    loadBefore: 0,
    loadAfter: 1,
  };
  for (const peer of ["peer", null]) {
    const text = renderTables({ machine, date: "2026-01-01T00:00:00Z", axes: axes(peer) });
    assert(!/undefined|null|NaN/.test(text), text);
    assert(text.includes("100,000"));
  }
});

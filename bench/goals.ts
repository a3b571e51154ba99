/**
 * What the model is to reach.
 *
 * @module
 */
import type { Axes } from "./result.ts";

/** A goal and how far a run came. */
export interface Verdict {
  /** What is measured. */
  readonly what: string;
  /** What is to be reached. */
  readonly goal: string;
  /** What was measured, or null where a peer is missing. */
  readonly measured: string | null;
  /** What V8 does of the same work at best, measured in the same run; null where the bench has no such experiment. */
  readonly floor: string | null;
  /** Whether it was reached. */
  readonly isMet: boolean | null;
}

/**
 * Judges a run.
 *
 * @param axes What was measured
 */
export function judge(
  { dispatch, datamatch, assign, kick, eventfd, replay, ...rest }: Axes,
): Verdict[] {
  const at = (n: number) => dispatch[n]!;
  const atMost = (
    what: string,
    limit: number,
    value: number | null | undefined,
    unit: string,
    floor: number | null = null,
  ) => verdict(what, `≤ ${limit} ${unit}`, value, unit, floor, (value) => value <= limit);
  const atLeast = (
    what: string,
    limit: number,
    value: number | null,
    unit: string,
    floor: number | null = null,
  ) => verdict(what, `≥ ${limit} ${unit}`, value, unit, floor, (value) => value >= limit);
  const toC = (n: number) => over(at(n).floorNs, at(n).nativeNs);
  const { realCNs } = eventfd;
  return [
    atMost("dispatch, N = 1,000", 0.25, at(1000).ratio, "× C", toC(1000)),
    atMost(
      "dispatch, N = 1,000",
      1,
      at(1000).v86Ratio,
      "× v86",
      over(at(1000).floorNs, at(1000).v86Ns),
    ),
    atMost("dispatch, N = 16", 0.5, at(16).ratio, "× C", toC(16)),
    atMost("dispatch, N = 1", 1.6, at(1).ratio, "× C", toC(1)),
    atMost(
      "dispatch, growth from 1 to 10,000",
      2,
      at(10_000).modelNs / at(1).modelNs,
      "×",
      at(10_000).floorNs / at(1).floorNs,
    ),
    atMost("dispatch by bigints, N = 1,000", 0.5, at(1000).apiRatio, "× C"),
    atMost("the last of 256 datamatches", 0.05, datamatch[256]!.ratio, "× C"),
    atMost("assign the 10,000th", 1000, assign[10_000]!.modelNs, "ns"),
    // What the objects of a registration take where there is nothing else.
    atMost(
      "assign the 10,000th",
      0.05,
      assign[10_000]!.ratio,
      "× C",
      over(assign[1]!.modelNs, assign[10_000]!.nativeNs),
    ),
    atMost("fast kick", 40, kick.fastNs, "ns", kick.floorNs),
    atMost("slow kick", 400, kick.slowNs, "ns"),
    atMost(
      "eventfd write + read, local",
      0.02,
      eventfd.localRatio,
      "× C",
      over(eventfd.localFloorNs, realCNs),
    ),
    atMost(
      "eventfd write + read, shared",
      0.15,
      eventfd.sharedRatio,
      "× C",
      over(eventfd.sharedFloorNs, realCNs),
    ),
    atMost("eventfd round trip of workers", 1.1, eventfd.roundTripRatio, "× C"),
    // 1.1 × C is out of reach there: V8's own wait and wake take that much.
    atMost("the same asleep, on one CPU", 1.1, eventfd.asleepToFloor, "× V8 at best"),
    atLeast("replay", 250, replay.mbPerS, "MB/s", replay.floorMbPerS),
    atLeast("replay", 0.2, replay.ratio, "× C", over(replay.floorMbPerS, replay.scannerMbPerS)),
    atLeast("conform", 100_000, rest.conform.casesPerS, "cases/s"),
    atMost("ioeventfd --help", 150, rest.coldStartMs, "ms"),
  ];
}

function over(value: number, other: number | null | undefined): number | null {
  return other === null || other === undefined ? null : value / other;
}

function verdict(
  what: string,
  goal: string,
  value: number | null | undefined,
  unit: string,
  atBest: number | null,
  isMet: (value: number) => boolean,
): Verdict {
  const floor = atBest === null ? null : `${shown(atBest)} ${unit}`;
  if (value === null || value === undefined) {
    return { what, goal, measured: null, floor, isMet: null };
  }
  return { what, goal, measured: `${shown(value)} ${unit}`, floor, isMet: isMet(value) };
}

/** A figure with as many digits as it is worth. */
export function shown(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  if (value >= 10) return value.toFixed(value >= 100 ? 0 : 1);
  return value.toFixed(value >= 0.1 || value === 0 ? 2 : 3);
}

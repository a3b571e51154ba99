/**
 * What a run is told in: the same tables for a terminal and for `docs/speed.md`.
 *
 * @module
 */
import { judge, shown } from "./goals.ts";
import type { BenchResult, DispatchResult, Spread } from "./result.ts";

/** A table of texts. */
export interface Table {
  /** What stands above it. */
  readonly title: string;
  /** Names of the columns. */
  readonly head: readonly string[];
  /** As many cells a row as the head has. */
  readonly rows: readonly (readonly string[])[];
}

/** Where a run was made, and how: two sentences. */
export function circumstances({ machine, date }: BenchResult): readonly string[] {
  return [
    `${
      date.slice(0, 16).replace("T", " ")
    }, ${machine.cpu}, ${machine.cpus} CPUs, ${machine.os}; ` +
    `Deno ${machine.deno}, V8 ${machine.v8}; ${machine.native}; v86 ${machine.v86}`,
    `${machine.rounds} rounds; load of the machine ${machine.loadBefore} before and ` +
    `${machine.loadAfter} after, of which the run itself makes about 1`,
  ];
}

/** The goals, and whether they are met. */
export function goalsTable({ axes }: BenchResult): Table {
  return {
    title: "Goals; where one was hard to meet, what V8 does at best",
    head: ["goal", "", "measured", "V8 at best", ""],
    rows: judge(axes).map(({ what, goal, measured, floor, isMet }) => [
      what,
      goal,
      measured ?? "–",
      floor ?? "",
      isMet === null ? "no peer" : isMet ? "met" : "NOT met",
    ]),
  };
}

/** The few figures that a README shows: what a doorbell costs on each bus. */
export function summaryTable({ axes: { dispatch } }: BenchResult): Table {
  const sizes = ["1", "16", "1000", "10000"];
  const row = (what: string, pick: (at: DispatchResult) => number | null | undefined): string[] => [
    what,
    ...sizes.map((n) => shown(pick(dispatch[n]!))),
  ];
  return {
    title: "A write at random addresses, in ns",
    head: ["ns a write, among so many doorbells", ...sizes.map(count)],
    rows: [
      row("this model", (at) => at.modelNs),
      row("the kernel's bus, its algorithm in C", (at) => at.nativeNs),
      row(
        "the ports of [v86](https://www.npmjs.com/package/v86), in the same V8",
        (at) => at.v86Ns,
      ),
    ],
  };
}

/** One table an axis. */
export function axisTables({ axes }: BenchResult): Table[] {
  const { dispatch, datamatch, assign, replay } = axes;
  return [
    {
      title: "A write at random addresses, every one with an ioeventfd, in ns; " +
        "ratios with the quartiles of the rounds",
      head: [
        ...["N", "model", "bus in C", "model / C", "v86", "model / v86", "at best"],
        ...["bigint API", "API / C", "miss", "miss in C"],
      ],
      rows: Object.entries(dispatch).map(([n, at]) => [
        count(n),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
        shown(at.v86Ns),
        within(at.v86Ratio, at.v86RatioSpread),
        shown(at.floorNs),
        shown(at.apiNs),
        within(at.apiRatio, at.apiRatioSpread),
        shown(at.missNs),
        shown(at.nativeMissNs),
      ]),
    },
    {
      title: "N datamatches at one address, of which the last is hit, in ns",
      head: ["N", "model", "bus in C", "model / C"],
      rows: Object.entries(datamatch).map(([n, at]) => [
        count(n),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
      ]),
    },
    {
      title: "The N-th registration and its removal, in ns; " +
        "in C the bus's array alone, neither the list nor the objects",
      head: ["N", "assign", "in C", "model / C", "deassign", "in C", "model / C"],
      rows: Object.entries(assign).map(([n, at]) => [
        count(n),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
        shown(at.deassignNs),
        shown(at.nativeDeassignNs),
        within(at.deassignRatio, at.deassignRatioSpread),
      ]),
    },
    {
      title: "A recording, from file to report",
      head: [
        ...["text of", "MB", "MB/s", "million lines/s", "scanner in C, MB/s", "model / C"],
        ...["MB a CPU second / C's", "peak MiB"],
      ],
      rows: ([["bpftrace", replay], ["ftrace", replay.ftrace]] as const).map(([name, at]) => [
        name,
        shown(at.bytes / 1e6),
        shown(at.mbPerS),
        shown(at.linesPerS / 1e6),
        shown(at.scannerMbPerS),
        within(at.ratio, at.ratioSpread),
        `${shown(at.cpuMbPerS)} / ${shown(at.scannerCpuMbPerS)}`,
        shown(at.peakMiB),
      ]),
    },
    { title: "The rest", head: ["what", "measured", "beside C"], rows: rest(axes) },
  ];
}

function rest({ kick, eventfd, conform, ...other }: BenchResult["axes"]): string[][] {
  const two = (a: number | null, b: number | null, unit = "ns"): string =>
    `${shown(a)} / ${shown(b)} ${unit}`;
  return [
    ["fast kick, one doorbell / 64 in turn", two(kick.fastNs, kick.fastManyNs), ""],
    ["slow kick, one doorbell / 64 in turn", two(kick.slowNs, kick.slowManyNs), ""],
    ["a fast one at best", `${shown(kick.floorNs)} ns`, ""],
    [
      "eventfd write + read, bigints / words",
      two(eventfd.localNs, eventfd.localWordsNs),
      `${shown(eventfd.localRatio)} ×`,
    ],
    [
      "the same in shared memory",
      two(eventfd.sharedNs, eventfd.sharedWordsNs),
      `${shown(eventfd.sharedRatio)} ×`,
    ],
    ["a real eventfd, C / Deno's FFI", two(eventfd.realCNs, eventfd.realFfiNs), ""],
    [
      "round trip, two workers / two threads in C",
      two(eventfd.roundTripNs, eventfd.nativeRoundTripNs),
      `${within(eventfd.roundTripRatio, eventfd.roundTripRatioSpread)} ×`,
    ],
    [
      "threads in C that look before they sleep",
      `${shown(eventfd.nativeRoundTripLookingNs)} ns`,
      "",
    ],
    [
      "round trip asleep on one CPU, workers / C",
      two(eventfd.asleepNs, eventfd.nativeAsleepNs),
      `${within(eventfd.asleepRatio, eventfd.asleepRatioSpread)} ×`,
    ],
    ["the same with Atomics alone", `${shown(eventfd.asleepFloorNs)} ns`, ""],
    ["conform", `${shown(conform.casesPerS)} registration cases/s`, ""],
    ["ioeventfd --help, process and all", `${shown(other.coldStartMs)} ms`, ""],
    ["a registration, without its eventfd", `${other.bytesPerRegistration} bytes`, ""],
  ];
}

function count(n: string): string {
  return Number(n).toLocaleString("en");
}

/** `0.18 (0.17–0.19)`: a ratio and its quartiles. */
function within(value: number | null | undefined, spread: Spread | null | undefined): string {
  if (value === null || value === undefined || spread === null || spread === undefined) return "–";
  return `${shown(value)} (${shown(spread[0])}–${shown(spread[1])})`;
}

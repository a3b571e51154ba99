/**
 * The result for people.
 *
 * @module
 */
import { judge, shown } from "./goals.ts";
import type { BenchResult, Spread } from "./result.ts";

type Row = readonly string[];

/**
 * The tables of a run.
 *
 * @param result What was measured
 */
export function renderTables({ machine, date, axes }: BenchResult): string {
  const { dispatch, datamatch, assign, kick, eventfd, replay } = axes;
  const sections = [
    `${machine.cpu}, ${machine.cpus} CPUs, ${machine.os}; Deno ${machine.deno}, V8 ${machine.v8}`,
    `native peer: ${machine.native}; v86 ${machine.v86}; ${machine.rounds} rounds, ${date}, ` +
    `load ${machine.loadBefore} before and ${machine.loadAfter} after`,
    "",
    "Dispatch, match, signal at random addresses, ns (ratio: median and quartiles of the rounds)",
    table(
      [
        "N",
        "model",
        "C",
        "model / C",
        "v86",
        "model / v86",
        "at best",
        "bigint API",
        "API / C",
        "miss",
        "C",
      ],
      Object.entries(dispatch).map(([n, at]) => [
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
    ),
    "",
    "The last of N datamatches at one address, ns",
    table(
      ["N", "model", "C", "model / C"],
      Object.entries(datamatch).map(([n, at]) => [
        count(n),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
      ]),
    ),
    "",
    "The N-th registration and its removal, ns (C: the copy of its array alone)",
    table(
      ["N", "assign", "C", "model / C", "deassign", "C", "model / C"],
      Object.entries(assign).map(([n, at]) => [
        count(n),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
        shown(at.deassignNs),
        shown(at.nativeDeassignNs),
        within(at.deassignRatio, at.deassignRatioSpread),
      ]),
    ),
    "",
    table(["A whole kick, ns of this host", "one doorbell", "64 doorbells"], [
      ["fast: zero length, not decoded", shown(kick.fastNs), shown(kick.fastManyNs)],
      ["slow: length 4, by KVM's emulator", shown(kick.slowNs), shown(kick.slowManyNs)],
      ["a fast one at best", shown(kick.floorNs), ""],
    ]),
    "",
    table(["eventfd", "ns", "/ C"], [
      ["write + read, local", shown(eventfd.localNs), shown(eventfd.localRatio)],
      ["write + read, shared memory", shown(eventfd.sharedNs), shown(eventfd.sharedRatio)],
      ["the same on words, local", shown(eventfd.localWordsNs), ""],
      ["the same on words, shared memory", shown(eventfd.sharedWordsNs), ""],
      ["a real one, C", shown(eventfd.realCNs), ""],
      ["a real one, Deno's FFI", shown(eventfd.realFfiNs), ""],
      [
        "round trip of two workers, asleep, one CPU",
        shown(eventfd.roundTripNs),
        within(eventfd.roundTripRatio, eventfd.roundTripRatioSpread),
      ],
      ["the same, Atomics alone", shown(eventfd.roundTripFloorNs), ""],
      ["the same of two threads, C", shown(eventfd.nativeRoundTripNs), ""],
      ["round trip of two workers that look first", shown(eventfd.roundTripLookingNs), ""],
      ["the same of two threads, C", shown(eventfd.nativeRoundTripLookingNs), ""],
    ]),
    "",
    table(
      [
        "Replay",
        "MB",
        "MB/s",
        "million lines/s",
        "scanner in C, MB/s",
        "/ C",
        "MB a CPU second / C's",
        "peak MiB",
      ],
      ([["bpftrace", replay], ["ftrace", replay.ftrace]] as const).map(([name, at]) => [
        name,
        shown(at.bytes / 1e6),
        shown(at.mbPerS),
        shown(at.linesPerS / 1e6),
        shown(at.scannerMbPerS),
        within(at.ratio, at.ratioSpread),
        `${shown(at.cpuMbPerS)} / ${shown(at.scannerCpuMbPerS)}`,
        shown(at.peakMiB),
      ]),
    ),
    "",
    `conform: ${shown(axes.conform.casesPerS)} registration cases/s`,
    `ioeventfd --help: ${shown(axes.coldStartMs)} ms`,
    `a registration: ${axes.bytesPerRegistration} bytes`,
    "",
    table(
      ["Goal", "", "measured", "V8 at best", ""],
      judge(axes).map(({ what, goal, measured, floor, isMet }) => [
        what,
        goal,
        measured ?? "–",
        floor ?? "",
        isMet === null ? "peer missing" : isMet ? "met" : "NOT met",
      ]),
    ),
  ];
  return sections.join("\n");
}

function count(n: string): string {
  return Number(n).toLocaleString("en");
}

/** `0.18 (0.17–0.19)`: a ratio and its quartiles. */
export function within(
  value: number | null | undefined,
  spread: Spread | null | undefined,
): string {
  if (value === null || value === undefined || spread === null || spread === undefined) return "–";
  return `${shown(value)} (${shown(spread[0])}–${shown(spread[1])})`;
}

function table(head: Row, rows: readonly Row[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const isText = head.map((_, column) =>
    column === 0 && rows.some((row) => !/^[\d,.]+$/.test(row[0]!)) ||
    rows.every((row) => !/^[\d,.–]/.test(row[column]!))
  );
  return all.map((row) =>
    row.map((cell, column) => {
      const width = widths[column]!;
      return isText[column] ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  ).join("\n");
}

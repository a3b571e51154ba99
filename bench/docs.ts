/**
 * What a run leaves in `docs/`: the result itself, its pictures, and the tables of `docs/speed.md`.
 *
 * @module
 */
import { judge, shown } from "./goals.ts";
import { renderPicture } from "./picture.ts";
import type { BenchResult } from "./result.ts";
import { within } from "./table.ts";

const BEGIN = "<!-- measured: written by deno task bench --docs -->", END = "<!-- /measured -->";

/**
 * Writes them.
 *
 * @param result What was measured
 * @throws {Error} when the page has no place for the tables
 */
export async function writeDocs(result: BenchResult): Promise<void> {
  const docs = new URL("../docs/", import.meta.url);
  for (const theme of ["light", "dark"] as const) {
    await Deno.writeTextFile(new URL(`speed-${theme}.svg`, docs), renderPicture(result, theme));
  }
  await Deno.writeTextFile(new URL("speed.json", docs), JSON.stringify(result, null, 2) + "\n");
  const page = new URL("speed.md", docs);
  const text = await Deno.readTextFile(page);
  const begin = text.indexOf(BEGIN), end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/speed.md has no ${BEGIN} … ${END}`);
  const tables = measured(result);
  await Deno.writeTextFile(
    page,
    `${text.slice(0, begin)}${BEGIN}\n\n${tables}\n\n${text.slice(end)}`,
  );
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page.pathname] }).output();
}

function measured(result: BenchResult): string {
  const { machine, date, axes } = result;
  const { dispatch, assign, datamatch, replay } = axes;
  return [
    `${
      date.slice(0, 10)
    }, ${machine.cpu}, ${machine.cpus} CPUs, ${machine.os}; Deno ${machine.deno}, V8 ${machine.v8};
${machine.native}; v86 ${machine.v86}. ${machine.rounds} rounds; load of the machine ${machine.loadBefore} before and
${machine.loadAfter} after, of which the run itself makes about 1.`,
    markdown(
      ["goal", "", "measured", "V8 at best", ""],
      judge(axes).map(({ what, goal, measured, floor, isMet }) => [
        what,
        goal,
        measured ?? "–",
        floor ?? "",
        isMet === null ? "no peer" : isMet ? "met" : "**not met**",
      ]),
    ),
    "A write at random addresses, every one with an ioeventfd, in ns; ratios with the quartiles of the rounds:",
    markdown(
      [
        "N",
        "model",
        "bus in C",
        "model / C",
        "v86",
        "model / v86",
        "at best",
        "bigint API",
        "API / C",
        "miss",
      ],
      Object.entries(dispatch).map(([n, at]) => [
        Number(n).toLocaleString("en"),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
        shown(at.v86Ns),
        within(at.v86Ratio, at.v86RatioSpread),
        shown(at.floorNs),
        shown(at.apiNs),
        within(at.apiRatio, at.apiRatioSpread),
        shown(at.missNs),
      ]),
    ),
    "N datamatches at one address, of which the last is hit, in ns:",
    markdown(
      ["N", "model", "bus in C", "model / C"],
      Object.entries(datamatch).map(([n, at]) => [
        Number(n).toLocaleString("en"),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
      ]),
    ),
    "The N-th registration, in ns; in C the bus's array alone, neither the list nor the objects:",
    markdown(
      ["N", "assign", "in C", "model / C", "deassign", "in C"],
      Object.entries(assign).map(([n, at]) => [
        Number(n).toLocaleString("en"),
        shown(at.modelNs),
        shown(at.nativeNs),
        within(at.ratio, at.ratioSpread),
        shown(at.deassignNs),
        shown(at.nativeDeassignNs),
      ]),
    ),
    "A recording, from file to report:",
    markdown(
      [
        "text of",
        "MB",
        "MB/s",
        "million lines/s",
        "scanner in C, MB/s",
        "model / C",
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
    "The rest:",
    markdown(["", "", ""], rest(result)),
  ].join("\n\n");
}

function rest({ axes: { kick, eventfd, conform, ...other } }: BenchResult): string[][] {
  return [
    [
      "fast kick, one doorbell / 64 in turn",
      `${shown(kick.fastNs)} / ${shown(kick.fastManyNs)} ns`,
    ],
    [
      "slow kick, one doorbell / 64 in turn",
      `${shown(kick.slowNs)} / ${shown(kick.slowManyNs)} ns`,
    ],
    [
      "eventfd write + read, bigints / words",
      `${shown(eventfd.localNs)} / ${shown(eventfd.localWordsNs)} ns`,
      `${shown(eventfd.localRatio)} × C`,
    ],
    [
      "the same in shared memory",
      `${shown(eventfd.sharedNs)} / ${shown(eventfd.sharedWordsNs)} ns`,
      `${shown(eventfd.sharedRatio)} × C`,
    ],
    [
      "a real eventfd, C / Deno's FFI",
      `${shown(eventfd.realCNs)} / ${shown(eventfd.realFfiNs)} ns`,
    ],
    [
      "round trip asleep on one CPU, two workers / two threads in C",
      `${shown(eventfd.roundTripNs)} / ${shown(eventfd.nativeRoundTripNs)} ns`,
      `${within(eventfd.roundTripRatio, eventfd.roundTripRatioSpread)} × C`,
    ],
    [
      "the same on all CPUs, looking first",
      `${shown(eventfd.roundTripLookingNs)} / ${shown(eventfd.nativeRoundTripLookingNs)} ns`,
    ],
    ["conform", `${shown(conform.casesPerS)} registration cases/s`],
    ["`ioeventfd --help`, process and all", `${shown(other.coldStartMs)} ms`],
    ["a registration, without its eventfd", `${other.bytesPerRegistration} bytes`],
  ];
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${head.map((_, i) => cells[i] ?? "").join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

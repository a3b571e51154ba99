/**
 * A run of the bench.
 *
 * @module
 */
import { grouped, significant } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import type { PageBuilder } from "../_page/builder.ts";
import { figure } from "../_page/figure.ts";
import { table } from "../_page/table.ts";
import type { BenchDocument, BenchFigures, BenchSize } from "../bench_document.ts";

/** A line of a chart: what the figure is called in the document, and what people call it. */
type Line = readonly [figure: string, name: string, colour: number];

/** The section. */
export function benchSection(
  builder: PageBuilder,
  id: string,
  name: string,
  bench: BenchDocument,
): Html {
  const { dispatch, datamatch, assign, kick, eventfd } = bench;
  return markup`<article id="${id}">
<h2>${name}</h2>
<p class="lead">Measured ${
    moment(bench.date)
  }. Medians over rounds; peers are interleaved with the model in the same run.</p>
${machine(bench)}
${
    lines(builder, "A write on a bus of N devices", dispatch, [
      ["modelNs", "model", 3],
      ["nativeNs", "the kernel's bus, in C", 0],
      ["v86Ns", "v86's ports", 1],
      ["apiNs", "model, bigint addresses", 5],
    ], [["ratio", "model / C"], ["v86Ratio", "model / v86"], ["apiRatio", "bigint / C"]])
  }
${
    lines(builder, "A write to the last of N datamatches at one address", datamatch, [
      ["modelNs", "model", 3],
      ["nativeNs", "C", 0],
    ], [["ratio", "model / C"]])
  }
${
    lines(builder, "The N-th registration and its removal", assign, [
      ["modelNs", "model, assign", 3],
      ["deassignNs", "model, deassign", 6],
      ["nativeNs", "C, assign: the copy alone", 0],
      ["nativeDeassignNs", "C, deassign: the copy alone", 5],
    ], [["ratio", "model / C, assign"], ["deassignRatio", "model / C, deassign"]])
  }
${
    bars(builder, "A whole kick, from the guest's store to the guest resumed", kick, [
      ["fastNs", "fast: length 0", 3],
      ["slowNs", "slow: length 4", 1],
      ["fastManyNs", "fast, 64 doorbells", 3],
      ["slowManyNs", "slow, 64 doorbells", 1],
    ])
  }
${
    bars(builder, "eventfd: write and read", eventfd, [
      ["localWordsNs", "local, words", 3],
      ["localNs", "local", 3],
      ["sharedWordsNs", "shared, words", 6],
      ["sharedNs", "shared memory", 6],
      ["realCNs", "a real one, C", 0],
      ["realFfiNs", "a real one, FFI", 5],
    ])
  }
${others(bench)}
</article>
`;
}

/** `2026-11-23 12:53 UTC` of what `toISOString` gave; other text as it is. */
function moment(date: string): string {
  return date.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):[\d.]+Z$/, "$1 $2 UTC");
}

function machine({ machine }: BenchDocument): Html {
  return markup`<details><summary>The machine</summary>
${
    table({
      caption: "What the bench ran on",
      isCaptionHidden: true,
      columns: [{ title: "What" }, { title: "Which" }],
      rows: Object.entries(machine).map(([name, value]) => ({
        cells: [name, typeof value === "number" ? significant(value) : value],
      })),
      kind: "prose",
    })
  }</details>
`;
}

function lines(
  builder: PageBuilder,
  title: string,
  sizes: readonly BenchSize[],
  wanted: readonly Line[],
  ratios: readonly (readonly [figure: string, name: string])[],
): Html {
  const value = ({ figures }: BenchSize, name: string): number | null => figures[name] ?? null;
  const drawn = wanted.filter(([name]) => sizes.some((size) => (value(size, name) ?? 0) > 0));
  const told = ratios.filter(([name]) => sizes.some((size) => value(size, name) !== null));
  if (drawn.length === 0) return markup``;
  const shown = (number: number | null): string => number === null ? "–" : significant(number);
  return markup`<section>
<h3>${title}</h3>
${
    figure(builder, {
      title: `${title}: nanoseconds by N`,
      caption: "Nanoseconds by N; both scales are logarithmic.",
      data: {
        kind: "lines",
        x: sizes.map(({ n }) => n),
        xName: "N",
        series: drawn.map(([name, label, colour]) => ({
          name: label,
          colour,
          values: sizes.map((size) => value(size, name) || null),
        })),
        unit: "ns",
      },
      table: table({
        caption: `${title}, ns`,
        isCaptionHidden: true,
        columns: [
          "N",
          ...drawn.map(([, label]) => `${label}, ns`),
          ...told.map(([, label]) => label),
        ]
          .map((heading) => ({ title: heading, isNumeric: true })),
        rows: sizes.map((size) => ({
          cells: [
            grouped(size.n),
            ...[...drawn, ...told].map(([name]) => shown(value(size, name))),
          ],
        })),
      }),
    })
  }
</section>
`;
}

function bars(
  builder: PageBuilder,
  title: string,
  figures: BenchFigures,
  wanted: readonly Line[],
): Html {
  const there = wanted.filter(([name]) => (figures[name] ?? null) !== null);
  if (there.length === 0) return markup``;
  return markup`<section>
<h3>${title}</h3>
${
    figure(builder, {
      title: `${title}: nanoseconds of the host`,
      caption: "Nanoseconds of the host.",
      data: {
        kind: "bars",
        labels: there.map(([, label]) => label),
        series: [{ name: "ns", colour: 0, values: there.map(([name]) => figures[name] ?? null) }],
        unit: "ns",
      },
      table: table({
        caption: `${title}, ns`,
        isCaptionHidden: true,
        columns: [{ title: "What" }, { title: "ns", isNumeric: true }],
        rows: there.map(([name, label]) => ({ cells: [label, significant(figures[name] ?? 0)] })),
      }),
    })
  }
</section>
`;
}

/** Figures that stand alone, in words. */
const words: readonly (readonly [figure: string, text: string, unit: string])[] = [
  ["casesPerS", "conform: registration cases judged", "cases/s"],
  ["coldStartMs", "ioeventfd --help, process and all", "ms"],
  ["bytesPerRegistration", "a registration, without its eventfd", "bytes"],
];
const replayWords: typeof words = [
  ["mbPerS", "speed", "MB/s"],
  ["linesPerS", "speed", "lines/s"],
  ["scannerMbPerS", "a plain scanner in C on the same file", "MB/s"],
  ["ratio", "model / scanner", "×"],
  ["peakMiB", "largest resident set", "MiB"],
];

function others({ others, replay, replayFtrace, eventfd, kick }: BenchDocument): Html {
  const row =
    (figures: BenchFigures, prefix = "") => ([figure, text, unit]: typeof words[number]) =>
      (figures[figure] ?? null) === null
        ? []
        : [{ cells: [prefix + text, significant(figures[figure] ?? 0), unit] }];
  const rows = [
    ...replayWords.flatMap(row(replay, "replay of bpftrace text: ")),
    ...replayWords.flatMap(row(replayFtrace, "replay of ftrace text: ")),
    ...([["ratio", "a slow kick / a fast one", "×"]] as const).flatMap(row(kick)),
    ...([
      ["roundTripNs", "eventfd round trip of two workers", "ns"],
      ["nativeRoundTripNs", "the same of two threads, in C", "ns"],
      ["roundTripRatio", "model / C", "×"],
    ] as const).flatMap(row(eventfd)),
    ...words.flatMap(row(others)),
  ];
  if (rows.length === 0) return markup``;
  return markup`<section>
<h3>Other figures</h3>
${
    table({
      caption: "Other figures of the run",
      isCaptionHidden: true,
      columns: [{ title: "What" }, { title: "Figure", isNumeric: true }, { title: "Unit" }],
      rows,
    })
  }
</section>
`;
}

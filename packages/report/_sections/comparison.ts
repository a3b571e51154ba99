/**
 * A comparison of doorbells.
 *
 * @module
 */
import { counted, grouped, significant } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import type { PageBuilder } from "../_page/builder.ts";
import { figure } from "../_page/figure.ts";
import { table, type TableColumn, type TableRow } from "../_page/table.ts";
import type { ComparedShape, ComparisonDocument } from "../comparison_document.ts";
import { costTableDetails } from "./costs.ts";

/** What the others are compared with. */
const fastRow = "mmio-zero-length-eventfd";

/** The section. */
export function comparisonSection(
  builder: PageBuilder,
  id: string,
  name: string,
  comparison: ComparisonDocument,
): Html {
  const { kernel, iterations, rows, notes } = comparison;
  return markup`<article id="${id}">
<h2>${name}</h2>
<p class="lead">A kick by the shape of its doorbell: Linux ${kernel}, VMX with EPT, a 64-bit guest, one byte,
${counted(iterations, "kick")} after the first.</p>
<section>
<h3>Modelled cycles</h3>
<p>Counted work times the cost table below; no machine was measured for this.</p>
${cyclesFigure(builder, comparison)}
</section>
${measured(builder, rows)}
<section>
<h3>All figures</h3>
${
    table({
      caption: "A kick of each shape: work counted, cycles modelled, nanoseconds measured",
      columns: columns(rows),
      rows: rows.map((row) => shapeRow(row, rows)),
      isSortable: true,
    })
  }
${notes.map(({ row, note }) => markup`<p class="note">${row}: ${note}</p>`)}
<details><summary>The first kick of a page, which finds no MMIO SPTE and installs one</summary>
${
    table({
      caption: "The first kick of each shape",
      isCaptionHidden: true,
      columns: columns(comparison.firstTouch),
      rows: comparison.firstTouch.map((row) => shapeRow(row, comparison.firstTouch)),
    })
  }</details>
${published(comparison)}
${costTableDetails(comparison.costTable)}
</section>
</article>
`;
}

/** Kinds of work of which a row tells how much, named and coloured as those of one write. */
const parts: readonly {
  readonly name: string;
  readonly colour: number;
  readonly work: readonly (readonly [kind: string, of: (row: ComparedShape) => number])[];
}[] = [
  { name: "exit and entry", colour: 2, work: [["exits", () => 1]] },
  {
    name: "dispatch and bus",
    colour: 6,
    work: [["kernelDispatches", () => 1], ["busCompares", (row) => row.busCompares]],
  },
  {
    name: "page walks",
    colour: 0,
    work: [["fetchPageTableReads", (row) => row.pageTableReads], [
      "eptReads",
      (row) => row.eptReads,
    ]],
  },
  {
    name: "fetch, decode, emulate",
    colour: 1,
    // What is decoded here is emulated.
    work: [
      ["bytesFetched", (row) => row.bytesFetched],
      ["decoded", (row) => row.decoded],
      ["emulated", (row) => row.decoded],
    ],
  },
];

function cyclesFigure(builder: PageBuilder, { rows, costTable }: ComparisonDocument): Html {
  const each = (kind: string): number => costTable.find(({ work }) => work === kind)?.cycles ?? 0;
  const left = rows.map(({ cycles }) => cycles);
  const known = parts.map(({ name, colour, work }) => ({
    name,
    colour,
    values: rows.map((row, i) => {
      const cycles = work.reduce((sum, [kind, of]) => sum + each(kind) * of(row), 0);
      const taken = Math.min(cycles, left[i]!);
      left[i]! -= taken;
      return taken;
    }),
  }));
  // What is left is the way to userspace, or the devices that were tried on the bus.
  const [out, tried] = [true, false].map((isOut) =>
    rows.map(({ userspaceExits }, i) => (userspaceExits > 0) === isOut ? left[i]! : 0)
  );
  const series = [
    ...known.map((part) => ({
      ...part,
      values: part.name === "dispatch and bus"
        ? part.values.map((cycles, i) => cycles + tried![i]!)
        : part.values,
    })),
    { name: "userspace", colour: 5, values: out! },
  ];
  return figure(builder, {
    title: "Modelled cycles of one kick",
    caption: "",
    data: { kind: "bars", labels: rows.map(({ name }) => name), series, unit: "cycles" },
    table: table({
      caption: "Modelled cycles of one kick by kind of work",
      isCaptionHidden: true,
      columns: [
        { title: "Shape" },
        ...series.map(({ name }) => ({ title: name, isNumeric: true })),
        { title: "Cycles", isNumeric: true },
      ],
      rows: rows.map((row, i) => ({
        cells: [row.name, ...series.map(({ values }) => grouped(values[i]!)), grouped(row.cycles)],
      })),
    }),
  });
}

function measured(builder: PageBuilder, rows: readonly ComparedShape[]): Html {
  if (rows.length === 0 || rows.some(({ hostNs }) => hostNs === null)) return markup``;
  return markup`<section>
<h3>Measured on the host</h3>
<p>Nanoseconds of this simulator on the host it ran on: a property of the simulator, not of any kernel.</p>
${
    figure(builder, {
      title: "Nanoseconds of the simulator for one kick",
      data: {
        kind: "bars",
        labels: rows.map(({ name }) => name),
        series: [{ name: "host ns", colour: 0, values: rows.map(({ hostNs }) => hostNs) }],
        unit: "ns",
      },
      table: table({
        caption: "Nanoseconds of the simulator for one kick",
        isCaptionHidden: true,
        columns: [{ title: "Shape" }, { title: "Host ns", isNumeric: true }],
        rows: rows.map(({ name, hostNs }) => ({ cells: [name, significant(hostNs ?? 0)] })),
      }),
    })
  }
</section>
`;
}

function columns(rows: readonly ComparedShape[]): TableColumn[] {
  const number = (title: string): TableColumn => ({ title, isNumeric: true });
  return [
    { title: "Shape" },
    number("Signals"),
    number("To userspace"),
    number("Page-table reads"),
    number("EPT reads"),
    number("Bytes fetched"),
    number("Decoded"),
    number("Comparisons"),
    number("Cycles, modelled"),
    ...(fastCycles(rows) === null ? [] : [number("× zero length")]),
    number("Host ns, measured"),
  ];
}

function fastCycles(rows: readonly ComparedShape[]): number | null {
  const fast = rows.find(({ name }) => name === fastRow);
  return fast === undefined || fast.cycles === 0 || fast.signals === 0 ? null : fast.cycles;
}

function shapeRow(row: ComparedShape, rows: readonly ComparedShape[]): TableRow {
  const fast = fastCycles(rows);
  const cell = (value: number) => ({ shown: significant(value), key: value });
  return {
    cells: [
      row.name,
      cell(row.signals),
      cell(row.userspaceExits),
      cell(row.pageTableReads),
      cell(row.eptReads),
      cell(row.bytesFetched),
      cell(row.decoded),
      cell(row.busCompares),
      { shown: grouped(row.cycles), key: row.cycles },
      ...(fast === null ? [] : [{ shown: (row.cycles / fast).toFixed(2), key: row.cycles / fast }]),
      { shown: row.hostNs === null ? "–" : grouped(row.hostNs), key: row.hostNs },
    ],
  };
}

function published({ published }: ComparisonDocument): Html {
  if (published.length === 0) return markup``;
  return markup`<details><summary>Held against what was published, before there was a fast MMIO path</summary>
${
    table({
      caption: "Published and modelled cycles",
      isCaptionHidden: true,
      columns: [
        { title: "Test" },
        { title: "Published", isNumeric: true },
        { title: "Modelled", isNumeric: true },
        { title: "Off by", isNumeric: true },
        { title: "Source", isProse: true },
      ],
      rows: published.map(({ name, cycles, modelled, source }) => ({
        cells: [
          name,
          grouped(cycles),
          grouped(modelled),
          cycles === 0 ? "–" : `${(100 * (modelled - cycles) / cycles).toFixed(1)} %`,
          source,
        ],
      })),
      kind: "prose",
    })
  }</details>
`;
}

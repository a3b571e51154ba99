/**
 * A comparison of doorbells as JSON and as text.
 *
 * @module
 */
import { counted, grouped } from "@ioeventfd/capture/counted";
import { textTable } from "@ioeventfd/capture/text-table";
import type { ComparisonRow, DoorbellComparison } from "@ioeventfd/scenario";
import { doorbellShapes } from "@ioeventfd/scenario";
import { costTable, publishedFigures } from "@ioeventfd/vmx-sim";
import type { Style } from "../style.ts";

/** The row that others are measured against. */
const fastRow = "mmio-zero-length-eventfd";

const measuredNote = "a property of this simulator on this host, not of any kernel";

/**
 * The comparison as JSON.
 *
 * @param comparison What came out
 */
export function compareJson(comparison: DoorbellComparison): Record<string, unknown> {
  const { kernel, iterations, rows, firstTouch, notes } = comparison;
  return {
    kernel,
    paging: "ept",
    iterations,
    units: {
      signals: "counted, by the kick",
      userspaceExits: "counted, by the kick",
      pageTableReads:
        "counted: guest page-table entries KVM reads to fetch the instruction and to place the data",
      eptReads: "counted: EPT entries KVM reads",
      bytesFetched: "counted: instruction bytes KVM reads",
      decoded: "counted: instructions KVM decodes",
      busCompares: "counted: comparisons of the bus searches",
      cycles: "modelled: counts times the cost table",
      hostNs: `measured: ${measuredNote}`,
    },
    rows: rows.map(rowJson),
    firstTouch: firstTouch.map((row) => ({ ...rowJson(row), paths: row.paths })),
    paths: Object.fromEntries(rows.map(({ name, paths }) => [name, paths])),
    notes,
    costTable,
    published: published(rows),
  };
}

function rowJson(row: ComparisonRow): Record<string, unknown> {
  const { name, signals, userspaceExits, work, cycles, hostNs } = row;
  return {
    name,
    signals,
    userspaceExits,
    pageTableReads: work.fetchPageTableReads + work.dataPageTableReads,
    eptReads: work.eptReads,
    bytesFetched: work.bytesFetched,
    decoded: work.decoded,
    busCompares: work.busCompares,
    cycles: round(cycles),
    hostNs: hostNs === null ? null : round(hostNs),
  };
}

function published(rows: readonly ComparisonRow[]): Record<string, unknown>[] {
  return publishedFigures.flatMap(({ name, cycles, source }) => {
    const row = rows.find((one) => one.name === name.split(":")[0]);
    return row === undefined ? [] : [{ name, cycles, modelled: round(row.cycles), source }];
  });
}

/**
 * The comparison as text.
 *
 * @param comparison What came out
 * @param style Colours
 */
export function compareText(comparison: DoorbellComparison, style: Style): string {
  const { kernel, iterations, rows, firstTouch, notes } = comparison;
  const fast = rows.find(({ name, paths }) => name === fastRow && paths.includes("fast-mmio"));
  const lines = [
    `${style.bold("A kick, by the shape of its doorbell")}: Linux ${kernel}, VMX with EPT, ` +
    `64-bit guest, one byte, ${counted(iterations, "kick")} after the first`,
    "",
    ...mainTable(rows, fast?.cycles, style),
    "",
    ...doorbellShapes.map(({ name, about }) => `  ${name.padEnd(nameWidth)}  ${about}`),
    "",
    ...notes.map(({ row, note }) => style.yellow(`${row}: ${note}`)),
    ...(notes.length > 0 ? [""] : []),
    style.bold("The first kick of a page") + " finds no MMIO SPTE and installs one:",
    ...firstLines(firstTouch),
    "",
    style.bold("Where modelled cycles come from") + ": counts times",
    ...costLines(),
    "",
    style.bold("Held against what was published") + " (before there was a fast MMIO path):",
    ...publishedLines(rows),
    "",
    "Counted: what the modelled KVM did. Modelled: cycles, by the table above. Measured:",
    `nanoseconds, ${measuredNote}.`,
  ];
  return lines.join("\n") + "\n";
}

const nameWidth = Math.max(...doorbellShapes.map(({ name }) => name.length));

function mainTable(
  rows: readonly ComparisonRow[],
  fast: number | undefined,
  style: Style,
): string[] {
  const right = (title: string) => ({ title, align: "right" }) as const;
  const table = textTable(
    [
      { title: "" },
      right("signals"),
      right("userspace"),
      right("PT fetch"),
      { ...right("PT data"), spare: 1 },
      { ...right("EPT"), spare: 1 },
      { ...right("bytes"), spare: 2 },
      right("decoded"),
      { ...right("bus"), spare: 3 },
      { title: "|" },
      right("cycles"),
      right("ratio"),
      { title: "|" },
      right("host ns"),
    ],
    rows.map(({ name, signals, userspaceExits, work, cycles, hostNs }) => [
      name,
      shown(signals),
      shown(userspaceExits),
      shown(work.fetchPageTableReads),
      shown(work.dataPageTableReads),
      shown(work.eptReads),
      shown(work.bytesFetched),
      shown(work.decoded),
      shown(work.busCompares),
      "|",
      grouped(Math.round(cycles)),
      fast === undefined ? "-" : (cycles / fast).toFixed(2),
      "|",
      hostNs === null ? "-" : grouped(Math.round(hostNs)),
    ]),
    { room: style.room },
  );
  const heading = table[0]!;
  const first = heading.indexOf("|"), second = heading.indexOf("|", first + 1);
  const groups = "".padEnd(nameWidth + 2) + "counted".padEnd(first - nameWidth - 2) +
    "| modelled".padEnd(second - first) + "| measured";
  return [style.dim(groups), style.bold(heading), ...table.slice(1)];
}

function firstLines(rows: readonly ComparisonRow[]): string[] {
  const mmio = rows.filter(({ name }) => name.startsWith("mmio"));
  return textTable(
    [{ title: "" }, { title: "" }, { title: "", align: "right" }],
    mmio.map(({ name, paths, cycles }) => [
      `  ${name}`,
      paths.join(", "),
      `${grouped(Math.round(cycles))} cycles`,
    ]),
  ).slice(1);
}

function costLines(): string[] {
  return textTable(
    [{ title: "" }, { title: "", align: "right" }, { title: "" }, { title: "" }],
    costTable.map(({ work, cycles, fitted, source }) => [
      `  ${work}`,
      grouped(cycles),
      fitted ? "fitted" : "published",
      source.replace(/^fitted: /, ""),
    ]),
  ).slice(1);
}

function publishedLines(rows: readonly ComparisonRow[]): string[] {
  const figures = publishedFigures.map(({ name, cycles }) => {
    const modelled = rows.find((row) => row.name === name.split(":")[0])!.cycles;
    const difference = ((modelled - cycles) / cycles) * 100;
    const sign = difference < 0 ? "" : "+";
    return [
      `  ${name}`,
      grouped(cycles),
      grouped(Math.round(modelled)),
      `${sign}${difference.toFixed(1)} %`,
    ];
  });
  const right = (title: string) => ({ title, align: "right" }) as const;
  const columns = [{ title: "" }, right("published"), right("modelled"), right("off by")];
  return [...textTable(columns, figures), `  ${publishedFigures[0]!.source}`];
}

/** Counts are whole by the kick, but for the few that happen once in a run. */
function shown(count: number): string {
  return Number.isInteger(count) ? String(count) : count.toFixed(3);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

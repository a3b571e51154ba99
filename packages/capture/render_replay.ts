/**
 * A replay as text for people.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import { counted, grouped } from "./counted.ts";
import { duration, share } from "./_figures.ts";
import { textTable } from "./text_table.ts";
import type {
  DoorbellReport,
  NearMissReport,
  ReplayReport,
  WhatIfReport,
} from "./replay_report.ts";

/** How words are emphasised. */
export interface ReplayStyle {
  /** Headings. */
  bold(text: string): string;
  /** Less important text. */
  dim(text: string): string;
  /** Wrong. */
  red(text: string): string;
  /** Right. */
  green(text: string): string;
}

/** How much is shown. */
export interface RenderOptions {
  /** Emphasis; none unless given. */
  readonly style?: ReplayStyle;
  /** Every row, rather than the busiest. */
  readonly all?: boolean;
  /** Said where `all` would show more, e.g. `--all shows them`. */
  readonly hint?: string;
  /** Characters a line: columns of tables that have no room are left out. As many as it takes unless given. */
  readonly columns?: number;
}

const plain = (text: string): string => text;
const plainStyle: ReplayStyle = { bold: plain, dim: plain, red: plain, green: plain };
const fewRows = 8;

/**
 * Renders a report: doorbells, outcomes, exits, near misses, disagreements, guesses.
 *
 * @param name Recording
 * @param report What its replay says
 * @param options Emphasis, and whether to show all rows
 * @returns Text with a newline at its end
 */
export function renderReplay(
  name: string,
  report: ReplayReport,
  options: RenderOptions = {},
): string {
  const style = options.style ?? plainStyle;
  const room = options.columns ?? Infinity;
  const limit = options.all === true ? Infinity : fewRows;
  const heading = (text: string): string => style.bold(text);
  const rows = report.doorbells;
  const busy = rows.filter((row) => row.registration !== "none" && row.writes > 0);
  const idle = rows.filter((row) => row.registration !== "none" && row.writes === 0);
  const none = rows.filter((row) => row.registration === "none");
  const sections: readonly (readonly string[])[] = [
    [heading(name), summary(report)],
    report.whatIf === null ? [] : whatIf(report.whatIf, report, heading),
    [
      ...doorbells(
        report,
        options.all === true ? [...busy, ...idle] : busy,
        heading("Doorbells"),
        room,
      ),
      ...(options.all === true ? [] : withoutWrite(idle, style)),
    ],
    [
      ...doorbells(report, none.slice(0, limit), heading("Writes where no doorbell matches"), room),
      ...left(none.slice(limit), report, style, options.hint),
    ],
    totals(report, style, heading),
    nearMisses(report.nearMisses, limit, heading("Near misses")),
    findings(report, limit, style),
  ];
  return sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n") + "\n")
    .join("\n");
}

function withoutWrite(rows: readonly DoorbellReport[], style: ReplayStyle): string[] {
  return rows.length === 0
    ? []
    : [style.dim(`${counted(rows.length, "registration")} without a write`)];
}

function summary(report: ReplayReport): string {
  const vms = report.vms.slice(0, 4).map(({ name, comm, threads }) =>
    `${name} (${comm}), ${counted(threads, "vCPU thread")}`
  );
  const more = report.vms.length > 4 ? [`${counted(report.vms.length - 4, "VM")} more`] : [];
  const malformed = report.malformed.count === 0 ? [] : [
    `${counted(report.malformed.count, "malformed line")}, the first ${report.malformed.lines[0]}`,
  ];
  const lost = report.lostMarks === 0 ? [] : [`${counted(report.lostEvents, "event")} lost`];
  const events = `${counted(report.events, "event")} in ${duration(report.durationNs)}`;
  return [events, ...malformed, ...lost, ...vms, ...more].join("; ");
}

function doorbells(
  { startNs }: ReplayReport,
  rows: readonly DoorbellReport[],
  heading: string,
  room: number,
): string[] {
  if (rows.length === 0) return [];
  const several = new Set(rows.flatMap((row) => row.vm.split(", "))).size > 1;
  const since = (ns: number | null): string => ns === null ? "" : duration(ns - startNs);
  const lines = textTable(
    [
      { title: "bus" },
      { title: "address" },
      { title: "length" },
      { title: "datamatch" },
      { title: "writes", align: "right" },
      { title: "signals", align: "right" },
      { title: "coalesced", align: "right", spare: 5 },
      { title: "in kernel", align: "right", spare: 4 },
      { title: "exited", align: "right" },
      { title: "first", align: "right", spare: 3 },
      { title: "last", align: "right", spare: 3 },
      { title: "gap mean", align: "right", spare: 2 },
      { title: "min", align: "right", spare: 1 },
      { title: "max", align: "right", spare: 1 },
      { title: "name" },
      { title: "VM" },
    ],
    rows.map((row) => [
      row.bus,
      hex(row.addr),
      length(row),
      row.registration === "none" ? "" : row.datamatch === null ? "any" : hex(row.datamatch),
      grouped(row.writes),
      row.signals > 0 ? grouped(row.signals) : "",
      row.coalesced > 0 ? grouped(row.coalesced) : "",
      row.inKernel > 0 ? grouped(row.inKernel) : "",
      share(row.userspace, row.writes),
      since(row.firstNs),
      since(row.lastNs),
      row.gapNs === null ? "" : duration(row.gapNs.mean),
      row.gapNs === null ? "" : duration(row.gapNs.min),
      row.gapNs === null ? "" : duration(row.gapNs.max),
      [row.name, row.registration === "inferred" ? "(inferred)" : null].filter(Boolean).join(" "),
      several ? row.vm : "",
    ]),
    { room, withoutEmpty: true },
  );
  return [heading, ...lines];
}

function length(row: DoorbellReport): string {
  if (row.len === null) return row.lengths.length === 0 ? "?" : `${row.lengths.join(",")}?`;
  return row.registration !== "none" && row.len === 0 ? "any" : String(row.len);
}

function left(
  rows: readonly DoorbellReport[],
  { omitted }: ReplayReport,
  style: ReplayStyle,
  hint: string | undefined,
): string[] {
  const places = rows.length + omitted.places;
  if (places === 0) return [];
  const writes = rows.reduce((sum, row) => sum + row.writes, omitted.writes);
  const how = rows.length === 0 || hint === undefined ? "" : `: ${hint}`;
  return [style.dim(`${counted(places, "more place")}, ${counted(writes, "write")}${how}`)];
}

function totals(
  report: ReplayReport,
  style: ReplayStyle,
  heading: (text: string) => string,
): string[] {
  const { outcomes, exits, reasons } = report;
  const lines = textTable([{ title: "" }, { title: "", align: "right" }, { title: "" }], [
    ["Writes", grouped(report.writes), ""],
    ["  to an ioeventfd", grouped(outcomes.ioeventfd), share(outcomes.ioeventfd, report.writes)],
    [
      "  to a coalesced ring",
      grouped(outcomes.coalesced),
      share(outcomes.coalesced, report.writes),
    ],
    [
      "  to a device in the kernel",
      grouped(outcomes.inKernel),
      share(outcomes.inKernel, report.writes),
    ],
    ["  to userspace", grouped(outcomes.userspace), share(outcomes.userspace, report.writes)],
    ["Exits to userspace", grouped(exits.observed), ""],
    ["  for I/O, explained", grouped(exits.explained), share(exits.explained, exits.io)],
    ["  for I/O, unexplained", grouped(exits.unexplained), ""],
    ["  other", grouped(exits.other), ""],
  ]).slice(1).map((line) => /unexplained +[1-9]/.test(line) ? style.red(line) : line);
  const named = reasons.map(({ name, count }) => `${name} ${grouped(count)}`).join(", ");
  return [heading("Outcomes"), ...lines, style.dim(named)];
}

function nearMisses(
  misses: readonly NearMissReport[],
  limit: number,
  heading: string,
): string[] {
  if (misses.length === 0) return [];
  const lines = misses.slice(0, limit).map((miss) => {
    const { registration: { addr, len, datamatch } } = miss;
    const data = datamatch === null ? "" : `, datamatch ${hex(datamatch)}`;
    const off = Math.abs(miss.offset);
    const why = miss.kind === "length"
      ? "the length differs from"
      : miss.kind === "data"
      ? "the data differs from"
      : `${counted(off, "byte")} ${miss.offset > 0 ? "behind" : "before"}`;
    const size = len === 0 ? "any length" : `length ${len}`;
    return `  ${counted(miss.writes, "write")} of ${counted(miss.len, "byte")} to ${miss.bus} ` +
      `${hex(miss.addr)} exited: ${why} ${hex(addr)}, ${size}${data} (line ${miss.line})`;
  });
  const more = misses.length - lines.length;
  return [heading, ...lines, ...(more > 0 ? [`  ${more} more`] : [])];
}

function findings(report: ReplayReport, limit: number, style: ReplayStyle): string[] {
  const { contradictions, contradictionCount, inferred, unexplainedLines } = report;
  const lines = [
    contradictionCount === 0
      ? style.green("Contradictions: 0")
      : style.red(`Contradictions: ${grouped(contradictionCount)}`),
    ...contradictions.slice(0, limit).map(({ line, what }) => `  line ${line}: ${what}`),
    ...(contradictionCount > limit ? [`  ${grouped(contradictionCount - limit)} more`] : []),
  ];
  if (unexplainedLines.length > 0) {
    lines.push(style.red(`Unexplained exits at lines ${unexplainedLines.slice(0, 10).join(", ")}`));
  }
  if (inferred.length > 0) {
    lines.push(
      "Inferred, as no line says so:",
      ...inferred.slice(0, limit).map((what) => `  ${what}`),
      ...(inferred.length > limit ? [`  ${grouped(inferred.length - limit)} more`] : []),
    );
  }
  return lines;
}

function whatIf(
  { title, recorded, exitsSaved, exitsAdded, fastSignals, refused }: WhatIfReport,
  { outcomes }: ReplayReport,
  heading: (text: string) => string,
): string[] {
  const missed = refused.filter(({ removedUnused }) => !removedUnused);
  const probes = refused.filter(({ removedUnused }) => removedUnused);
  const change = (before: number, now: number): string =>
    before === now
      ? `${grouped(now)} as recorded`
      : `${grouped(now)} instead of ${grouped(before)}`;
  return [
    heading(`What if: ${title}`),
    `  signals: ${change(recorded.ioeventfd, outcomes.ioeventfd)}`,
    `  writes to userspace: ${change(recorded.userspace, outcomes.userspace)} (${
      counted(exitsSaved, "exit")
    } saved, ${counted(exitsAdded, "exit")} added)`,
    `  signals a fast MMIO path takes without a page walk or a decode: ${grouped(fastSignals)}${
      fastSignals > outcomes.ioeventfd
        ? ", on a host with EPT; the table below is of one without"
        : ""
    }`,
    ...missed.slice(0, 16).map(({ bus, addr, len, datamatch, reason, line }) =>
      `  refused: ${bus} ${hex(addr)}, length ${len}${
        datamatch === null ? "" : `, datamatch ${hex(datamatch)}`
      } (line ${line}): ${reason}`
    ),
    ...(missed.length > 16 ? [`  ${missed.length - 16} more refused`] : []),
    ...(probes.length === 0 ? [] : [
      `  refused too: ${counted(probes.length, "probe")}, the first at line ${probes[0]!.line}, ` +
      "taken away before the guest wrote again",
    ]),
    "  The table and the outcomes below are of that world; exits and contradictions are as recorded.",
  ];
}

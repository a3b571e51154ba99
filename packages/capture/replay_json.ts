/**
 * A replay as one JSON document.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { ExitCounts, NearMissReport, Outcomes, ReplayReport } from "./replay_report.ts";

/** A report with the name of its recording. */
export interface NamedReport {
  /** File, or `-`. */
  readonly name: string;
  /** What its replay says. */
  readonly report: ReplayReport;
}

/**
 * The object of `ioeventfd replay --json`: counts as numbers, every u64 as a hex string. Several recordings give their
 * totals, with each under `recordings`.
 *
 * @param reports One or more
 * @returns An object to give to `JSON.stringify`
 * @throws {RangeError} for none
 */
export function replayJson(reports: readonly NamedReport[]): Record<string, unknown> {
  const [first] = reports;
  if (first === undefined) throw new RangeError("There is no report");
  if (reports.length === 1) return { recording: first.name, ...one(first.report) };
  const all = reports.map(({ report }) => report);
  const sum = (of: (report: ReplayReport) => number): number =>
    all.reduce((total, report) => total + of(report), 0);
  const exits: ExitCounts = {
    observed: sum((r) => r.exits.observed),
    io: sum((r) => r.exits.io),
    explained: sum((r) => r.exits.explained),
    other: sum((r) => r.exits.other),
    unexplained: sum((r) => r.exits.unexplained),
  };
  const outcomes: Outcomes = {
    ioeventfd: sum((r) => r.outcomes.ioeventfd),
    coalesced: sum((r) => r.outcomes.coalesced),
    inKernel: sum((r) => r.outcomes.inKernel),
    userspace: sum((r) => r.outcomes.userspace),
  };
  const parts = reports.map(({ name, report }) => ({ recording: name, ...one(report) }));
  const named = <T>(list: (report: ReplayReport) => readonly T[]): unknown[] =>
    reports.flatMap(({ name, report }) =>
      list(report).map((item) => ({ recording: name, ...item }))
    );
  return {
    events: sum((r) => r.events),
    malformed: {
      count: sum((r) => r.malformed.count),
      lines: all.flatMap((r) => r.malformed.lines),
    },
    writes: sum((r) => r.writes),
    outcomes,
    exits,
    doorbells: reports.flatMap(({ name, report }) =>
      report.doorbells.map((row) => ({ recording: name, ...doorbell(row) }))
    ),
    contradictions: named((r) => r.contradictions),
    inferred: reports.flatMap(({ name, report }) =>
      report.inferred.map((what) => `${name}: ${what}`)
    ),
    recordings: parts,
  };
}

function one(report: ReplayReport): Record<string, unknown> {
  const { whatIf } = report;
  return {
    events: report.events,
    lines: report.lines,
    malformed: report.malformed,
    otherEvents: Object.fromEntries(report.otherEvents),
    lost: { marks: report.lostMarks, events: report.lostEvents },
    durationNs: report.durationNs,
    writes: report.writes,
    outcomes: report.outcomes,
    exits: {
      ...report.exits,
      reasons: Object.fromEntries(report.reasons.map(({ name, count }) => [name, count])),
      unexplainedLines: report.unexplainedLines,
    },
    doorbells: report.doorbells.map(doorbell),
    doorbellsOmitted: report.omitted,
    nearMisses: report.nearMisses.map(nearMiss),
    contradictions: report.contradictions,
    contradictionCount: report.contradictionCount,
    inferred: report.inferred,
    vms: report.vms,
    ...(whatIf === null ? {} : {
      whatIf: {
        ...whatIf,
        refused: whatIf.refused.map(({ addr, datamatch, ...rest }) => ({
          ...rest,
          addr: hex(addr),
          datamatch: datamatch === null ? null : hex(datamatch),
        })),
      },
    }),
  };
}

function doorbell(row: ReplayReport["doorbells"][number]): Record<string, unknown> {
  const { bus, addr, len, datamatch, writes, userspace, ...rest } = row;
  return {
    bus,
    addr: hex(addr),
    len,
    datamatch: datamatch === null ? null : hex(datamatch),
    writes,
    userspace,
    ...rest,
  };
}

function nearMiss({ addr, registration, ...rest }: NearMissReport): Record<string, unknown> {
  return {
    ...rest,
    addr: hex(addr),
    registration: {
      addr: hex(registration.addr),
      len: registration.len,
      datamatch: registration.datamatch === null ? null : hex(registration.datamatch),
    },
  };
}

/**
 * The end of a replay: judges what was put off, and writes the report.
 *
 * @module
 */
import { busName, errnoName, joinWords, kvmExitName } from "@ioeventfd/uapi";
import type { Counts } from "./_counts.ts";
import { datamatchOf } from "./_doorbell.ts";
import { listPlaces, mergeThreads, type Place, placesOf } from "./_places.ts";
import type { Findings } from "./_findings.ts";
import { inferUnknown } from "./_infer.ts";
import type { OtherWorld, ProcessState } from "./_process_state.ts";
import { fastSignalsOf } from "./_fast_signals.ts";
import type { VcpuThread } from "./_vcpu_thread.ts";
import type { VmState } from "./_vm_state.ts";
import type {
  NearMissReport,
  Outcomes,
  ReasonReport,
  ReplayReport,
  WhatIfReport,
} from "./replay_report.ts";
import type { TraceParser } from "./trace_parser.ts";

/** All that a replay has gathered. */
export interface Gathered {
  /** Lines and threads. */
  readonly parser: TraceParser;
  /** Totals. */
  readonly counts: Counts;
  /** Disagreements and guesses. */
  readonly findings: Findings;
  /** Processes. */
  readonly processes: readonly ProcessState[];
  /** vCPU threads. */
  readonly vcpus: readonly VcpuThread[];
  /** The world of the what-if. */
  readonly other: OtherWorld | null;
  /** Time of the first event. */
  readonly startNs: number;
  /** From the first event to the last. */
  readonly durationNs: number;
}

/** So many writes may well have no exit among them; of more it is the exits that were not recorded. */
const mostWithoutExit = 50;

/** Writes the report. */
export function conclude(gathered: Gathered): ReplayReport {
  const { parser, counts, findings, processes, other, startNs, durationNs } = gathered;
  const vms = processes.flatMap((process) => process.reported);
  const slowWrites = counts.writes - counts.fastWrites;
  const withoutExits = counts.exits.observed === 0 && slowWrites > mostWithoutExit;
  if (withoutExits) findings.withoutExits();
  const places = mergeThreads(
    vms.flatMap((vm) =>
      placesOf(
        vm,
        inferUnknown(vm, findings, withoutExits ? Infinity : counts.firstExit),
        commOf(vm, gathered),
      )
    ),
  );
  const recorded = outcomes(places, "recorded");
  const world = other === null ? "recorded" : "imagined";
  const { listed, left } = listPlaces(places);
  const { lines, events, malformed, lostEvents, lostMarks } = parser.counts;
  findings.contradictions.sort((a, b) => a.line - b.line);
  return {
    events,
    lines,
    malformed: { count: malformed, lines: parser.malformedLines },
    otherEvents: parser.otherEvents,
    lostEvents,
    lostMarks,
    startNs,
    durationNs,
    writes: counts.writes,
    outcomes: other === null ? recorded : outcomes(places, "imagined"),
    exits: counts.exits,
    reasons: reasons(counts),
    doorbells: listed.map((place) => place.report(world)),
    omitted: omitted(left, world),
    nearMisses: vms.flatMap(nearMisses),
    contradictions: findings.contradictions,
    contradictionCount: findings.contradictionCount,
    unexplainedLines: findings.unexplainedLines,
    inferred: findings.inferred,
    vms: describeVms(gathered),
    whatIf: other === null ? null : whatIf(other, vms, places, recorded),
  };
}

function outcomes(places: readonly Place[], world: "recorded" | "imagined"): Outcomes {
  const sum: Outcomes = { ioeventfd: 0, coalesced: 0, inKernel: 0, userspace: 0 };
  for (const place of places) {
    const tally = place[world];
    sum.ioeventfd += tally.signals;
    sum.coalesced += tally.coalesced;
    sum.inKernel += tally.inKernel;
    sum.userspace += tally.userspace;
  }
  return sum;
}

function omitted(left: readonly Place[], world: "recorded" | "imagined"): ReplayReport["omitted"] {
  const ports = left.filter(({ bus }) => bus === "pio");
  const others = left.filter(({ bus }) => bus !== "pio");
  return {
    places: left.length,
    writes: left.reduce((sum, place) => sum + place.recorded.writes, 0),
    outcomes: { pio: outcomes(ports, world), mmio: outcomes(others, world) },
  };
}

function reasons(counts: Counts): ReasonReport[] {
  const list = [...counts.byReason].map(([reason, count]) => ({
    name: reason < -1 ? errnoName(-reason) ?? `errno ${-reason}` : kvmExitName(reason) ??
      `KVM_EXIT ${reason}`,
    count,
  }));
  return list.sort((a, b) => b.count - a.count);
}

function nearMisses(vm: VmState): NearMissReport[] {
  const all = vm.sites.all().flatMap((site) =>
    site.nearMisses.map((miss): NearMissReport => ({
      kind: miss.kind,
      bus: busName(site.bus),
      addr: joinWords(site.lo, site.hi),
      len: site.len,
      writes: miss.writes,
      line: miss.line,
      offset: miss.offset,
      registration: {
        addr: joinWords(miss.doorbell.key.lo, miss.doorbell.key.hi),
        len: miss.doorbell.key.len,
        datamatch: datamatchOf(miss.doorbell.key),
      },
      vm: vm.name,
    }))
  );
  return all.sort((a, b) => b.writes - a.writes || a.line - b.line);
}

function describeVms(gathered: Gathered): ReplayReport["vms"] {
  return gathered.processes.flatMap((process) =>
    process.reported.map((vm) => ({
      name: vm.name,
      pid: process.pid,
      comm: commOf(vm, gathered),
      threads: gathered.vcpus.filter((vcpu) => vcpu.vm === vm).length,
    }))
  );
}

/** Name of the VM's process, or of its vCPU thread. */
function commOf(vm: VmState, { parser, vcpus }: Gathered): string {
  const { threads } = parser.threads;
  const { pid } = vm.process;
  const main = pid < 0 ? undefined : threads.find((one) => one.pid === pid);
  const vcpu = vcpus.find((one) => one.vm === vm)?.thread ?? -1;
  return (main ?? threads[vcpu])?.comm ?? "";
}

function whatIf(
  other: OtherWorld,
  vms: readonly VmState[],
  places: readonly Place[],
  recorded: Outcomes,
): WhatIfReport {
  let exitsSaved = 0;
  let exitsAdded = 0;
  for (const place of places) {
    exitsSaved += place.imagined.saved;
    exitsAdded += place.imagined.added;
  }
  const titles = [
    ...(other.zeroLength ? ["every doorbell of length 0"] : []),
    `on ${other.release.title}`,
  ];
  const refused = vms.flatMap((vm) =>
    [...vm.doorbells.values()].flatMap(({ key, line, refusals }) =>
      refusals.map(({ errno, reason, removedUnused }) => ({
        bus: busName(key.bus),
        addr: joinWords(key.lo, key.hi),
        len: key.len,
        datamatch: datamatchOf(key),
        errno: errnoName(errno) ?? String(errno),
        reason,
        removedUnused,
        line,
        vm: vm.name,
      }))
    )
  );
  const fastSignals = fastSignalsOf(other.release, places, other.zeroLength);
  return { title: titles.join(", "), recorded, exitsSaved, exitsAdded, fastSignals, refused };
}

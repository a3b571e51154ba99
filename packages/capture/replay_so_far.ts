/**
 * What a replay says while its recording still grows.
 *
 * @module
 */
import type { Gathered } from "./_conclude.ts";
import type { ExitCounts } from "./_counts.ts";
import { listPlaces, placesOf } from "./_places.ts";
import type { DoorbellReport } from "./replay_report.ts";

/** A replay so far. Nothing is concluded yet from what was seen, so `doorbells` has no guesses. */
export interface ReplaySoFar {
  /** Events of KVM that were understood. */
  readonly events: number;
  /** Events the recorder says it lost. */
  readonly lostEvents: number;
  /** Lines that are no event. */
  readonly malformed: number;
  /** From the first event to the last, in nanoseconds. */
  readonly durationNs: number;
  /** Guest writes. */
  readonly writes: number;
  /** Exits to userspace. */
  readonly exits: ExitCounts;
  /** Disagreements of recording and model. */
  readonly contradictions: number;
  /** Registrations with their writes, then the busiest places without any. */
  readonly doorbells: readonly DoorbellReport[];
}

/**
 * Sums up.
 *
 * @ignore Asked of a `Replayer`.
 */
export function sumUp(gathered: Gathered): ReplaySoFar {
  const { parser: { counts: parsed }, counts, findings, processes, durationNs } = gathered;
  const places = processes.flatMap(({ vms }) => vms.flatMap((vm) => placesOf(vm, [], "")));
  return {
    events: parsed.events,
    lostEvents: parsed.lostEvents,
    malformed: parsed.malformed,
    durationNs,
    writes: counts.writes,
    exits: { ...counts.exits },
    contradictions: findings.contradictionCount,
    doorbells: listPlaces(places).listed.map((place) => place.report("recorded")),
  };
}

/**
 * What a replay says while its recording still grows.
 *
 * @module
 */
import type { Gathered } from "./_conclude.ts";
import type { ExitCounts } from "./_counts.ts";
import { placesOf } from "./_places.ts";
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

/** Places without a registration that are listed. */
const mostPlain = 512;

/**
 * Sums up.
 *
 * @ignore Asked of a `Replayer`.
 */
export function sumUp(gathered: Gathered): ReplaySoFar {
  const { parser: { counts: parsed }, counts, findings, processes, durationNs } = gathered;
  const places = processes.flatMap(({ vms }) => vms.flatMap((vm) => placesOf(vm, [], "")));
  const registered = places.filter((place) => place.registration === "registered");
  const none = places.filter((place) => place.registration === "none")
    .sort((a, b) => b.recorded.writes - a.recorded.writes)
    .slice(0, mostPlain);
  return {
    events: parsed.events,
    lostEvents: parsed.lostEvents,
    malformed: parsed.malformed,
    durationNs,
    writes: counts.writes,
    exits: { ...counts.exits },
    contradictions: findings.contradictionCount,
    doorbells: [...registered, ...none].map((place) => place.report("recorded")),
  };
}

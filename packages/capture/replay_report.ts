/**
 * What a replay says.
 *
 * @module
 */
import type { ExitCounts, Outcomes } from "./_counts.ts";
import type { Contradiction } from "./_findings.ts";

export type { ExitCounts, Outcomes } from "./_counts.ts";
export type { Contradiction } from "./_findings.ts";

/** Time between two writes, in nanoseconds; null before there are two. */
export interface GapReport {
  /** Mean. */
  readonly mean: number;
  /** Smallest. */
  readonly min: number;
  /** Largest. */
  readonly max: number;
}

/** One place the guest writes to: a registration, a guess at one, or an address without any. */
export interface DoorbellReport {
  /** Bus. */
  readonly bus: "mmio" | "pio" | "ccw";
  /** Guest physical address, port or subchannel id (u64). */
  readonly addr: bigint;
  /** Bytes: of the registration (0 is any), or of the access where there is none; null when unknown. */
  readonly len: number | null;
  /** Value compared, null for a wildcard and where there is no registration. */
  readonly datamatch: bigint | null;
  /** `registered` by a call of the recording, `inferred` from what never exited, or `none`. */
  readonly registration: "registered" | "inferred" | "none";
  /** VM it belongs to, e.g. `VM 9 of process 19207`. */
  readonly vm: string;
  /** What a PC has there. */
  readonly name: string | null;
  /** Writes that match it. */
  readonly writes: number;
  /** Of these, signals of its eventfd. */
  readonly signals: number;
  /** Of these, to a coalesced ring. */
  readonly coalesced: number;
  /** Of these, answered by a device in the kernel. */
  readonly inKernel: number;
  /** Of these, exits to userspace. */
  readonly userspace: number;
  /** Access lengths seen, where `len` is null. */
  readonly lengths: readonly number[];
  /** Time of the first write in nanoseconds, null without one. */
  readonly firstNs: number | null;
  /** Time of the last. */
  readonly lastNs: number | null;
  /** Time between. */
  readonly gapNs: GapReport | null;
}

/** Writes to userspace that a registration almost matched. */
export interface NearMissReport {
  /** What was wrong with the write. */
  readonly kind: "length" | "data" | "address";
  /** Bus. */
  readonly bus: "mmio" | "pio" | "ccw";
  /** Where it went. */
  readonly addr: bigint;
  /** Its bytes. */
  readonly len: number;
  /** How many. */
  readonly writes: number;
  /** Line of the first. */
  readonly line: number;
  /** Bytes from the registration to the write. */
  readonly offset: number;
  /** The registration. */
  readonly registration: {
    /** Address. */
    readonly addr: bigint;
    /** Bytes, 0 is any. */
    readonly len: number;
    /** Value compared, or null. */
    readonly datamatch: bigint | null;
  };
  /** VM it belongs to. */
  readonly vm: string;
}

/** Exits of one reason. */
export interface ReasonReport {
  /** `KVM_EXIT_IO`, `EINTR`. */
  readonly name: string;
  /** How many. */
  readonly count: number;
}

/** What would have been otherwise. */
export interface WhatIfReport {
  /** `every doorbell of length 0`, `Linux 3.14, …`. */
  readonly title: string;
  /** As recorded, to compare with. */
  readonly recorded: Outcomes;
  /** Exits there would have been fewer. */
  readonly exitsSaved: number;
  /** Exits there would have been more. */
  readonly exitsAdded: number;
  /**
   * Signals that a fast MMIO path would have taken without decoding an instruction, on a host with EPT. Where the
   * release finds zero length by that path alone, they come on top of the outcomes, which are those of any host.
   */
  readonly fastSignals: number;
  /** Registrations refused. */
  readonly refused: readonly {
    /** Bus. */
    readonly bus: "mmio" | "pio" | "ccw";
    /** Address. */
    readonly addr: bigint;
    /** Bytes as recorded. */
    readonly len: number;
    /** Datamatch as recorded. */
    readonly datamatch: bigint | null;
    /** Name of the errno. */
    readonly errno: string;
    /** What the model says of it. */
    readonly reason: string;
    /** It was taken away again before the guest's next write, as what probes the kernel is: no write misses it. */
    readonly removedUnused: boolean;
    /** Line that made it first. */
    readonly line: number;
    /** VM. */
    readonly vm: string;
  }[];
}

/** What a replay says. With a what-if, `outcomes` and `doorbells` are what would have happened. */
export interface ReplayReport {
  /** Events of KVM that were understood. */
  readonly events: number;
  /** Lines of the file. */
  readonly lines: number;
  /** Lines that are no event. */
  readonly malformed: {
    /** How many. */
    readonly count: number;
    /** Numbers of the first ten. */
    readonly lines: readonly number[];
  };
  /** Other events by name. */
  readonly otherEvents: ReadonlyMap<string, number>;
  /** Events the recorder says it lost. */
  readonly lostEvents: number;
  /** Marks of lost events. */
  readonly lostMarks: number;
  /** Time of the first event in nanoseconds, on the recording's clock. */
  readonly startNs: number;
  /** From the first event to the last, in nanoseconds. */
  readonly durationNs: number;
  /** Guest writes. */
  readonly writes: number;
  /** What became of them. */
  readonly outcomes: Outcomes;
  /** Exits to userspace. */
  readonly exits: ExitCounts;
  /** Exits by reason, most frequent first. */
  readonly reasons: readonly ReasonReport[];
  /** Places written to: registrations first, then guesses, then what has none. */
  readonly doorbells: readonly DoorbellReport[];
  /** Places without a registration that are left out of `doorbells`, and the writes there. */
  readonly omitted: {
    /** Places. */
    readonly places: number;
    /** Writes. */
    readonly writes: number;
    /** What became of them, by bus. */
    readonly outcomes: Readonly<Record<"mmio" | "pio", Outcomes>>;
  };
  /** Writes that a registration almost matched. */
  readonly nearMisses: readonly NearMissReport[];
  /** Where recording and model disagree; the first 1,000. */
  readonly contradictions: readonly Contradiction[];
  /** All of them. */
  readonly contradictionCount: number;
  /** Lines of the exits without a cause; the first 1,000. */
  readonly unexplainedLines: readonly number[];
  /** What no line says and was concluded. */
  readonly inferred: readonly string[];
  /** VMs and how many vCPU threads of each were seen. */
  readonly vms: readonly {
    /** E.g. `VM 9 of process 19207`. */
    readonly name: string;
    /** Process, or -1 where the text gives threads alone. */
    readonly pid: number;
    /** Name of the process. */
    readonly comm: string;
    /** vCPU threads seen. */
    readonly threads: number;
  }[];
  /** The question asked, or null. */
  readonly whatIf: WhatIfReport | null;
}

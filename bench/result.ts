/**
 * The result of a run, as `--json` prints it. Times are medians over rounds in nanoseconds unless their name says
 * otherwise, ratios medians of the ratios within each round, spreads their first and third quartile. What needs a C
 * compiler is null without one.
 *
 * @module
 */
import type { Machine } from "./machine.ts";

/** First and third quartile over rounds. */
export type Spread = readonly [low: number, high: number];

/** A write on a bus of N devices at random addresses. */
export interface DispatchResult {
  /** The model's bus, where every address has an ioeventfd. */
  readonly modelNs: number;
  /** The bus in C. */
  readonly nativeNs: number | null;
  /** The model's over C's. */
  readonly ratio: number | null;
  readonly ratioSpread: Spread | null;
  /** v86's port dispatch; left out where N ports are more than it has. */
  readonly v86Ns?: number;
  /** The model's over v86's. */
  readonly v86Ratio?: number;
  readonly v86RatioSpread?: Spread;
  /** A hash table alone, in V8: the least such a write can take. */
  readonly floorNs: number;
  /** The model through its public interface, with bigint addresses. */
  readonly apiNs: number;
  readonly apiRatio: number | null;
  readonly apiRatioSpread: Spread | null;
  /** Where no address has one. */
  readonly missNs: number;
  readonly nativeMissNs: number | null;
  readonly missRatio: number | null;
  readonly missRatioSpread: Spread | null;
}

/** A write to the one address of N datamatches, of which the last is hit. */
export interface DatamatchResult {
  readonly modelNs: number;
  readonly nativeNs: number | null;
  readonly ratio: number | null;
  readonly ratioSpread: Spread | null;
}

/** The N-th registration; for C the copy of its bus alone. */
export interface AssignResult {
  readonly modelNs: number;
  readonly nativeNs: number | null;
  readonly ratio: number | null;
  readonly ratioSpread: Spread | null;
  /** Its removal. */
  readonly deassignNs: number;
  readonly nativeDeassignNs: number | null;
  readonly deassignRatio: number | null;
  readonly deassignRatioSpread: Spread | null;
}

/** From the guest's store to the guest resumed. */
export interface KickResult {
  /** Zero length on the fast MMIO bus, one doorbell. */
  readonly fastNs: number;
  /** Four bytes, through KVM's emulator. */
  readonly slowNs: number;
  /** Slow over fast, in the time of this host: a property of a simulator, not of hardware. */
  readonly ratio: number;
  readonly ratioSpread: Spread;
  /** A fast kick with nothing but what cannot be left out. */
  readonly floorNs: number;
  /** The same on 64 doorbells in turn. */
  readonly fastManyNs: number;
  readonly slowManyNs: number;
}

/** write + read. */
export interface EventfdResult {
  /** `write(1n)` and `read()` of the model, in one thread's memory. */
  readonly localNs: number;
  /** The same in shared memory. */
  readonly sharedNs: number;
  /** A real eventfd, in C. */
  readonly realCNs: number | null;
  /**
   * A round trip between two workers, over one between two threads in C on real eventfds, which look before they sleep or
   * do not, whichever is faster in the round; on all CPUs there are.
   */
  readonly roundTripRatio: number | null;
  readonly roundTripRatioSpread: Spread | null;
  readonly localRatio: number | null;
  readonly sharedRatio: number | null;
  /** On words rather than bigints. */
  readonly localWordsNs: number;
  readonly sharedWordsNs: number;
  /** A real eventfd by Deno's FFI; null where there is none. */
  readonly realFfiNs: number | null;
  /** Workers that look before they sleep where that has paid lately, as they do unless told otherwise. */
  readonly roundTripNs: number;
  /** Threads in C that sleep at once. */
  readonly nativeRoundTripNs: number | null;
  /** Threads in C that look before they sleep. */
  readonly nativeRoundTripLookingNs: number | null;
  /** Workers that sleep at once, on one CPU. */
  readonly asleepNs: number;
  readonly nativeAsleepNs: number | null;
  /** The same with `Atomics.wait` and `notify` alone. */
  readonly asleepFloorNs: number;
  readonly asleepRatio: number | null;
  readonly asleepRatioSpread: Spread | null;
  /** Over {@linkcode EventfdResult.asleepFloorNs}. */
  readonly asleepToFloor: number | null;
  readonly asleepToFloorSpread: Spread | null;
  /** Bigints in and out of two words, and two atomic operations: the least that write + read can take. */
  readonly localFloorNs: number;
  readonly sharedFloorNs: number;
}

/** A recording replayed, file to report. */
export interface ReplayResult {
  readonly mbPerS: number;
  /** A plain scanner in C on the same file. */
  readonly scannerMbPerS: number | null;
  /** Largest resident set. */
  readonly peakMiB: number;
  /** Speed over the scanner's. */
  readonly ratio: number | null;
  readonly ratioSpread: Spread | null;
  /** MB a second of CPU time, the compiler's threads included: what other load leaves alone, more or less. */
  readonly cpuMbPerS: number;
  /** The same of the scanner. */
  readonly scannerCpuMbPerS: number | null;
  readonly linesPerS: number;
  /** Bytes of the recording. */
  readonly bytes: number;
}

/** All axes. */
export interface Axes {
  /** By N. */
  readonly dispatch: Readonly<Record<string, DispatchResult>>;
  /** By N. */
  readonly datamatch: Readonly<Record<string, DatamatchResult>>;
  /** By N. */
  readonly assign: Readonly<Record<string, AssignResult>>;
  readonly kick: KickResult;
  readonly eventfd: EventfdResult;
  /** Of bpftrace text; `ftrace` of that of tracefs, a quarter of the size. */
  readonly replay: ReplayResult & {
    readonly ftrace: ReplayResult;
    /** A loop in V8 that looks at every byte and counts lines. */
    readonly floorMbPerS: number;
  };
  readonly conform: {
    /** Registration cases, each in a VM of its own. */
    readonly casesPerS: number;
  };
  /** `ioeventfd --help`, process and all. */
  readonly coldStartMs: number;
  /** Without its eventfd. */
  readonly bytesPerRegistration: number;
}

/** A run. */
export interface BenchResult {
  readonly machine: Machine;
  /** When it began, in ISO 8601. */
  readonly date: string;
  readonly axes: Axes;
}

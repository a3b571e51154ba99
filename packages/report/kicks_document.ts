/**
 * What `ioeventfd bench --json` prints.
 *
 * @module
 */
import { DocumentReader } from "./_document_reader.ts";

/** Rounds of a measurement. */
export interface KickSpread {
  /** A quarter of the rounds is below. */
  readonly lowerQuartile: number;
  /** Half of them is. */
  readonly median: number;
  /** Three quarters are. */
  readonly upperQuartile: number;
}

/** One shape of doorbell on a host's KVM, by the kick. */
export interface MeasuredKick {
  /** Name of the shape. */
  readonly name: string;
  /** What it is. */
  readonly about: string;
  /** Who took the kick: `eventfd`, `userspace`; `none` for the empty loop. */
  readonly takenBy: string;
  /** Kicks a round. */
  readonly kicks: number;
  /** Measured: cycles of the time-stamp counter. */
  readonly cycles: KickSpread;
  /** Measured: nanoseconds. */
  readonly ns: KickSpread;
  /** Measured: cycles without the loop around the kick. */
  readonly netCycles: number;
  /** Measured: nanoseconds without the loop around the kick. */
  readonly netNs: number;
}

/** One shape of doorbell on the model, by the kick. */
export interface ModelledKick {
  /** Name of the shape. */
  readonly name: string;
  /** Ways it takes. */
  readonly paths: readonly string[];
  /** Modelled: cycles. */
  readonly cycles: number;
  /** Measured: nanoseconds of the simulator, null where nothing was measured. */
  readonly simulatorNs: number | null;
}

/** Doorbells on a host's KVM. */
export interface MeasuredKicks {
  /** Where they rang. */
  readonly backend: "kvm";
  /** Rounds of each. */
  readonly rounds: number;
  /** Cycles of the time-stamp counter in a microsecond. */
  readonly cyclesPerUs: number;
  /** Whether zero length in memory takes the fast path there; null where there is no zero length. */
  readonly fastMmio: boolean | null;
  /** One a shape. */
  readonly rows: readonly MeasuredKick[];
}

/** Doorbells on the model. */
export interface ModelledKicks {
  /** Where they rang. */
  readonly backend: "sim";
  /** Kernel release. */
  readonly kernel: string;
  /** Kicks of each. */
  readonly kicks: number;
  /** One a shape. */
  readonly rows: readonly ModelledKick[];
}

/**
 * Whether KVM emulates a guest that is measured, instruction by instruction: its loop takes more than any CPU does.
 *
 * @param loopCycles What the loop takes with no access in it, two instructions
 */
export function isEmulated(loopCycles: number): boolean {
  return loopCycles >= 200;
}

/** What a kick costs, by the shape of its doorbell. */
export type KicksDocument = MeasuredKicks | ModelledKicks;

/**
 * Reads a measurement of kicks; fields that are not known are passed over.
 *
 * @param value What `JSON.parse` made of the output of `ioeventfd bench --json`
 * @throws {SyntaxError} with the field that is missing or wrong
 *
 * @example
 * ```ts
 * import { readKicks } from "@ioeventfd/report";
 *
 * const { backend } = readKicks({ backend: "sim", kernel: "6.19", kicks: 200, rows: [] });
 * if (backend !== "sim") throw new Error("the model");
 * ```
 */
export function readKicks(value: unknown): KicksDocument {
  const document = new DocumentReader(value, "bench");
  const backend = document.field("backend").text();
  const rows = document.field("rows").items();
  if (backend === "sim") {
    return {
      backend,
      kernel: document.field("kernel").text(),
      kicks: document.field("kicks").number(),
      rows: rows.map(modelled),
    };
  }
  if (backend !== "kvm") throw new SyntaxError("bench.backend is neither kvm nor sim");
  const { value: fastMmio } = document.field("path").field("fastMmio");
  return {
    backend,
    rounds: document.field("rounds").number(),
    cyclesPerUs: document.field("cyclesPerUs").number(),
    fastMmio: typeof fastMmio === "boolean" ? fastMmio : null,
    rows: rows.map(measured),
  };
}

function modelled(row: DocumentReader): ModelledKick {
  return {
    name: row.field("name").text(),
    paths: row.field("paths").items().map((path) => path.text()),
    cycles: row.field("modelledCycles").number(),
    simulatorNs: row.field("simulatorNs").numberOrNull(),
  };
}

function measured(row: DocumentReader): MeasuredKick {
  const net = row.field("net");
  return {
    name: row.field("name").text(),
    about: row.field("about").text(),
    takenBy: row.field("takenBy").text(),
    kicks: row.field("kicks").number(),
    cycles: spread(row.field("cycles")),
    ns: spread(row.field("ns")),
    netCycles: net.field("cycles").signed(),
    netNs: net.field("ns").signed(),
  };
}

function spread(field: DocumentReader): KickSpread {
  return {
    lowerQuartile: field.field("lowerQuartile").number(),
    median: field.field("median").number(),
    upperQuartile: field.field("upperQuartile").number(),
  };
}

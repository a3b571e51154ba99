/**
 * What `ioeventfd compare --json` prints.
 *
 * @module
 */
import { DocumentReader } from "./_document_reader.ts";

/** One shape of doorbell, by the kick. */
export interface ComparedShape {
  /** Name of the shape. */
  readonly name: string;
  /** Counted: signals. */
  readonly signals: number;
  /** Counted: exits to userspace. */
  readonly userspaceExits: number;
  /** Counted: entries of the guest's page tables that KVM reads. */
  readonly pageTableReads: number;
  /** Counted: EPT entries that KVM reads. */
  readonly eptReads: number;
  /** Counted: bytes of instructions that KVM reads. */
  readonly bytesFetched: number;
  /** Counted: instructions that KVM decodes. */
  readonly decoded: number;
  /** Counted: comparisons on the buses. */
  readonly busCompares: number;
  /** Modelled: cycles. */
  readonly cycles: number;
  /** Measured: nanoseconds of the host, null where nothing was measured. */
  readonly hostNs: number | null;
}

/** A line of the cost table. */
export interface CostLine {
  /** Kind of work. */
  readonly work: string;
  /** Cycles of one. */
  readonly cycles: number;
  /** Fitted rather than published. */
  readonly fitted: boolean;
  /** Where the number comes from. */
  readonly source: string;
}

/** A published figure beside what the model says. */
export interface PublishedLine {
  /** Name as kvm-unit-tests has it. */
  readonly name: string;
  /** Cycles, published. */
  readonly cycles: number;
  /** Cycles, modelled. */
  readonly modelled: number;
  /** Who published it. */
  readonly source: string;
}

/** A comparison of doorbells. */
export interface ComparisonDocument {
  /** Kernel release. */
  readonly kernel: string;
  /** Kicks of each. */
  readonly iterations: number;
  /** A kick after the first. */
  readonly rows: readonly ComparedShape[];
  /** The first kick. */
  readonly firstTouch: readonly ComparedShape[];
  /** What a reader of a row should know. */
  readonly notes: readonly { readonly row: string; readonly note: string }[];
  /** Where cycles come from. */
  readonly costTable: readonly CostLine[];
  /** What cycles are held against. */
  readonly published: readonly PublishedLine[];
}

/**
 * Reads a comparison; fields that are not known are passed over.
 *
 * @param value What `JSON.parse` made of the output of `ioeventfd compare --json`
 * @throws {SyntaxError} with the field that is missing or wrong
 *
 * @example
 * ```ts
 * import { readComparison } from "@ioeventfd/report";
 *
 * const document = { kernel: "6.19", iterations: 20, rows: [], firstTouch: [], notes: [], costTable: [], published: [] };
 * if (readComparison(document).kernel !== "6.19") throw new Error("a release");
 * ```
 */
export function readComparison(value: unknown): ComparisonDocument {
  const document = new DocumentReader(value, "comparison");
  return {
    kernel: document.field("kernel").text(),
    iterations: document.field("iterations").number(),
    rows: document.field("rows").items().map(shape),
    firstTouch: document.field("firstTouch").items().map(shape),
    notes: document.field("notes").items().map((item) => ({
      row: item.field("row").text(),
      note: item.field("note").text(),
    })),
    costTable: document.field("costTable").items().map((item) => ({
      work: item.field("work").text(),
      cycles: item.field("cycles").number(),
      fitted: item.field("fitted").value === true,
      source: item.field("source").text(),
    })),
    published: document.field("published").items().map((item) => ({
      name: item.field("name").text(),
      cycles: item.field("cycles").number(),
      modelled: item.field("modelled").number(),
      source: item.field("source").text(),
    })),
  };
}

function shape(item: DocumentReader): ComparedShape {
  const number = (name: string): number => item.field(name).number();
  return {
    name: item.field("name").text(),
    signals: number("signals"),
    userspaceExits: number("userspaceExits"),
    pageTableReads: number("pageTableReads"),
    eptReads: number("eptReads"),
    bytesFetched: number("bytesFetched"),
    decoded: number("decoded"),
    busCompares: number("busCompares"),
    cycles: number("cycles"),
    hostNs: item.field("hostNs").numberOrNull(),
  };
}

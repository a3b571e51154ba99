/**
 * What `deno task bench --json` prints.
 *
 * @module
 */
import { DocumentReader } from "./_document_reader.ts";

/** Figures by name; null where a peer was missing. */
export type BenchFigures = Readonly<Record<string, number | null>>;

/** Figures of one size. */
export interface BenchSize {
  /** How many. */
  readonly n: number;
  /** Figures. */
  readonly figures: BenchFigures;
}

/** A run of the bench. Axes that it does not have are empty. */
export interface BenchDocument {
  /** What it ran on, by name. */
  readonly machine: Readonly<Record<string, string | number>>;
  /** When it began. */
  readonly date: string;
  /** A write on a bus of N devices. */
  readonly dispatch: readonly BenchSize[];
  /** A write to the last of N datamatches. */
  readonly datamatch: readonly BenchSize[];
  /** The N-th registration. */
  readonly assign: readonly BenchSize[];
  /** A whole kick. */
  readonly kick: BenchFigures;
  /** eventfds. */
  readonly eventfd: BenchFigures;
  /** Replay of a recording. */
  readonly replay: BenchFigures;
  /** Replay of one of ftrace. */
  readonly replayFtrace: BenchFigures;
  /** Figures that stand alone. */
  readonly others: BenchFigures;
}

/**
 * Reads a run of the bench; fields that are not known are passed over.
 *
 * @param value What `JSON.parse` made of the output of `deno task bench --json`
 * @throws {SyntaxError} with the field that is missing or wrong
 *
 * @example
 * ```ts
 * import { readBench } from "@ioeventfd/report";
 *
 * const axes = { dispatch: { "1": { modelNs: 4 }, "1000": { modelNs: 5 } } };
 * const { dispatch } = readBench({ machine: { cpu: "any" }, date: "2026-01-01", axes });
 * if (dispatch[1]?.figures.modelNs !== 5) throw new Error("by size");
 * ```
 */
export function readBench(value: unknown): BenchDocument {
  const document = new DocumentReader(value, "bench");
  const axes = document.field("axes");
  const sizes = (name: string): BenchSize[] => bySize(axes.field(name));
  const figures = (axis: DocumentReader): BenchFigures => axis.isThere ? axis.numbers() : {};
  const replay = axes.field("replay");
  const conform = axes.field("conform");
  return {
    machine: Object.fromEntries(
      document.field("machine").fields().map(([name, field]) => [
        name,
        typeof field.value === "string" ? field.text() : field.number(),
      ]),
    ),
    date: document.field("date").text(),
    dispatch: sizes("dispatch"),
    datamatch: sizes("datamatch"),
    assign: sizes("assign"),
    kick: figures(axes.field("kick")),
    eventfd: figures(axes.field("eventfd")),
    replay: figures(replay),
    replayFtrace: replay.isThere ? figures(replay.field("ftrace")) : {},
    others: {
      casesPerS: conform.isThere ? conform.field("casesPerS").numberOrNull() : null,
      coldStartMs: axes.field("coldStartMs").numberOrNull(),
      bytesPerRegistration: axes.field("bytesPerRegistration").numberOrNull(),
    },
  };
}

function bySize(axis: DocumentReader): BenchSize[] {
  if (!axis.isThere) return [];
  return axis.fields()
    .map(([n, figures]) => ({ n: Number(n), figures: figures.numbers() }))
    .filter(({ n }) => Number.isSafeInteger(n) && n > 0)
    .sort((a, b) => a.n - b.n);
}

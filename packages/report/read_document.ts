/**
 * Which JSON document it is.
 *
 * @module
 */
import { type BenchDocument, readBench } from "./bench_document.ts";
import { type ComparisonDocument, readComparison } from "./comparison_document.ts";
import { type KicksDocument, readKicks } from "./kicks_document.ts";

/** A comparison of doorbells on the page. */
export interface ComparisonPart {
  /** Which kind of part it is. */
  readonly kind: "comparison";
  /** File, or what else people call it. */
  readonly name: string;
  /** What `ioeventfd compare --json` printed. */
  readonly comparison: ComparisonDocument;
}

/** A run of the bench on the page. */
export interface BenchPart {
  /** Which kind of part it is. */
  readonly kind: "bench";
  /** File, or what else people call it. */
  readonly name: string;
  /** What `deno task bench --json` printed. */
  readonly bench: BenchDocument;
}

/** A measurement of kicks on the page. */
export interface KicksPart {
  /** Which kind of part it is. */
  readonly kind: "kicks";
  /** File, or what else people call it. */
  readonly name: string;
  /** What `ioeventfd bench --json` printed. */
  readonly kicks: KicksDocument;
}

/**
 * Reads the output of `ioeventfd compare --json`, of `ioeventfd bench --json` or of `deno task bench --json`, told
 * apart by what is in it.
 *
 * @param name What to call it
 * @param text JSON
 * @throws {SyntaxError} for JSON that is broken, or none of the three
 *
 * @example
 * ```ts
 * import { readDocument } from "@ioeventfd/report";
 *
 * const part = readDocument("bench.json", '{"machine":{},"date":"2026-01-01","axes":{}}');
 * if (part.kind !== "bench") throw new Error("it has axes");
 * ```
 */
export function readDocument(name: string, text: string): ComparisonPart | BenchPart | KicksPart {
  const value = parse(text);
  const has = (field: string): boolean =>
    typeof value === "object" && value !== null && Object.hasOwn(value, field);
  if (has("axes")) return { kind: "bench", name, bench: readBench(value) };
  if (has("costTable")) return { kind: "comparison", name, comparison: readComparison(value) };
  if (has("backend") && has("rows")) return { kind: "kicks", name, kicks: readKicks(value) };
  const known = has("doorbells") || has("recordings")
    ? "it is the JSON of a replay: give the recording itself"
    : "it has neither the rows of bench --json, the axes of deno task bench --json nor the costTable of compare --json";
  throw new SyntaxError(`JSON of no known kind: ${known}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const isCut = /end of (JSON )?(input|data)|unterminated/i.test(error.message);
    throw new SyntaxError(
      isCut ? "JSON that ends too early: is the file cut off?" : `Not JSON: ${error.message}`,
    );
  }
}

/**
 * The result for people at a terminal.
 *
 * @module
 */
import type { BenchResult } from "./result.ts";
import { axisTables, circumstances, goalsTable, type Table } from "./tables.ts";

/**
 * The tables of a run.
 *
 * @param result What was measured
 */
export function renderTables(result: BenchResult): string {
  const tables = [...axisTables(result), goalsTable(result)];
  return [circumstances(result).join("\n"), ...tables.map(text)].join("\n\n");
}

function text({ title, head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const isText = head.map((_, column) =>
    column === 0 && rows.some((row) => !/^[\d,.]+$/.test(row[0]!)) ||
    rows.every((row) => !/^[\d,.–]/.test(row[column]!))
  );
  const lines = all.map((row) =>
    row.map((cell, column) => {
      const width = widths[column]!;
      return isText[column] ? cell.padEnd(width) : cell.padStart(width);
    }).join("  ").trimEnd()
  );
  return [title, ...lines].join("\n");
}

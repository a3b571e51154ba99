/**
 * Tables that a scenario reports.
 *
 * @module
 */

/** One cell: null is what this backend does not say. */
export type ReportCell = string | number | bigint | null;

/** One row, by column. */
export type ReportRow = Readonly<Record<string, ReportCell>>;

/** Rows with the same columns, in order. */
export interface ReportTable {
  /** Headings. */
  readonly columns: readonly string[];
  /** A cell for each column. */
  readonly rows: readonly (readonly ReportCell[])[];
}

/**
 * Puts rows into tables: a row of other columns than the one before it starts a new table.
 *
 * @param rows Rows as reported
 */
export function tablesOf(rows: readonly ReportRow[]): ReportTable[] {
  const tables: { columns: string[]; rows: ReportCell[][] }[] = [];
  for (const row of rows) {
    const columns = Object.keys(row);
    const last = tables.at(-1);
    if (last === undefined || last.columns.join("\0") !== columns.join("\0")) {
      tables.push({ columns, rows: [Object.values(row)] });
    } else last.rows.push(Object.values(row));
  }
  return tables;
}

/**
 * Aligned columns and numbers for people.
 *
 * @module
 */

/** A column: its heading, and whether its cells go to the right. */
export interface TableColumn {
  /** Heading. */
  readonly title: string;
  /** Numbers go to the right. */
  readonly right?: boolean;
  /** Where there is little room, columns with the least of these numbers go first; none stays. */
  readonly spare?: number;
}

/**
 * Lines of a table; the first is the heading. Columns that are empty in all rows are left out.
 *
 * @param room Characters a line, if that matters
 */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  room: number = Infinity,
): string[] {
  const used = columns.map((_, i) => rows.some((row) => row[i] !== "" && row[i] !== undefined));
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  const needed = (): number =>
    widths.reduce((sum, width, i) => sum + (used[i] ? width + 2 : 0), -2);
  const spares = columns.flatMap(({ spare }) => spare ?? []).toSorted((a, b) => a - b);
  for (const next of spares) {
    if (needed() <= room) break;
    columns.forEach(({ spare }, i) => used[i] &&= spare !== next);
  }
  return [columns.map(({ title }) => title), ...rows].map((row) =>
    columns.map(({ right }, i) => {
      const cell = row[i] ?? "";
      return right === true ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
    }).filter((_, i) => used[i]).join("  ").trimEnd()
  );
}

/** `1,234,567`. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `3 exits`, `1 exit`. */
export function counted(value: number, word: string): string {
  return `${grouped(value)} ${word}${value === 1 ? "" : "s"}`;
}

/** `724.6 µs`. */
export function duration(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  const [value, unit] = ns < 1e6 ? [ns / 1e3, "µs"] : ns < 1e9 ? [ns / 1e6, "ms"] : [ns / 1e9, "s"];
  return `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}

/** `12.5 %`; `0 %` and `100 %` only where it is exactly so. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "";
  const percent = (part / whole) * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  return `${Math.min(Math.max(percent, 0.1), 99.9).toFixed(1)} %`;
}

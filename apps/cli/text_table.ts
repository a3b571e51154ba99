/**
 * Text tables: aligned columns, two spaces apart.
 *
 * @module
 */

/** One column. */
export interface Column {
  /** Its heading. */
  readonly title: string;
  /** Numbers go to the right. */
  readonly align?: "left" | "right";
}

// deno-lint-ignore no-control-regex
const colours = /\x1b\[[0-9;]*m/g;

/**
 * Lays rows out under headings.
 *
 * @param columns Headings and alignment
 * @param rows Cells as text, which may hold colours
 * @returns Lines without a newline at the end; a heading line comes first
 */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => width(row[i] ?? ""))));
  return all.map((row) =>
    columns.map(({ align }, i) => {
      const cell = row[i] ?? "";
      const gap = " ".repeat(widths[i]! - width(cell));
      return align === "right" ? gap + cell : cell + gap;
    }).join("  ").trimEnd()
  );
}

function width(cell: string): number {
  return cell.replace(colours, "").length;
}

/**
 * Text tables: aligned columns, two spaces apart.
 *
 * @module
 */

/** One column of a {@linkcode textTable}. */
export interface TextColumn {
  /** Its heading. */
  readonly title: string;
  /** Numbers go to the right. */
  readonly align?: "left" | "right";
  /** Where there is little room, columns with the least of these numbers go first; none stays. */
  readonly spare?: number;
}

/** How a {@linkcode textTable} is laid out. */
export interface TextTableOptions {
  /** Characters a line; as many as it takes unless given. Empty columns go first, then spare ones. */
  readonly room?: number;
  /** Empty columns go, whether there is room for them or not. */
  readonly withoutEmpty?: boolean;
}

// deno-lint-ignore no-control-regex
const colours = /\x1b\[[0-9;]*m/g;

/**
 * Lays rows out under headings.
 *
 * @param columns Headings and alignment
 * @param rows Cells as text, which may hold colours
 * @param options Room, and what becomes of empty columns
 * @returns Lines without a newline at the end; a heading line comes first
 *
 * @example
 * ```ts
 * import { textTable } from "@ioeventfd/capture";
 *
 * const columns = [{ title: "bus" }, { title: "writes", align: "right" }] as const;
 * const lines = textTable(columns, [["mmio", "401"]]);
 * if (lines.join("|") !== "bus   writes|mmio     401") throw new Error(lines.join("|"));
 * ```
 */
export function textTable(
  columns: readonly TextColumn[],
  rows: readonly (readonly string[])[],
  { room = Infinity, withoutEmpty = false }: TextTableOptions = {},
): string[] {
  const all = [columns.map((column) => column.title), ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => width(row[i] ?? ""))));
  const used = columns.map(() => true);
  const needed = (): number => widths.reduce((sum, one, i) => sum + (used[i] ? one + 2 : 0), -2);
  if (withoutEmpty || needed() > room) {
    columns.forEach((_, i) => used[i] = rows.some((row) => (row[i] ?? "") !== ""));
  }
  const spares = columns.flatMap(({ spare }) => spare ?? []).toSorted((a, b) => a - b);
  for (const next of spares) {
    if (needed() <= room) break;
    columns.forEach(({ spare }, i) => used[i] &&= spare !== next);
  }
  return all.map((row) =>
    columns.map(({ align }, i) => {
      const cell = row[i] ?? "";
      const gap = " ".repeat(widths[i]! - width(cell));
      return align === "right" ? gap + cell : cell + gap;
    }).filter((_, i) => used[i]).join("  ").trimEnd()
  );
}

function width(cell: string): number {
  return cell.replace(colours, "").length;
}

/**
 * Tables.
 *
 * @module
 */
import { type Html, type HtmlPart, markup } from "../_html.ts";

/** A column. */
export interface TableColumn {
  /** Heading. */
  readonly title: string;
  /** Numbers, to the right. */
  readonly isNumeric?: boolean;
  /** Sentences, which need room. */
  readonly isProse?: boolean;
  /** The table comes sorted by it. */
  readonly sorted?: "ascending" | "descending";
}

/** A cell with what it counts for in sorting, as recorded and in the other world. */
export interface KeyedCell {
  /** What it shows. */
  readonly shown: HtmlPart;
  /** As recorded; null is less than all. */
  readonly key: number | null;
  /** In the other world, where that is something else. */
  readonly zero?: number | null;
}

/** A row: its first cell is its heading. */
export interface TableRow {
  /** One a column. */
  readonly cells: readonly (HtmlPart | KeyedCell)[];
  /** Classes, for filters. */
  readonly kinds?: readonly string[];
  /** What a filter searches, in lower case. */
  readonly text?: string;
}

/** A table. */
export interface TableOptions {
  /** Name in the page. */
  readonly id?: string;
  /** What it is; read out, and shown where there is no heading. */
  readonly caption: string;
  /** Whether the caption is for those who do not see the page. */
  readonly isCaptionHidden?: boolean;
  /** Columns. */
  readonly columns: readonly TableColumn[];
  /** Rows. */
  readonly rows: readonly TableRow[];
  /** Whether headings sort. */
  readonly isSortable?: boolean;
  /** Another class. */
  readonly kind?: string;
}

/** A table in a box that scrolls by itself where the page is narrow. */
export function table(options: TableOptions): Html {
  const { id, caption, columns, rows, isSortable = false, kind = "" } = options;
  const hidden = options.isCaptionHidden === true ? "unseen" : "";
  const classes = [isSortable ? "sortable" : "", kind].filter((name) => name !== "").join(" ");
  return markup`<div class="scroll" role="group" aria-label="${caption}" tabindex="0">
<table${attribute("id", id)} class="${classes}">
<caption class="${hidden}">${caption}</caption>
<thead><tr>${columns.map((column) => heading(column, isSortable))}</tr></thead>
<tbody>
${rows.map((row) => tableRow(row, columns))}</tbody>
</table></div>
`;
}

function attribute(name: string, value: HtmlPart): HtmlPart {
  return value === undefined ? "" : markup` ${name}="${value}"`;
}

function kindOf(column: TableColumn | undefined): HtmlPart {
  const { isNumeric = false, isProse = false } = column ?? {};
  return attribute("class", isNumeric ? "n" : isProse ? "why" : undefined);
}

function heading(column: TableColumn, isSortable: boolean): Html {
  const { title, sorted } = column;
  return isSortable
    ? markup`<th scope="col"${kindOf(column)} aria-sort="${
      sorted ?? "none"
    }"><button type="button">${title}</button></th>`
    : markup`<th scope="col"${kindOf(column)}>${title}</th>`;
}

function tableRow({ cells, kinds = [], text }: TableRow, columns: readonly TableColumn[]): Html {
  const classes = attribute("class", kinds.length === 0 ? undefined : kinds.join(" "));
  const list = cells.map((cell, i) => tableCell(cell, i === 0, columns[i]));
  return markup`<tr${classes}${attribute("data-text", text)}>${list}</tr>
`;
}

function tableCell(
  cell: HtmlPart | KeyedCell,
  isHeading: boolean,
  column: TableColumn | undefined,
): Html {
  const { shown, key, zero } = isKeyed(cell)
    ? cell
    : { shown: cell, key: undefined, zero: undefined };
  const attributes = [
    kindOf(column),
    attribute("data-key", key === null ? "" : key),
    attribute("data-zero", zero === key ? undefined : zero === null ? "" : zero),
  ];
  return isHeading
    ? markup`<th scope="row"${attributes}>${shown}</th>`
    : markup`<td${attributes}>${shown}</td>`;
}

function isKeyed(cell: HtmlPart | KeyedCell): cell is KeyedCell {
  return typeof cell === "object" && cell !== null && "shown" in cell;
}

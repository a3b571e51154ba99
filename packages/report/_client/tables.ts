/**
 * Tables that can be sorted and filtered, and the switch between what was and what would be.
 *
 * @module
 */

/** What a cell counts for in sorting: a number, or its text. */
export function sortKey(cell: HTMLTableCellElement, isZero: boolean): number | string {
  const key = (isZero ? cell.dataset.zero : undefined) ?? cell.dataset.key;
  if (key === undefined) return cell.textContent!.trim().toLowerCase();
  return key === "" ? -Infinity : Number(key);
}

/** Sorts by the column that says so in `aria-sort`. */
export function sortTable(table: HTMLTableElement): void {
  const heads = [...table.tHead!.rows[0]!.cells];
  const column = heads.findIndex((head) => head.ariaSort !== null && head.ariaSort !== "none");
  if (column < 0) return;
  const sign = heads[column]!.ariaSort === "ascending" ? 1 : -1;
  const isZero = table.closest(".zero") !== null;
  const body = table.tBodies[0]!;
  const rows = [...body.rows].map((row) => ({ row, key: sortKey(row.cells[column]!, isZero) }));
  rows.sort(({ key: a }, { key: b }) => {
    if (typeof a === "number" && typeof b === "number") {
      return a === b ? 0 : sign * (a < b ? -1 : 1);
    }
    return sign * String(a).localeCompare(String(b), "en", { numeric: true });
  });
  body.append(...rows.map(({ row }) => row));
}

/** Hides the rows that are not asked for, and says how many are left. */
export function filterTable(table: HTMLTableElement, words: string, kind: string): number {
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word !== "");
  let left = 0;
  for (const row of table.tBodies[0]!.rows) {
    const text = row.dataset.text ?? row.textContent!.toLowerCase();
    row.hidden = !(kind === "" || row.classList.contains(kind)) ||
      !wanted.every((word) => text.includes(word));
    if (!row.hidden) left++;
  }
  return left;
}

/** Makes headings sort and the fields above a table filter it. */
export function setUpTables(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>("table.sortable")) {
    const heads = [...table.tHead!.rows[0]!.cells];
    for (const head of heads) {
      head.querySelector("button")?.addEventListener("click", () => {
        const first = head.classList.contains("n") ? "descending" : "ascending";
        const other = first === "descending" ? "ascending" : "descending";
        const next = head.ariaSort === first ? other : first;
        for (const one of heads) one.ariaSort = one === head ? next : "none";
        sortTable(table);
      });
    }
  }
  for (const form of document.querySelectorAll<HTMLFormElement>("form.filter")) {
    const table = document.getElementById(form.dataset.table!) as HTMLTableElement;
    const words = form.querySelector<HTMLInputElement>("input")!;
    const kind = form.querySelector<HTMLSelectElement>("select")!;
    const apply = (): void => {
      const left = filterTable(table, words.value, kind.value);
      form.querySelector("output")!.textContent = `${left} of ${
        table.tBodies[0]!.rows.length
      } rows`;
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    words.addEventListener("input", apply);
    kind.addEventListener("change", apply);
    apply();
  }
}

/** Makes the switches work. */
export function setUpWorlds(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[role=switch]")) {
    const section = document.getElementById(button.dataset.world!)!;
    button.addEventListener("click", () => {
      const isZero = section.classList.toggle("zero");
      for (const one of section.querySelectorAll("button[role=switch]")) {
        one.ariaChecked = String(isZero);
      }
      for (const table of section.querySelectorAll<HTMLTableElement>("table.sortable")) {
        sortTable(table);
      }
    });
  }
}

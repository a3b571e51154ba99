/**
 * What a run leaves in `docs/`: the result itself, its pictures, the tables of `docs/speed.md`; and one in the README.
 *
 * @module
 */
import { renderPicture } from "./picture.ts";
import type { BenchResult } from "./result.ts";
import { axisTables, circumstances, goalsTable, summaryTable, type Table } from "./tables.ts";

const BEGIN = "<!-- measured: written by deno task bench --docs -->", END = "<!-- /measured -->";

/**
 * Writes them.
 *
 * @param result What was measured
 * @throws {Error} when a page has no place for its tables
 */
export async function writeDocs(result: BenchResult): Promise<void> {
  const docs = new URL("../docs/", import.meta.url);
  for (const theme of ["light", "dark"] as const) {
    await Deno.writeTextFile(new URL(`speed-${theme}.svg`, docs), renderPicture(result, theme));
  }
  await Deno.writeTextFile(new URL("speed.json", docs), JSON.stringify(result, null, 2) + "\n");
  await fill(new URL("speed.md", docs), measured(result));
  await fill(new URL("../README.md", docs), markdown(summaryTable(result)));
}

/** Puts text between the two marks of a page. */
async function fill(page: URL, tables: string): Promise<void> {
  const text = await Deno.readTextFile(page);
  const begin = text.indexOf(BEGIN), end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${page.pathname} has no ${BEGIN} … ${END}`);
  await Deno.writeTextFile(
    page,
    `${text.slice(0, begin)}${BEGIN}\n\n${tables}\n\n${text.slice(end)}`,
  );
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page.pathname] }).output();
}

function measured(result: BenchResult): string {
  const goals = goalsTable(result);
  const rows = goals.rows.map((row) =>
    row.map((cell) => cell === "NOT met" ? `**${cell}**` : cell)
  );
  return [
    `${circumstances(result).join(". ")}.`,
    markdown({ ...goals, rows }),
    ...axisTables(result).flatMap((table) => [`${table.title}:`, markdown(table)]),
  ].join("\n\n");
}

function markdown({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

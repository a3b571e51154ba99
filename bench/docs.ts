/**
 * What a run leaves in `docs/`: the result itself, its pictures, and the tables of `docs/speed.md`.
 *
 * @module
 */
import { renderPicture } from "./picture.ts";
import type { BenchResult } from "./result.ts";
import { axisTables, circumstances, goalsTable, type Table } from "./tables.ts";

const BEGIN = "<!-- measured: written by deno task bench --docs -->", END = "<!-- /measured -->";

/**
 * Writes them.
 *
 * @param result What was measured
 * @throws {Error} when the page has no place for the tables
 */
export async function writeDocs(result: BenchResult): Promise<void> {
  const docs = new URL("../docs/", import.meta.url);
  for (const theme of ["light", "dark"] as const) {
    await Deno.writeTextFile(new URL(`speed-${theme}.svg`, docs), renderPicture(result, theme));
  }
  await Deno.writeTextFile(new URL("speed.json", docs), JSON.stringify(result, null, 2) + "\n");
  const page = new URL("speed.md", docs);
  const text = await Deno.readTextFile(page);
  const begin = text.indexOf(BEGIN), end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/speed.md has no ${BEGIN} … ${END}`);
  const tables = measured(result);
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

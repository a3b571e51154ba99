/**
 * What plays of scenarios came to, as text and as JSON.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import { textTable } from "@ioeventfd/capture/text-table";
import type { Paging, ReportCell, ReportTable, ScenarioResult } from "@ioeventfd/scenario";
import type { Style } from "../style.ts";
import type { BackendName } from "./_run_backend.ts";
import type { ScenarioFile } from "./_run_scenario_file.ts";

/** One scenario that was played. */
export interface Played {
  /** Where it came from. */
  readonly file: ScenarioFile;
  /** Release it was played as. */
  readonly kernel: string;
  /** Paging of the model. */
  readonly paging: Paging;
  /** What it came to. */
  readonly result: ScenarioResult;
}

/** A whole run. */
export interface RunReport {
  /** Model or host. */
  readonly backend: BackendName;
  /** Where chance began. */
  readonly seed: number;
  /** In order. */
  readonly played: readonly Played[];
}

/** Of `costRow`. */
const cyclesColumn = "model cycles";

const outcomes = ["passed", "failed", "broken", "skipped"] as const;

/**
 * The report as JSON: u64s as decimal strings.
 *
 * @param report The run
 */
export function reportJson({ backend, seed, played }: RunReport): Record<string, unknown> {
  return {
    backend,
    seed,
    ...Object.fromEntries(outcomes.map((name) => [name, count(played, name)])),
    scenarios: played.map(({ file, kernel, paging, result }) => ({
      file: file.path,
      name: result.name,
      about: file.scenario.about,
      kernel: backend === "sim" ? kernel : null,
      paging: backend === "sim" ? paging : null,
      outcome: result.outcome,
      reason: result.reason,
      where: shownPlace(result.where, file),
      around: result.around,
      held: result.held,
      notCounted: result.notCounted,
      notes: result.notes,
      tables: result.tables.map(tableJson),
    })),
  };
}

function tableJson({ columns, rows }: ReportTable): Record<string, unknown>[] {
  return rows.map((row) =>
    Object.fromEntries(
      row.map((cell, i) => [columns[i], typeof cell === "bigint" ? String(cell) : cell]),
    )
  );
}

/**
 * The report as text.
 *
 * @param report The run
 * @param style Colours
 */
export function reportText({ backend, played }: RunReport, style: Style): string {
  const lines: string[] = [];
  for (const one of played) lines.push(...playedLines(one, backend, style), "");
  const total = outcomes
    .filter((name) => name === "passed" || count(played, name) > 0)
    .map((name) => `${count(played, name)} ${name}`).join(", ");
  const bad = count(played, "failed") + count(played, "broken") > 0;
  return [...lines, bad ? style.red(total) : style.green(total), ""].join("\n");
}

function playedLines(played: Played, backend: BackendName, style: Style): string[] {
  const { file, kernel, paging, result } = played;
  const { outcome, reason, held, notCounted } = result;
  const paint = outcome === "passed" ? style.green : outcome === "skipped" ? style.dim : style.red;
  const where = backend === "kvm"
    ? "the host's kernel"
    : `Linux ${kernel}${paging === "shadow" ? ", shadow paging" : ""}`;
  const lines = [
    `${paint(outcome)}  ${style.bold(result.name)}  ${style.dim(`${where}, ${held} held`)}`,
    `  ${file.scenario.about}`,
  ];
  for (const table of result.tables) lines.push("", ...tableLines(table, style));
  if (result.tables.some(({ columns }) => columns.includes(cyclesColumn)) && backend === "sim") {
    lines.push(
      "",
      `  ${style.dim("Work is counted; cycles are modelled: ioeventfd compare prints how.")}`,
    );
  }
  if (result.notes.length > 0) lines.push("", ...result.notes.map((note) => `  ${note}`));
  if (notCounted > 0) {
    lines.push(`  ${style.dim(`${notCounted} expectations about work: this kernel counts none`)}`);
  }
  if (reason !== null) lines.push(`  ${paint(reason)}`);
  const place = shownPlace(result.where, file);
  if (place !== null) lines.push(`  at ${place}`);
  if (result.around.length > 0) {
    lines.push(
      "  what happened, the last thing last:",
      ...result.around.map((line) => `    ${line}`),
    );
  }
  return lines;
}

/** A column that says nothing in any row is left out. */
function tableLines(table: ReportTable, style: Style): string[] {
  const said = table.columns.map((_, i) => table.rows.some((row) => row[i] !== null));
  const columns = table.columns.filter((_, i) => said[i]);
  const rows = table.rows.map((row) => row.filter((_, i) => said[i]));
  const numeric = columns.map((_, i) => rows.every((row) => typeof row[i] !== "string"));
  const [heading, ...lines] = textTable(
    columns.map((title, i) => ({ title, align: numeric[i] ? "right" : "left" })),
    rows.map((row) => row.map(shownCell)),
  );
  return [style.bold(heading!), ...lines].map((line) => `  ${line}`);
}

function shownCell(cell: ReportCell): string {
  if (cell === null) return "-";
  return typeof cell === "number" ? grouped(cell) : String(cell);
}

/** The place as the file was named: `scenarios/nvme.ts:21:9`. */
function shownPlace(where: string | null, file: ScenarioFile): string | null {
  if (where === null) return null;
  return where.startsWith(file.url) ? file.path + where.slice(file.url.length) : where;
}

function count(played: readonly Played[], outcome: ScenarioResult["outcome"]): number {
  return played.filter(({ result }) => result.outcome === outcome).length;
}

/**
 * What `conform` prints for people.
 *
 * @module
 */
import { grouped } from "@ioeventfd/capture/counted";
import { textTable } from "@ioeventfd/capture/text-table";
import { tallyLine } from "@ioeventfd/conform";
import type { TallyRow } from "@ioeventfd/conform";
import type { Style } from "../style.ts";
import { type ConformOutcome, failureLines, totalOf } from "./_conform_outcome.ts";

/** Failures printed in full. */
const mostShown = 20;

/**
 * The report; its last line is the count.
 *
 * @param outcome The run
 * @param style Colours
 */
export function conformText(outcome: ConformOutcome, style: Style): string {
  const { about, failures, rows, stopped, seconds } = outcome;
  const lines: string[] = about.length === 0 ? [] : [...about, ""];
  for (const failure of failures.slice(0, mostShown)) {
    const { id, tag } = failure.result;
    const isRandom = failure.vector !== undefined;
    lines.push(style.red(`${id}${tag === null || isRandom ? "" : ` (${tag})`}`));
    const told = failureLines(failure);
    lines.push(...told.map((line) => isRandom && line === "" ? "" : isRandom ? line : `  ${line}`));
    if (isRandom) lines.push("");
  }
  if (failures.length > mostShown) lines.push(`… and ${failures.length - mostShown} more`);
  if (lines.length > 0 && lines.at(-1) !== "") lines.push("");
  const [heading, ...table] = textTable(
    [
      { title: outcome.seed === null ? "vectors" : "cases" },
      { title: "passed", align: "right" },
      { title: "failed", align: "right" },
      { title: "skipped", align: "right" },
      { title: "because" },
    ],
    byKind(rows).map(({ group, passed, failed, skipped, reasons }) => [
      group,
      grouped(passed),
      grouped(failed),
      grouped(skipped),
      reasons.join("; "),
    ]),
  );
  lines.push(style.bold(heading!), ...table, "");
  const total = totalOf(outcome);
  if (stopped !== null) {
    lines.push(`Stopped early, ${stopped}, after ${seconds.toFixed(1)} s.`);
  } else if (outcome.seed !== null) {
    lines.push(`${seconds.toFixed(1)} s.`);
  }
  const paint = total.failed > 0 ? style.red : style.green;
  return [...lines, paint(tallyLine(total)), ""].join("\n");
}

/** Guest vectors in one row, and tags of their own only where some failed. */
function byKind(rows: readonly TallyRow[]): TallyRow[] {
  const shown: TallyRow[] = [];
  for (const row of rows) {
    const kind = row.group.split(" ")[0]!;
    const at = shown.findIndex((one) => one.group === kind);
    if (row.failed > 0 || at === -1) {
      shown.push(row.failed > 0 ? row : { ...row, group: kind });
      continue;
    }
    const sum = shown[at]!;
    shown[at] = {
      group: kind,
      passed: sum.passed + row.passed,
      failed: sum.failed + row.failed,
      skipped: sum.skipped + row.skipped,
      reasons: [...new Set([...sum.reasons, ...row.reasons])],
    };
  }
  return shown;
}

/**
 * What `conform --tap` prints: the Test Anything Protocol, version 14.
 *
 * @module
 */
import { tallyLine } from "@ioeventfd/conform";
import { type ConformOutcome, failureLines, type TestPoint, totalOf } from "./_conform_outcome.ts";

/**
 * The run as TAP; its last line is the count, as a comment.
 *
 * @param outcome The run
 */
export function conformTap(outcome: ConformOutcome): string {
  const { points, about, stopped } = outcome;
  const lines = ["TAP version 14", `1..${points.length}`, ...about.map((line) => `# ${line}`)];
  points.forEach((point, i) => lines.push(...pointLines(point, i + 1)));
  if (stopped !== null) lines.push(`# stopped early: ${stopped}`);
  return [...lines, `# ${tallyLine(totalOf(outcome))}`, ""].join("\n");
}

function pointLines(
  { group, name, outcome, reason, failure }: TestPoint,
  number: number,
): string[] {
  const description = `${group} ${name}`.replaceAll("\\", "\\\\").replaceAll("#", "\\#");
  const skip = outcome === "skipped" ? ` # SKIP ${reason ?? ""}` : "";
  const lines = [`${outcome === "failed" ? "not ok" : "ok"} ${number} - ${description}${skip}`];
  if (failure === undefined) return lines;
  const told = failureLines(failure).map((line) => line === "" ? "" : `    ${line}`);
  return [...lines, "  ---", "  differences: |", ...told, "  ..."];
}

/**
 * What `conform --junit FILE` writes: the XML that build servers read.
 *
 * @module
 */
import { type ConformOutcome, failureLines, type TestPoint } from "./_conform_outcome.ts";

/**
 * The run as JUnit XML.
 *
 * @param outcome The run
 */
export function conformJunit(outcome: ConformOutcome): string {
  const { points, seconds, about } = outcome;
  const count = (what: TestPoint["outcome"]) =>
    points.filter((point) => point.outcome === what).length;
  const counts = `tests="${points.length}" failures="${count("failed")}" errors="0" ` +
    `skipped="${count("skipped")}" time="${seconds.toFixed(3)}"`;
  return [
    `<?xml version="1.0" encoding="UTF-8"?>`,
    `<testsuites name="ioeventfd conform" ${counts}>`,
    `  <testsuite name="${escaped(outcome.backends.join(","))}" ${counts}>`,
    ...points.map(testcase),
    ...(about.length === 0 ? [] : [`    <system-out>${escaped(about.join("\n"))}</system-out>`]),
    `  </testsuite>`,
    `</testsuites>`,
    "",
  ].join("\n");
}

function testcase(
  { group, name, outcome, reason, failure }: TestPoint,
): string {
  const open = `    <testcase classname="${escaped(`conform.${group}`)}" name="${escaped(name)}"`;
  if (outcome === "passed") return `${open}/>`;
  if (outcome === "skipped") {
    return `${open}><skipped message="${escaped(reason ?? "")}"/></testcase>`;
  }
  const lines = failure === undefined ? ["it differs"] : failureLines(failure);
  return `${open}><failure message="${escaped(lines[0]!)}">${
    escaped(lines.join("\n"))
  }</failure></testcase>`;
}

/** Text for XML 1.0, which has no control characters. */
function escaped(text: string): string {
  return text
    // deno-lint-ignore no-control-regex
    .replaceAll(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/**
 * The page.
 *
 * @module
 */
import { type KernelRelease, kernelReleases } from "@ioeventfd/uapi";
import { grouped } from "./_format.ts";
import { Html, type HtmlPart, markup, scriptJson } from "./_html.ts";
import { PageBuilder } from "./_page/builder.ts";
import { pageScript } from "./_page/script.ts";
import { pageStyle } from "./_page/style.ts";
import { benchSection } from "./_sections/bench.ts";
import { comparisonSection } from "./_sections/comparison.ts";
import { costsSection } from "./_sections/costs.ts";
import { kickSection } from "./_sections/kick.ts";
import { kicksSection } from "./_sections/kicks.ts";
import { recordingSection } from "./_sections/recording.ts";
import { pathCosts } from "./path_costs.ts";
import type { BenchPart, ComparisonPart, KicksPart } from "./read_document.ts";
import type { RecordingStudy } from "./study_recording.ts";

/** A recording that was studied. */
export interface RecordingPart {
  /** Which kind of part it is. */
  readonly kind: "recording";
  /** File, or what else people call it. */
  readonly name: string;
  /** What there is to say of it. */
  readonly study: RecordingStudy;
}

/** What a page is about. */
export type ReportPart = RecordingPart | ComparisonPart | BenchPart | KicksPart;

/** Parts of a page at most. */
export const mostParts = 16;

/** Rows of the largest table and steps of the timeline, of all recordings together. */
const mostRows = 500, mostSteps = 2048;

/**
 * One page of HTML with all that it needs in it: nothing is loaded, and nothing that a recording holds becomes markup.
 * Its size has a bound, whatever the size of the recordings.
 *
 * @param parts What it is about, 1 to 16
 * @returns The page
 * @throws {RangeError} for no part, and for more
 *
 * @example
 * ```ts
 * import { renderReport, studyRecording } from "@ioeventfd/report";
 *
 * const text = "1000 7/7 vmm kvm_pio: rw 1 port 0x402 size 1 count 1 val 0x53\n" +
 *   "1100 7/7 vmm kvm_userspace_exit: reason 2 errno 0\n";
 * const study = await studyRecording(new TextEncoder().encode(text));
 * const page = await renderReport([{ kind: "recording", name: "boot.txt", study }]);
 * if (!page.startsWith("<!DOCTYPE html>") || !page.includes("boot.txt")) throw new Error("a page");
 * ```
 */
export async function renderReport(parts: readonly ReportPart[]): Promise<string> {
  if (parts.length === 0) throw new RangeError("There is nothing to report");
  if (parts.length > mostParts) {
    throw new RangeError(
      `${parts.length} parts are more than the ${mostParts} that a page has room for`,
    );
  }
  const builder = new PageBuilder();
  const recordings = parts.filter((part) => part.kind === "recording");
  const sections = parts.map((part, i) =>
    partSection(builder, part, `r${i + 1}`, recordings.length)
  );
  const recordedOn = recordings[0]?.study.recordedOn;
  const common: [id: string, title: string, section: Html][] = [];
  if (recordedOn !== undefined) {
    const section = costsSection(builder, recordedOn, pathCosts(recordedOn));
    common.push(["costs", "What one write costs", section]);
  }
  const kickOn = recordedOn ?? comparedOn(parts);
  if (kickOn !== undefined) common.push(["kick", "One kick, step by step", kickSection(kickOn)]);
  const links = [
    ...parts.map(({ name }, i) => [`r${i + 1}`, name] as const),
    ...common.map(([id, title]) => [id, title] as const),
  ];
  const body = markup`${sections}${common.map(([, , section]) => section)}`;
  return await pageOf(parts, links, body, builder);
}

function partSection(
  builder: PageBuilder,
  part: ReportPart,
  id: string,
  recordings: number,
): Html {
  const { kind, name } = part;
  if (kind === "comparison") return comparisonSection(builder, id, name, part.comparison);
  if (kind === "bench") return benchSection(builder, id, name, part.bench);
  if (kind === "kicks") return kicksSection(builder, id, name, part.kicks);
  const { study } = part;
  return recordingSection({
    builder,
    id,
    name,
    study,
    costs: pathCosts(study.recordedOn),
    mostRows: Math.max(16, Math.floor(mostRows / recordings)),
    mostSteps: Math.max(48, Math.floor(mostSteps / recordings)),
    hasVms: study.recorded.vms.length > 1,
  });
}

/** The release of the first comparison or run of the model, if there is one, and it is one that is known. */
function comparedOn(parts: readonly ReportPart[]): KernelRelease | undefined {
  const names = parts.flatMap((part) => {
    if (part.kind === "comparison") return [part.comparison.kernel];
    return part.kind === "kicks" && part.kicks.backend === "sim" ? [part.kicks.kernel] : [];
  });
  return kernelReleases.find(({ name }) => name === names[0]);
}

async function pageOf(
  parts: readonly ReportPart[],
  links: readonly (readonly [id: string, title: string])[],
  body: Html,
  builder: PageBuilder,
): Promise<string> {
  const script = pageScript(), style = pageStyle();
  const policy = [
    "default-src 'none'",
    `script-src '${await digest(script)}'`,
    `style-src '${await digest(style)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const names = parts.map(({ name }) => name);
  const title = names.length === 1 ? names[0]! : `${grouped(names.length)} parts`;
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title} – ioeventfd report</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<a class="skip" href="#main">To the report</a>
<header><h1>ioeventfd report</h1>
<button type="button" id="theme" aria-pressed="false">Dark mode</button></header>
${contents(links)}
<main id="main">
${body}
</main>
<footer><p>Made by <code>ioeventfd report</code>. Counted, modelled and measured figures stand apart: counts come from
the recording or from a run of the model, cycles from the cost table, nanoseconds from a clock.</p>
<noscript><p>Without scripts no chart is drawn and tables keep their order; every figure is in a table.</p></noscript>
<p>Charts by uPlot 1.6.32, MIT licence, © Leon Sorokin.</p></footer>
<script type="application/json" id="data">${scriptJson(builder.charts)}</script>
<script>${new Html(script)}</script>
</body>
</html>
`.toString();
}

function contents(links: readonly (readonly [id: string, title: string])[]): HtmlPart {
  if (links.length === 1) return "";
  const list = links.map(([id, title]) => markup`<a href="#${id}">${title}</a> `);
  return markup`<nav class="inputs" aria-label="Parts of the report">${list}</nav>`;
}

/** What a content security policy calls a script or a style. */
async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}`;
}

/**
 * The same calls and writes on each kernel release.
 *
 * @module
 */
import { hex } from "@ioeventfd/uapi";
import type { ReplayReport } from "@ioeventfd/capture";
import { counted, cycles, grouped } from "../_format.ts";
import { type Html, type HtmlPart, markup } from "../_html.ts";
import { table } from "../_page/table.ts";
import { pathCosts } from "../path_costs.ts";
import type { RecordingStudy } from "../study_recording.ts";
import { cyclesOf, writeCounts } from "../write_counts.ts";
import { leftOut, place, type RecordingContext } from "./recording_context.ts";

type OnRelease = RecordingStudy["releases"][number];

/** The section. */
export function releasesSection(context: RecordingContext): Html {
  const { id, study } = context;
  return markup`
    <section id="${id}-releases">
    <h3>On other kernels</h3>
    <p>The recorded calls and writes on each release: what would have been refused, and where kicks would have gone on this host; with EPT, signals of zero-length doorbells come by the fast path.</p>
    ${
    table({
      caption: `${context.name} on each kernel release`,
      isCaptionHidden: true,
      columns: [
        { title: "Linux" },
        { title: "Verdict" },
        { title: "Refused", isNumeric: true },
        { title: "Signals", isNumeric: true },
        { title: "With EPT, fast", isNumeric: true },
        { title: "Writes to userspace", isNumeric: true },
        { title: "Exits", isNumeric: true },
        { title: "Cycles", isNumeric: true },
      ],
      rows: study.releases.map((one) => ({ cells: cells(one, study) })),
      kind: "verdicts",
    })
  }
    ${study.releases.map((one) => refusals(one, context))}
    </section>
  `;
}

function cells({ release, report }: OnRelease, { recorded }: RecordingStudy): HtmlPart[] {
  const whatIf = report.whatIf!;
  const { outcomes } = report;
  return [
    nameOf(release),
    verdict(report, recorded),
    grouped(whatIf.refused.length),
    grouped(outcomes.ioeventfd),
    grouped(whatIf.fastSignals),
    grouped(outcomes.userspace),
    change(whatIf.exitsAdded - whatIf.exitsSaved),
    cycles(cyclesOf(writeCounts(report, release).byPath, pathCosts(release))),
  ];
}

function nameOf({ name }: OnRelease["release"], before = ""): string {
  return name === "seed" ? "the commit alone" : before + name;
}

function change(exits: number): string {
  return exits === 0 ? "±0" : `${exits < 0 ? "−" : "+"}${grouped(Math.abs(exits))}`;
}

function verdict({ outcomes, whatIf }: ReplayReport, { outcomes: recorded }: ReplayReport): Html {
  const refused = whatIf!.refused.filter(({ removedUnused }) => !removedUnused).length;
  const probes = whatIf!.refused.length - refused;
  const lost = recorded.ioeventfd - outcomes.ioeventfd;
  if (recorded.ioeventfd > 0 && outcomes.ioeventfd === 0) {
    return markup`<b class="bad">No kick arrives by ioeventfd${
      whatIf!.fastSignals > 0 ? ", without EPT" : ""
    }</b>`;
  }
  if (refused > 0) return markup`<b class="bad">${counted(refused, "registration")} refused</b>`;
  if (lost > 0) return markup`<b class="warn">${counted(lost, "signal")} fewer</b>`;
  if (outcomes.userspace > recorded.userspace) {
    return markup`<b class="warn">${
      counted(outcomes.userspace - recorded.userspace, "exit")
    } more</b>`;
  }
  if (probes > 0) return markup`<b class="warn">${counted(probes, "probe")} refused</b>`;
  return markup`<b class="good">as recorded</b>`;
}

function refusals({ release, report }: OnRelease, context: RecordingContext): HtmlPart {
  const { refused } = report.whatIf!;
  if (refused.length === 0) return "";
  const most = Math.ceil(context.mostRows / 16);
  return markup`
    <details><summary>Refused on ${nameOf(release, "Linux ")}: ${
    counted(
      refused.length,
      "registration",
    )
  }</summary>
    ${
    table({
      caption: `Registrations refused on ${nameOf(release, "Linux ")}`,
      isCaptionHidden: true,
      columns: [
        { title: "Registration" },
        { title: "Length" },
        { title: "Value" },
        { title: "Why", isProse: true },
        { title: "Line", isNumeric: true },
        { title: "VM" },
      ],
      rows: refused.slice(0, most).map((one) => ({
        cells: [
          place(one),
          one.len === 0 ? "any" : grouped(one.len),
          one.datamatch === null ? "any" : markup`<code>${hex(one.datamatch)}</code>`,
          one.removedUnused
            ? `${one.reason} (a probe: taken away before the guest wrote again)`
            : one.reason,
          grouped(one.line),
          markup`<span class="whole">${one.vm}</span>`,
        ],
      })),
      kind: "prose",
    })
  }${leftOut(most, refused.length, "registrations")}</details>
  `;
}

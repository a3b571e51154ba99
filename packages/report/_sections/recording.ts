/**
 * One recording.
 *
 * @module
 */
import type { ReplayReport } from "@ioeventfd/capture";
import { counted, duration, grouped, share, short } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import { billSection } from "./bill.ts";
import { doorbellsSection } from "./doorbells.ts";
import { findings } from "./findings.ts";
import type { RecordingContext } from "./recording_context.ts";
import { releasesSection } from "./releases.ts";
import { timelineSection } from "./timeline_section.ts";
import { contradictionsSection, inferredSection, lostSection, missesSection } from "./troubles.ts";

/** A space that keeps a number with what it counts. */
const noBreak = "\u00a0";

/** All that the page says of it. */
export function recordingSection(context: RecordingContext): Html {
  const { id, name, study: { recorded, recordedOn } } = context;
  const parts = [
    ["doorbells", "Doorbells"],
    ["time", "Exits over time"],
    ["bill", "Cost"],
    ["lost", "Lost kicks"],
    ["misses", "Near misses"],
    ["contradictions", "Contradictions"],
    ["releases", "Other kernels"],
  ] as const;
  return markup`
    <article id="${id}">
    <h2>${name}</h2>
    <p class="lead">${counted(recorded.events, "event")} in ${
    duration(
      recorded.durationNs,
    )
  }, judged by the rules of Linux ${recordedOn.name}. ${vms(recorded)}</p>
    ${tiles(recorded)}
    ${findings(context)}
    <nav class="parts" aria-label="Parts of ${name}">${
    parts.map(([part, title]) => markup`<a href="#${id}-${part}">${title}</a>`)
  }</nav>
    ${doorbellsSection(context)}
    ${timelineSection(context)}
    ${billSection(context)}
    ${lostSection(context)}
    ${missesSection(context)}
    ${contradictionsSection(context)}
    ${releasesSection(context)}
    ${inferredSection(context)}
    </article>
  `;
}

function vms({ vms }: ReplayReport): string {
  const shown = vms.slice(0, 4).map(({ name, comm, threads }) =>
    `${name} (${short(comm)}), ${counted(threads, "vCPU thread").replaceAll(" ", noBreak)}`
  );
  const more = vms.length - shown.length;
  return [...shown, ...(more > 0 ? [`${counted(more, "VM").replace(" ", noBreak)} more`] : [])]
    .join("; ") + ".";
}

function tiles({ writes, outcomes, exits, contradictionCount }: ReplayReport): Html {
  const tile = (value: string, what: string, about: string, kind = ""): Html =>
    markup`
      <div class="tile ${kind}">
        <dt>${what}</dt>
        <dd><b>${value}</b> <span>${about}</span></dd>
      </div>
    `;
  const inKernel = outcomes.coalesced + outcomes.inKernel;
  const wrong = exits.unexplained + contradictionCount;
  return markup`
    <dl class="tiles">${tile(grouped(writes), "Guest writes", "")}${
    tile(
      grouped(outcomes.ioeventfd),
      "to an ioeventfd",
      share(outcomes.ioeventfd, writes),
    )
  }${tile(grouped(inKernel), "taken in the kernel", share(inKernel, writes))}${
    tile(
      grouped(outcomes.userspace),
      "to userspace",
      share(outcomes.userspace, writes),
    )
  }${tile(grouped(exits.observed), "Exits to userspace", `${grouped(exits.io)} for I/O`)}${
    tile(
      grouped(wrong),
      "Unexplained",
      wrong === 0
        ? "exits, contradictions"
        : `${grouped(exits.unexplained)} exits, ${grouped(contradictionCount)} contradictions`,
      wrong === 0 ? "good" : "bad",
    )
  }</dl>
  `;
}

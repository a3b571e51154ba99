/**
 * Exits over time.
 *
 * @module
 */
import { addUp, packCounts, type TimelineData, timelineRows } from "../_client/chart_data.ts";
import { duration, grouped, short } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import { table } from "../_page/table.ts";
import { type TimelineLane, timelineSeries } from "../timeline.ts";
import type { RecordingContext } from "./recording_context.ts";

const kinds = ["Exits: port I/O", "Exits: MMIO", "Exits: other", "Guest writes"] as const;

/** The section. */
export function timelineSection(context: RecordingContext): Html {
  const { builder, id, study } = context;
  const data = timelineData(context);
  const heading = markup`
    <section id="${id}-time">
      <h3>Exits over time</h3>
  `;
  if (data.lanes.length === 0) {
    return markup`
      ${heading}
      <p>The recording has no exit to userspace and no write.</p>
      </section>
    `;
  }
  const button = (move: string, text: string): Html =>
    markup`<button type="button" data-move="${move}">${text}</button>`;
  return markup`
    ${heading}
    <p>Exits to userspace of each vCPU, and the guest's writes. Time counts from the first event; drag across
    a stretch to look closer.</p>
    <figure class="chart timeline" data-chart="${builder.chart(data)}">
    <div class="tools"><div role="group" aria-label="Stretch of time">${
    button(
      "in",
      "Zoom in",
    )
  }${button("out", "Zoom out")}${button("earlier", "Earlier")}${
    button(
      "later",
      "Later",
    )
  }${button("all", "All")}</div>
    <fieldset><legend class="unseen">What is drawn</legend>${
    kinds.map((kind, i) =>
      markup`<label><input type="checkbox" checked data-kind="${i}"><span class="swatch c${i}"></span>${kind}</label>`
    )
  }</fieldset></div>
    <p class="view" role="status"></p>
    ${
    data.lanes.map(({ name }) =>
      markup`
        <p class="lane">${name}</p>
        <div class="plot" role="img"
          aria-label="Exits over time of ${name}: the table below has the figures"></div>
      `
    )
  }<p class="hover" aria-hidden="true"></p>
    <details><summary>The figures as a table</summary>
    ${
    table({
      caption: `Exits and writes of ${context.name} in the stretch shown`,
      columns: [
        { title: "Time" },
        { title: "vCPU" },
        ...kinds.map((title) => ({ title, isNumeric: true })),
      ],
      rows: timelineRows(data, 0, data.steps).map(([from, to, lane, counts]) => ({
        cells: [`${duration(from)} – ${duration(to)}`, lane, ...counts.map(grouped)],
      })),
      kind: "behind",
    })
  }</details>
    </figure>
    ${reasons(study.recorded.reasons)}
    </section>
  `;
}

function reasons(list: RecordingContext["study"]["recorded"]["reasons"]): Html {
  return markup`<p class="note">Exits to userspace by reason: ${
    list.length === 0
      ? "none"
      : list.slice(0, 12).map(({ name, count }, i) =>
        markup`${i === 0 ? "" : ", "}<code>${name}</code> ${grouped(count)}`
      )
  }.</p>`;
}

/** The timeline as the page carries it: with fewer steps where there are many recordings. */
function timelineData({ study, mostSteps }: RecordingContext): TimelineData {
  const { stepNs, steps, lanes } = study.timeline;
  const width = Math.max(1, Math.ceil(steps / mostSteps));
  return {
    kind: "timeline",
    stepNs: stepNs * width,
    steps: Math.ceil(steps / width),
    lanes: lanes.map((lane) => ({
      name: laneName(lane, study.threads),
      counts: timelineSeries.map((kind) => packCounts(addUp(lane.counts[kind], 0, steps, width))),
    })),
  };
}

function laneName(
  { thread, threads }: TimelineLane,
  names: RecordingContext["study"]["threads"],
): string {
  const known = names[thread];
  if (known === undefined) return `${grouped(threads)} quieter vCPUs together`;
  const process = known.pid >= 0 ? ` of process ${known.pid}` : "";
  return `${short(known.comm)}, thread ${known.tid}${process}`;
}

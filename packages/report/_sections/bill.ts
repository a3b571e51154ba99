/**
 * What the writes of a recording cost, by the way they go.
 *
 * @module
 */
import { cycles, grouped, share } from "../_format.ts";
import { type Html, markup } from "../_html.ts";
import { figure } from "../_page/figure.ts";
import { table } from "../_page/table.ts";
import { writePaths } from "../path_costs.ts";
import { cyclesOf, writeCounts } from "../write_counts.ts";
import { pathColours, pathNames } from "./path_names.ts";
import type { RecordingContext } from "./recording_context.ts";

/** The section. */
export function billSection(context: RecordingContext): Html {
  const { builder, id, study, costs } = context;
  const was = writeCounts(study.recorded, study.recordedOn);
  const would = writeCounts(study.zeroLength, study.recordedOn, true);
  const worlds = [was, would];
  const totals = worlds.map(({ byPath }) => cyclesOf(byPath, costs));
  if (study.recorded.writes === 0) {
    return markup`
      <section id="${id}-bill">
      <h3>What the writes cost</h3>
      <p>The guest wrote nothing that left it.</p>
      </section>
    `;
  }
  return markup`
    <section id="${id}-bill">
    <h3>What the writes cost</h3>
    <p>Each write counted in the recording, times the modelled cycles of its way. With length 0, a store to an
    ioeventfd takes the fast way.</p>
    ${
    figure(builder, {
      title: "Modelled cycles of all writes, by the way they go",
      data: {
        kind: "bars",
        labels: ["as recorded", "all length 0"],
        series: writePaths.map((path) => ({
          name: pathNames[path],
          colour: pathColours[path],
          values: worlds.map(({ byPath }) => byPath[path] * costs[path].cycles),
        })),
        unit: "cycles",
      },
      table: table({
        caption: "Writes and modelled cycles by their way",
        columns: [
          { title: "Way" },
          { title: "Cycles each", isNumeric: true },
          { title: "Writes, as recorded", isNumeric: true },
          { title: "Cycles, as recorded", isNumeric: true },
          { title: "Writes, all length 0", isNumeric: true },
          { title: "Cycles, all length 0", isNumeric: true },
        ],
        rows: [
          ...writePaths.map((path) => ({
            cells: [
              pathNames[path],
              grouped(costs[path].cycles),
              ...worlds.flatMap(({ byPath }) => [
                grouped(byPath[path]),
                grouped(byPath[path] * costs[path].cycles),
              ]),
            ],
          })),
          {
            cells: [
              "All",
              "",
              ...worlds.flatMap(({ byPath }, i) => [
                grouped(writePaths.reduce((sum, path) => sum + byPath[path], 0)),
                grouped(totals[i]!),
              ]),
            ],
          },
        ],
      }),
    })
  }
    ${saving(totals[0]!, totals[1]!)}
    </section>
  `;
}

function saving(before: number, after: number): Html {
  if (before === after) {
    return markup`<p class="note">Length 0 changes nothing here: ${
      cycles(before)
    } cycles either way.</p>`;
  }
  const [word, sign] = before > after ? ["saves", "−"] : ["costs", "+"];
  return markup`<p class="note">Length 0 ${word} ${cycles(Math.abs(before - after))} of ${
    cycles(before)
  } cycles (${sign}${share(Math.abs(before - after), before)}).</p>`;
}

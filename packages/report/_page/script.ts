/**
 * The script of the page: the functions it is made of, as text.
 *
 * @module
 */
import { addUp, timelineRows, unpackCounts } from "../_client/chart_data.ts";
import { colours } from "../_client/colours.ts";
import { drawBars } from "../_client/draw_bars.ts";
import { drawLane } from "../_client/draw_lane.ts";
import { drawLines } from "../_client/draw_lines.ts";
import { setUpKicks } from "../_client/kick_steps.ts";
import { chartView, main } from "../_client/main.ts";
import { markMore, setUpScrolls } from "../_client/scrolls.ts";
import { filterTable, setUpTables, setUpWorlds, sortKey, sortTable } from "../_client/tables.ts";
import { setUpTheme } from "../_client/theme.ts";
import { timelineView } from "../_client/timeline_view.ts";
import { cycles, duration, grouped, significant } from "../_format.ts";
import { uPlotLicence, uPlotScript } from "./uplot.ts";

const parts = [
  ...[cycles, duration, grouped, significant, addUp, timelineRows, unpackCounts, colours],
  ...[drawBars, drawLane, drawLines, timelineView, chartView, setUpKicks, setUpTheme],
  ...[filterTable, setUpTables, setUpWorlds, sortKey, sortTable, markMore, setUpScrolls, main],
];

/** The script: uPlot with its licence, then ours. */
export function pageScript(): string {
  return [
    `/* uPlot:\n${uPlotLicence}\n*/`,
    uPlotScript,
    '(() => {\n"use strict";',
    ...parts.map(String),
    `${main.name}();\n})();`,
  ].join("\n");
}

/**
 * Lines over logarithmic scales.
 *
 * @module
 */
import { cycles, grouped } from "../_format.ts";
import type { LinesData } from "./chart_data.ts";
import type { Colours } from "./colours.ts";
import type { Plot, PlotLibrary } from "./uplot_types.ts";

declare const uPlot: PlotLibrary;

/**
 * Draws lines.
 *
 * @param data Values by x
 * @param target Where
 * @param colours Of the page
 * @returns The plot
 */
export function drawLines(data: LinesData, target: HTMLElement, colours: Colours): Plot {
  const isPower = (value: number | null): value is number =>
    value !== null && Number.isInteger(Math.log10(value));
  const line = {
    stroke: colours.grid,
    width: 1,
    filter: (_: Plot, splits: (number | null)[]) =>
      splits.map((value) => isPower(value) ? value : null),
  };
  const axis = { stroke: colours.text, font: colours.font, grid: line, ticks: line };
  const most = data.x.at(-1) ?? 1;
  const all = data.series.flatMap(({ values }) =>
    values.filter((value) => value !== null && value > 0)
  );
  const low = 10 ** Math.floor(Math.log10(Math.min(...all as number[])));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...all as number[])));
  return new uPlot(
    {
      width: target.clientWidth,
      height: 260,
      padding: [12, 24, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, distr: 3, range: [data.x[0] ?? 1, most] },
        y: { distr: 3, range: [low, Math.max(high, low * 10)] },
      },
      axes: [
        {
          ...axis,
          size: 32,
          values: (_, splits) => splits.map((value) => isPower(value) ? grouped(value) : null),
        },
        {
          ...axis,
          size: 84,
          values: (_, splits) =>
            splits.map((value) => isPower(value) ? `${cycles(value)} ns` : null),
        },
      ],
      series: [
        {},
        ...data.series.map(({ name, colour }) => ({
          label: name,
          stroke: colours.series[colour]!,
          width: 2,
          paths: uPlot.paths.linear(),
          points: { show: true, size: 7, fill: colours.series[colour]! },
        })),
      ],
    },
    [data.x.slice(), ...data.series.map(({ values }) => values.slice())],
    target,
  );
}

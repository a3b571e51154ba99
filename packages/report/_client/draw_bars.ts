/**
 * Horizontal bars made of parts.
 *
 * @module
 */
import { cycles, significant } from "../_format.ts";
import type { BarsData } from "./chart_data.ts";
import type { Colours } from "./colours.ts";
import type { Plot, PlotLibrary } from "./uplot_types.ts";

declare const uPlot: PlotLibrary;

/**
 * Draws bars.
 *
 * @param data Labels and parts
 * @param target Where
 * @param colours Of the page
 * @returns The plot
 */
export function drawBars(data: BarsData, target: HTMLElement, colours: Colours): Plot {
  const { labels, series, unit } = data;
  const width = target.clientWidth;
  const letters = labels.reduce((most, label) => Math.max(most, label.length), 0);
  const room = Math.min(width * 0.5, 14 + letters * 7);
  const bars = labels.map((_, bar) => bar);
  const endOf = (part: number, bar: number): number =>
    series.slice(0, part + 1).reduce((sum, { values }) => sum + (values[bar] ?? 0), 0);
  const totals = bars.map((bar) => endOf(series.length - 1, bar));
  // Whole bars first, and over each the same with a part less.
  const parts = series.map((_, part) => part).reverse();
  const shown = (value: number): string =>
    unit === "cycles" ? cycles(value) : `${significant(value)} ${unit}`;
  const figures = totals.reduce((most, total) => Math.max(most, shown(total).length), 0);
  const line = { stroke: colours.grid, width: 1 };
  return new uPlot(
    {
      width,
      height: labels.length * 38 + 34,
      padding: [4, Math.max(36, 14 + figures * 7), 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, ori: 1, dir: -1, range: [-0.5, labels.length - 0.5] },
        y: { ori: 0, dir: 1, range: [0, Math.max(...totals, 1)] },
      },
      axes: [
        {
          side: 3,
          size: room,
          stroke: colours.text,
          font: colours.font,
          splits: () => bars,
          values: () => labels.slice(),
          grid: { show: false },
          ticks: { show: false },
        },
        {
          side: 2,
          size: 30,
          space: 70,
          stroke: colours.text,
          font: colours.font,
          values: (_, splits) => splits.map((value) => value === null ? null : shown(value)),
          grid: line,
          ticks: line,
        },
      ],
      series: [
        {},
        ...parts.map((part) => ({
          fill: colours.series[series[part]!.colour]!,
          width: 0,
          paths: uPlot.paths.bars({ size: [0.62, 26] }),
          points: { show: false },
        })),
      ],
      hooks: {
        draw: [(plot): void => {
          const { ctx } = plot;
          const ratio = devicePixelRatio;
          ctx.save();
          ctx.font = colours.font.replace("12px", `${12 * ratio}px`);
          ctx.textAlign = "left";
          ctx.textBaseline = "middle";
          bars.forEach((bar) => {
            const right = plot.valToPos(totals[bar]!, "y", true);
            const middle = plot.valToPos(bar, "x", true);
            const text = shown(totals[bar]!);
            // Lines of the grid do not cross the figure.
            ctx.fillStyle = colours.ground;
            ctx.fillRect(
              right + 3 * ratio,
              middle - 8 * ratio,
              ctx.measureText(text).width + 6 * ratio,
              16 * ratio,
            );
            ctx.fillStyle = colours.text;
            ctx.fillText(text, right + 6 * ratio, middle);
          });
          ctx.restore();
        }],
      },
    },
    [bars, ...parts.map((part) => bars.map((bar) => endOf(part, bar)))],
    target,
  );
}

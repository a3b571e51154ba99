/**
 * What the page does when it is loaded.
 *
 * @module
 */
import type { ChartData } from "./chart_data.ts";
import { colours } from "./colours.ts";
import { drawBars } from "./draw_bars.ts";
import { drawLines } from "./draw_lines.ts";
import { setUpKicks } from "./kick_steps.ts";
import { setUpScrolls } from "./scrolls.ts";
import { setUpTables, setUpWorlds } from "./tables.ts";
import { setUpTheme } from "./theme.ts";
import { type Drawing, timelineView } from "./timeline_view.ts";
import type { Plot } from "./uplot_types.ts";

/** Brings a chart to life. */
export function chartView(data: ChartData, figure: HTMLElement): Drawing {
  if (data.kind === "timeline") return timelineView(data, figure);
  const target = figure.querySelector<HTMLElement>(".plot")!;
  let plot: Plot | undefined;
  return {
    draw(): void {
      plot?.destroy();
      plot = data.kind === "bars"
        ? drawBars(data, target, colours())
        : drawLines(data, target, colours());
    },
  };
}

/** Starts the page. */
export function main(): void {
  document.documentElement.classList.add("lively");
  const charts: ChartData[] = JSON.parse(document.getElementById("data")!.textContent!);
  const drawings = new Map<Element, Drawing>();
  const widths = new Map<Element, number>();
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const width = target.clientWidth;
      if (width === 0 || widths.get(target) === width) continue;
      widths.set(target, width);
      drawings.get(target)!.draw();
    }
  });
  for (const figure of document.querySelectorAll<HTMLElement>("[data-chart]")) {
    drawings.set(figure, chartView(charts[Number(figure.dataset.chart)]!, figure));
    observer.observe(figure);
  }
  setUpTheme(() => {
    for (const [figure, drawing] of drawings) if (figure.clientWidth > 0) drawing.draw();
  });
  setUpTables();
  setUpWorlds();
  setUpKicks();
  setUpScrolls();
}

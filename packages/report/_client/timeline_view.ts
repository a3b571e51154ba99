/**
 * The timeline: plots of the vCPUs over one stretch of time, and the buttons that choose it.
 *
 * @module
 */
import { duration, grouped } from "../_format.ts";
import { addUp, type TimelineData, timelineRows, unpackCounts } from "./chart_data.ts";
import { colours } from "./colours.ts";
import { drawLane, type LaneView } from "./draw_lane.ts";
import type { Plot } from "./uplot_types.ts";

/** A part of the page that draws anew when its width or the colours change. */
export interface Drawing {
  /** Draws. */
  draw(): void;
}

/**
 * Brings a timeline to life.
 *
 * @param data What the page carries
 * @param figure Its element
 */
export function timelineView(data: TimelineData, figure: HTMLElement): Drawing {
  const lanes = data.lanes.map(({ name, counts }) => ({ name, counts: counts.map(unpackCounts) }));
  const targets = [...figure.querySelectorAll<HTMLElement>(".plot")];
  const find = <T extends HTMLElement>(selector: string): T => figure.querySelector<T>(selector)!;
  const shown = [true, true, true, true];
  let [from, to] = [0, data.steps];
  let plots: Plot[] = [];

  const draw = (): void => {
    for (const plot of plots) plot.destroy();
    const width = Math.max(1, Math.ceil((to - from) / Math.max(60, targets[0]!.clientWidth / 4)));
    const sums = lanes.map(({ counts }) =>
      counts.map((kind, i) => shown[i] ? addUp(kind, from, to, width) : [])
    );
    const heights = sums.flatMap(([port, memory, other, writes]) => [
      ...Array.from(
        { length: Math.ceil((to - from) / width) },
        (_, i) => (port![i] ?? 0) + (memory![i] ?? 0) + (other![i] ?? 0),
      ),
      ...writes!,
    ]);
    const view: LaneView = {
      fromNs: from * data.stepNs,
      toNs: to * data.stepNs,
      stepNs: width * data.stepNs,
      most: heights.reduce((most, height) => Math.max(most, height), 1),
      colours: colours(),
      onSelect: (start, end) => show(Math.floor(start / data.stepNs), Math.ceil(end / data.stepNs)),
      onReset: () => show(0, data.steps),
      onPoint: (text) => find(".hover").textContent = text,
    };
    plots = sums.map((counts, i) => drawLane(counts, view, targets[i]!, i === lanes.length - 1));
    find(".view").textContent = `${duration(view.fromNs)} to ${duration(view.toNs)}, ${
      duration(view.stepNs)
    } a column, at most ${grouped(view.most)} in one`;
    fill();
  };

  const fill = (): void => {
    const rows = timelineRows(data, from, to).map(([start, end, lane, counts]) => {
      const row = document.createElement("tr");
      const cells = [`${duration(start)} – ${duration(end)}`, lane, ...counts.map(grouped)];
      cells.forEach((text, i) => {
        const cell = document.createElement(i === 0 ? "th" : "td");
        if (i === 0) cell.setAttribute("scope", "row");
        if (i > 1) cell.className = "n";
        cell.textContent = text;
        row.append(cell);
      });
      return row;
    });
    find(".behind tbody").replaceChildren(...rows);
  };

  const show = (start: number, end: number): void => {
    const span = Math.min(data.steps, Math.max(8, Math.round(end - start)));
    from = Math.round(Math.min(Math.max(0, start), data.steps - span));
    to = from + span;
    draw();
  };

  const moves: Record<string, () => void> = {
    in: () => show(from + (to - from) / 4, to - (to - from) / 4),
    out: () => show(from - (to - from) / 2, to + (to - from) / 2),
    earlier: () => show(from - (to - from) / 2, to - (to - from) / 2),
    later: () => show(from + (to - from) / 2, to + (to - from) / 2),
    all: () => show(0, data.steps),
  };
  for (const button of figure.querySelectorAll<HTMLElement>("[data-move]")) {
    button.addEventListener("click", moves[button.dataset.move!]!);
  }
  for (const box of figure.querySelectorAll<HTMLInputElement>("[data-kind]")) {
    box.addEventListener("change", () => {
      shown[Number(box.dataset.kind)] = box.checked;
      draw();
    });
  }
  return { draw };
}

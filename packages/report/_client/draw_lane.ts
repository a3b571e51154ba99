/**
 * One vCPU of a timeline.
 *
 * @module
 */
import { duration, grouped } from "../_format.ts";
import type { Colours } from "./colours.ts";
import type { Plot, PlotLibrary } from "./uplot_types.ts";

declare const uPlot: PlotLibrary;

/** What all vCPUs of a timeline share. */
export interface LaneView {
  /** Time at the left edge. */
  readonly fromNs: number;
  /** Time at the right edge. */
  readonly toNs: number;
  /** Of a column. */
  readonly stepNs: number;
  /** The highest column of all. */
  readonly most: number;
  /** Of the page. */
  readonly colours: Colours;
  /** A stretch was marked. */
  readonly onSelect: (fromNs: number, toNs: number) => void;
  /** All is to be seen again. */
  readonly onReset: () => void;
  /** The pointer is over something, or over nothing. */
  readonly onPoint: (text: string) => void;
}

/**
 * Draws columns of exits and a line of writes.
 *
 * @param counts Exits for port I/O, for MMIO, for other reasons, and writes; empty where not shown
 * @param view What all share
 * @param target Where
 * @param isLast Whether the time is written below it
 */
export function drawLane(
  counts: readonly (readonly number[])[],
  view: LaneView,
  target: HTMLElement,
  isLast: boolean,
): Plot {
  const { fromNs, toNs, stepNs, most, colours, onSelect, onReset, onPoint } = view;
  const columns = Math.ceil((toNs - fromNs) / stepNs);
  const [port = [], memory = [], other = [], writes = []] = counts;
  const x = Array.from({ length: columns }, (_, i) => fromNs + i * stepNs);
  const at = (list: readonly number[], i: number): number => list[i] ?? 0;
  const ports = x.map((_, i) => at(port, i));
  const both = x.map((_, i) => at(port, i) + at(memory, i));
  const all = x.map((_, i) => at(port, i) + at(memory, i) + at(other, i));
  const line = { stroke: colours.grid, width: 1 };
  const axis = { stroke: colours.text, font: colours.font, grid: line, ticks: line };
  const column = (colour: number) => ({
    fill: colours.series[colour]!,
    width: 0,
    paths: uPlot.paths.bars({ align: 1, size: [0.9] }),
    points: { show: false },
  });
  const tell = (plot: Plot): void => {
    const i = plot.cursor.idx;
    onPoint(
      i === null || i === undefined || x[i] === undefined
        ? ""
        : `${duration(x[i])} to ${duration(x[i] + stepNs)}: exits ${
          grouped(at(port, i))
        } port I/O, ${grouped(at(memory, i))} MMIO, ${grouped(at(other, i))} other; ${
          grouped(at(writes, i))
        } writes`,
    );
  };
  return new uPlot(
    {
      width: target.clientWidth,
      height: isLast ? 136 : 104,
      padding: [8, 12, isLast ? 0 : 8, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => onReset },
      },
      scales: { x: { time: false, range: [fromNs, toNs] }, y: { range: [0, most * 1.05] } },
      axes: [
        {
          ...axis,
          size: isLast ? 30 : 0,
          space: 80,
          ticks: isLast ? line : { show: false },
          values: (_, splits) => splits.map((ns) => ns === null || !isLast ? null : duration(ns)),
        },
        {
          ...axis,
          size: 48,
          space: 30,
          values: (_, splits) =>
            splits.map((n) => n === null || !Number.isInteger(n) ? null : grouped(n)),
        },
      ],
      series: [
        {},
        column(2),
        column(1),
        column(0),
        {
          stroke: colours.series[3]!,
          width: 1.5,
          show: writes.length > 0,
          paths: uPlot.paths.stepped({ align: 1 }),
          points: { show: false },
        },
      ],
      hooks: {
        setCursor: [tell],
        setSelect: [(plot): void => {
          const { left, width } = plot.select;
          if (width < 4) return;
          const [start, end] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
          // uPlot is still busy with the mouse.
          setTimeout(() => onSelect(start, end), 0);
        }],
      },
    },
    [x, all, both, ports, x.map((_, i) => at(writes, i))],
    target,
  );
}

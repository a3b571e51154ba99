/**
 * The picture of a run: what a write on a bus costs by the number of registrations, as SVG.
 *
 * @module
 */
import * as Plot from "npm:@observablehq/plot@0.6.17";
import { DOMParser } from "npm:linkedom@0.18.15";
import type { BenchResult, DispatchResult } from "./result.ts";

/** On paper or on a screen at night. */
export type Theme = "light" | "dark";

interface Series {
  readonly label: string;
  /** Which of the theme's colours it has. */
  readonly color: "model" | "api" | "c" | "v86";
  /** Nanoseconds; none where it was not measured. */
  readonly of: (at: DispatchResult) => number | null | undefined;
}

const series: readonly Series[] = [
  { label: "bus in C, as Linux has it", color: "c", of: (at) => at.nativeNs },
  { label: "model, bigint addresses", color: "api", of: (at) => at.apiNs },
  { label: "model", color: "model", of: (at) => at.modelNs },
  { label: "v86 port dispatch", color: "v86", of: (at) => at.v86Ns },
];

const themes = {
  light: {
    paper: "#ffffff",
    ink: "#1f2328",
    faint: "#59636e",
    grid: "#d1d9e0",
    model: "#0b62c4",
    api: "#5c93d6",
    c: "#c2410c",
    v86: "#6b7280",
  },
  dark: {
    paper: "#0d1117",
    ink: "#f0f6fc",
    faint: "#9198a1",
    grid: "#3d444d",
    model: "#58a6ff",
    api: "#8ab8ee",
    c: "#ff9157",
    v86: "#a3adb8",
  },
} as const;

const width = 860, height = 490;
const top = 84, bottom = 90, left = 62, right = 190;
/** Least distance of two labels, in pixels. */
const labelGap = 16;

/**
 * Draws a run.
 *
 * @param result What was measured
 * @param theme Colours
 * @returns A whole SVG file
 */
export function renderPicture({ machine, date, axes }: BenchResult, theme: Theme): string {
  const color = themes[theme];
  const points = series.flatMap((one) =>
    Object.entries(axes.dispatch).flatMap(([n, at]) => {
      const ns = one.of(at);
      return ns === null || ns === undefined
        ? []
        : [{ n: Number(n), ns, label: one.label, fill: color[one.color] }];
    })
  );
  const values = points.map(({ ns }) => ns);
  const domain = [Math.min(...values) * 0.8, Math.max(...values) * 1.15] as const;
  const document = new DOMParser().parseFromString("<html><body></body></html>", "text/html");
  const plot = Plot.plot({
    document: document as unknown as NonNullable<Plot.PlotOptions["document"]>,
    width,
    height,
    marginTop: top,
    marginBottom: bottom,
    marginLeft: left,
    marginRight: right,
    style: {
      color: color.faint,
      background: color.paper,
      fontFamily: "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif",
      fontSize: "13px",
    },
    x: { type: "log", domain: [1, 100_000], label: null },
    y: { type: "log", domain, label: null },
    marks: [
      Plot.gridY({ ticks: ticksWithin(domain), stroke: color.grid, strokeOpacity: 1 }),
      Plot.axisY({
        ticks: ticksWithin(domain),
        tickFormat: (ns: number) => `${ns} ns`,
        tickSize: 0,
        fill: color.faint,
        label: null,
      }),
      Plot.axisX({ ticks: [] }),
      Plot.text(Object.keys(axes.dispatch).map(Number), {
        x: (n: number) => n,
        text: (n: number) => n.toLocaleString("en"),
        frameAnchor: "bottom",
        dy: 20,
        fill: color.faint,
      }),
      Plot.lineY(points, {
        x: "n",
        y: "ns",
        z: "label",
        stroke: "fill",
        strokeWidth: (point: typeof points[number]) => point.label === "model" ? 3 : 2,
      } as Plot.LineYOptions),
      Plot.dot(points, { x: "n", y: "ns", fill: "fill", r: 3.5 }),
      ...endLabels(points, domain),
    ],
  });
  const svg = plot as unknown as {
    outerHTML: string;
    setAttribute(name: string, value: string): void;
  };
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", "Nanoseconds of a write on a bus by the number of registrations");
  const day = date.slice(0, 10);
  const where = `${machine.cpu}, ${machine.cpus} CPUs, ${machine.os}`;
  const lines: readonly Line[] = [
    [left - 46, 30, 18, 600, color.ink, "A guest's write, from address to eventfd"],
    [
      left - 46,
      53,
      13,
      400,
      color.faint,
      "random addresses, dispatch + match + signal, log scales",
    ],
    [left, height - 46, 13, 400, color.faint, "registrations on the bus"],
    [left - 46, height - 26, 11.5, 400, color.faint, `${day}: ${where}`],
    [
      left - 46,
      height - 10,
      11.5,
      400,
      color.faint,
      `Deno ${machine.deno}; ${machine.native}; medians of ${machine.rounds} rounds`,
    ],
  ];
  return `${svg.outerHTML.replace(/<\/svg>$/, "")}${lines.map(text).join("")}</svg>\n`;
}

type Line = readonly [
  x: number,
  y: number,
  size: number,
  weight: number,
  fill: string,
  text: string,
];

function text([x, y, size, weight, fill, line]: Line): string {
  const style = `text-anchor="start" font-size="${size}" font-weight="${weight}" fill="${fill}"`;
  return `<text x="${x}" y="${y}" ${style}>${escape(line)}</text>`;
}

function escape(line: string): string {
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function ticksWithin([low, high]: readonly [number, number]): number[] {
  return [5, 10, 20, 50, 100, 200, 500, 1000, 2000].filter((ns) => ns >= low && ns <= high);
}

interface Point {
  readonly n: number;
  readonly ns: number;
  readonly label: string;
  readonly fill: string;
}

/**
 * A label at the end of each line, moved off the others where they end close together; above the line where it ends
 * before the others do.
 */
function endLabels(points: readonly Point[], domain: readonly [number, number]): Plot.Markish[] {
  const ends = [...new Map(points.map((point) => [point.label, point])).values()]
    .sort((a, b) => b.ns - a.ns);
  const most = Math.max(...ends.map(({ n }) => n));
  const pixel = (ns: number): number =>
    (height - top - bottom) * Math.log(domain[1] / ns) / Math.log(domain[1] / domain[0]);
  let last = -Infinity;
  return ends.map((end) => {
    const channels = { x: "n", y: "ns", text: "label", fill: "fill" } as const;
    if (end.n !== most) {
      return Plot.text([end], { ...channels, textAnchor: "end", dx: -22, dy: -5 });
    }
    const at = Math.max(pixel(end.ns), last + labelGap);
    last = at;
    return Plot.text([end], { ...channels, textAnchor: "start", dx: 10, dy: at - pixel(end.ns) });
  });
}

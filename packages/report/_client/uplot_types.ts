/**
 * The part of uPlot that the page uses.
 *
 * @module
 */

/** A scale: which way it lies and how far it goes. */
export interface PlotScale {
  /** Numbers, not dates. */
  time?: boolean;
  /** 0 lies, 1 stands. */
  ori?: 0 | 1;
  /** 1 rises to the right or to the top, -1 the other way. */
  dir?: 1 | -1;
  /** 3 is logarithmic. */
  distr?: 1 | 3;
  /** From and to. */
  range?: [number, number];
}

/** Lines or marks of an axis. */
export interface PlotMarks {
  /** Whether they are drawn. */
  show?: boolean;
  /** Their colour. */
  stroke?: string;
  /** Their width. */
  width?: number;
  /** Where they are: null is nowhere. */
  filter?: (plot: Plot, splits: (number | null)[]) => (number | null)[];
}

/** An axis. */
export interface PlotAxis {
  /** Whether it is drawn. */
  show?: boolean;
  /** Scale, where it is not the usual one. */
  scale?: string;
  /** 0 top, 1 right, 2 bottom, 3 left. */
  side?: 0 | 1 | 2 | 3;
  /** Colour of its text. */
  stroke?: string;
  /** Its text. */
  font?: string;
  /** Pixels across. */
  size?: number;
  /** Pixels between ticks, at least. */
  space?: number;
  /** Lines across the plot. */
  grid?: PlotMarks;
  /** Marks. */
  ticks?: PlotMarks;
  /** Where marks are. */
  splits?: (plot: Plot) => number[];
  /** What stands at them. */
  values?: (
    plot: Plot,
    splits: (number | null)[],
    axis: number,
    space: number,
    step: number,
  ) => (string | null)[];
}

/** What is drawn of a series. */
export interface PlotSeries {
  /** What it is. */
  label?: string;
  /** Whether it is drawn. */
  show?: boolean;
  /** Scale, where it is not the usual one. */
  scale?: string;
  /** Colour of its line. */
  stroke?: string;
  /** Colour of its area. */
  fill?: string;
  /** Of its line. */
  width?: number;
  /** Of its line. */
  dash?: number[];
  /** How it is drawn. */
  paths?: unknown;
  /** Marks. */
  points?: { show?: boolean; size?: number; fill?: string };
}

/** How to plot. */
export interface PlotOptions {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  /** Top, right, bottom, left; null is by the axes. */
  padding?: [number | null, number | null, number | null, number | null];
  /** By name. */
  scales: Record<string, PlotScale>;
  /** Of x first. */
  axes: PlotAxis[];
  /** Of x first. */
  series: PlotSeries[];
  /** Its own list of values. */
  legend: { show: boolean };
  /** What follows the pointer. */
  cursor: Record<string, unknown>;
  /** Called when something happens. */
  hooks?: Record<string, ((plot: Plot) => void)[]>;
}

/** A plot on the page. */
export interface Plot {
  /** Its element. */
  readonly root: HTMLElement;
  /** Where it draws. */
  readonly ctx: CanvasRenderingContext2D;
  /** The drawing area in pixels of the canvas. */
  readonly bbox: { left: number; top: number; width: number; height: number };
  /** What is marked, in pixels of the page. */
  readonly select: { left: number; width: number };
  /** Where the pointer is. */
  readonly cursor: { idx: number | null | undefined };
  /** Position of a value. */
  valToPos(value: number, scale: string, canvasPixels?: boolean): number;
  /** Value of a position. */
  posToVal(position: number, scale: string): number;
  /** Marks something. */
  setSelect(
    area: { left: number; top: number; width: number; height: number },
    fire?: boolean,
  ): void;
  /** Takes it off the page. */
  destroy(): void;
}

/** uPlot itself. */
export interface PlotLibrary {
  new (options: PlotOptions, data: (number | null)[][], target: HTMLElement): Plot;
  /** Ways to draw. */
  readonly paths: {
    bars(options: { align?: 0 | 1 | -1; size?: [number, number?, number?] }): unknown;
    stepped(options: { align: 1 | -1 }): unknown;
    linear(): unknown;
  };
}

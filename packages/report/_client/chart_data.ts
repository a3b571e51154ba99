/**
 * What the page carries for its charts, and the little arithmetic that page and program share. Every function of this
 * folder goes into the page by its text, so it may use no value of its module but such functions.
 *
 * @module
 */

/** A part of a bar, or a line. */
export interface ChartSeries {
  /** What it is. */
  readonly name: string;
  /** Place in the palette. */
  readonly colour: number;
  /** One value a label or x; null where there is none. */
  readonly values: readonly (number | null)[];
}

/** Horizontal bars made of parts. */
export interface BarsData {
  /** Which chart it is. */
  readonly kind: "bars";
  /** One a bar. */
  readonly labels: readonly string[];
  /** From left to right. */
  readonly series: readonly ChartSeries[];
  /** Behind numbers: `cycles`. */
  readonly unit: string;
}

/** Lines over a logarithmic scale. */
export interface LinesData {
  /** Which chart it is. */
  readonly kind: "lines";
  /** Rising. */
  readonly x: readonly number[];
  /** What x is. */
  readonly xName: string;
  /** One value an x each. */
  readonly series: readonly ChartSeries[];
  /** Of the values: `ns`. */
  readonly unit: string;
}

/** Counts of one vCPU by step: exits for port I/O, for MMIO, for other reasons, and writes. */
export interface LaneData {
  /** vCPU. */
  readonly name: string;
  /** Packed by {@linkcode packCounts}, one list a kind. */
  readonly counts: readonly (readonly number[])[];
}

/** Exits over time. */
export interface TimelineData {
  /** Which chart it is. */
  readonly kind: "timeline";
  /** Nanoseconds of a step. */
  readonly stepNs: number;
  /** Steps. */
  readonly steps: number;
  /** vCPUs. */
  readonly lanes: readonly LaneData[];
}

/** Any chart. */
export type ChartData = BarsData | LinesData | TimelineData;

/**
 * Makes counts shorter: a run of n zeros is -n.
 *
 * @param counts Whole numbers from 0 on
 */
export function packCounts(counts: readonly number[]): number[] {
  const packed: number[] = [];
  for (const count of counts) {
    const last = packed.length - 1;
    if (count !== 0) packed.push(count);
    else if (last >= 0 && packed[last]! < 0) packed[last] = packed[last]! - 1;
    else packed.push(-1);
  }
  return packed;
}

/**
 * What {@linkcode packCounts} was given.
 *
 * @param packed Counts, with a run of n zeros as -n
 */
export function unpackCounts(packed: readonly number[]): number[] {
  const counts: number[] = [];
  for (const item of packed) {
    if (item >= 0) counts.push(item);
    else for (let zero = 0; zero > item; zero--) counts.push(0);
  }
  return counts;
}

/**
 * Adds up neighbours.
 *
 * @param counts One a step
 * @param from First step
 * @param to Behind the last one
 * @param width Steps that become one
 */
export function addUp(
  counts: readonly number[],
  from: number,
  to: number,
  width: number,
): number[] {
  const sums: number[] = [];
  for (let start = from; start < to; start += width) {
    let sum = 0;
    for (let step = start; step < Math.min(start + width, to); step++) sum += counts[step] ?? 0;
    sums.push(sum);
  }
  return sums;
}

/**
 * The rows of a timeline's table: a span of time and a vCPU each, quiet ones left out.
 *
 * @param data The timeline
 * @param from First step
 * @param to Behind the last one
 * @returns From, to (nanoseconds), vCPU, then the counts
 */
export function timelineRows(
  data: TimelineData,
  from: number,
  to: number,
): [fromNs: number, toNs: number, lane: string, counts: number[]][] {
  const spans = 12;
  const width = Math.max(1, Math.ceil((to - from) / spans));
  const lanes = data.lanes.map(({ name, counts }) => ({
    name,
    sums: counts.map((packed) => addUp(unpackCounts(packed), from, to, width)),
  }));
  const rows: [number, number, string, number[]][] = [];
  for (let span = 0, start = from; start < to; span++, start += width) {
    for (const { name, sums } of lanes) {
      const counts = sums.map((sum) => sum[span] ?? 0);
      if (counts.every((count) => count === 0)) continue;
      rows.push([start * data.stepNs, Math.min(start + width, to) * data.stepNs, name, counts]);
    }
  }
  return rows;
}

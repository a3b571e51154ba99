/**
 * Exits over time, in as many steps whatever the length of the recording.
 *
 * @module
 */
import { column, type EventBatch, eventKind, EventQueue } from "@ioeventfd/capture";
import { KVM_EXIT_IO, KVM_EXIT_MMIO } from "@ioeventfd/uapi";

/** Steps of a timeline at most; at least half of them are in use once there is a millisecond. */
export const timelineSteps = 2048;
/** vCPUs with a timeline of their own; the others share one. */
export const timelineLanes = 8;

/** What is counted in each step. */
export const timelineSeries = ["exitsPort", "exitsMemory", "exitsOther", "writes"] as const;

/** One of {@linkcode timelineSeries}. */
export type TimelineSeries = typeof timelineSeries[number];

/** Counts of one vCPU by step. */
export interface TimelineLane {
  /** Index of the thread in the recording's table; -1 for all others together. */
  readonly thread: number;
  /** How many threads these are. */
  readonly threads: number;
  /** Exits to userspace for port I/O and for MMIO, other exits to userspace, and guest writes. */
  readonly counts: Readonly<Record<TimelineSeries, readonly number[]>>;
}

/** Counts of all vCPUs by step. */
export interface TimelineReport {
  /** Nanoseconds from the first event to the first step, 0, and from step to step. */
  readonly stepNs: number;
  /** Steps in use. */
  readonly steps: number;
  /** The busiest vCPUs, most exits first, then the others together. */
  readonly lanes: readonly TimelineLane[];
}

const width = timelineSeries.length;
const firstStepNs = 500;
/** Threads that are told apart while counting: beyond them is no machine, only a damaged file. */
const mostThreads = 256;

/**
 * Adds up what happened, step by step. Where a recording goes on for longer than the steps last, two become one.
 *
 * @example
 * ```ts
 * import { TraceParser } from "@ioeventfd/capture";
 * import { Timeline } from "@ioeventfd/report";
 *
 * const timeline = new Timeline();
 * const parser = new TraceParser((batch) => timeline.push(batch));
 * parser.push(new TextEncoder().encode("1000 7/7 vmm kvm_userspace_exit: reason 2 errno 0\n"));
 * parser.end();
 * if (timeline.finish().lanes[0]?.counts.exitsPort[0] !== 1) throw new Error("one exit");
 * ```
 */
export class Timeline {
  readonly #queue = new EventQueue((words, row, time) => this.#event(words, row, time));
  readonly #lanes = new Map<number, Float64Array>();
  #origin = NaN;
  #stepNs = firstStepNs;
  #last = 0;

  /**
   * Takes events.
   *
   * @param batch Events as the file has them; not kept
   */
  push(batch: EventBatch): void {
    this.#queue.push(batch);
  }

  /** The recording is over. Call it once. */
  finish(): TimelineReport {
    this.#queue.end();
    const steps = Number.isNaN(this.#origin) ? 0 : this.#last + 1;
    const lanes = [...this.#lanes]
      .map(([thread, counts]) => ({ thread, counts, exits: exitsOf(counts) }))
      .sort((a, b) => b.exits - a.exits || a.thread - b.thread);
    const own = lanes.slice(0, lanes.length <= timelineLanes + 1 ? lanes.length : timelineLanes);
    const others = lanes.slice(own.length);
    const shared = new Float64Array(timelineSteps * width);
    for (const { counts } of others) counts.forEach((count, i) => shared[i] = shared[i]! + count);
    return {
      stepNs: this.#stepNs,
      steps,
      lanes: [
        ...own.map(({ thread, counts }) => lane(thread, 1, counts, steps)),
        ...(others.length === 0 ? [] : [lane(-1, others.length, shared, steps)]),
      ],
    };
  }

  #event(words: Int32Array, row: number, time: number): void {
    if (Number.isNaN(this.#origin)) this.#origin = time;
    this.#reach(time);
    const step = Math.floor((time - this.#origin) / this.#stepNs);
    if (step > this.#last) this.#last = step;
    const series = seriesOf(words, row);
    if (series < 0) return;
    const thread = words[row + column.thread]!;
    const counts = this.#lane(thread < mostThreads ? thread : mostThreads);
    const at = step * width + series;
    counts[at] = counts[at]! + 1;
  }

  #lane(thread: number): Float64Array {
    let counts = this.#lanes.get(thread);
    if (counts === undefined) {
      counts = new Float64Array(timelineSteps * width);
      this.#lanes.set(thread, counts);
    }
    return counts;
  }

  /** Makes the steps long enough, and moves them where a later part of the file is of an earlier time. */
  #reach(time: number): void {
    const first = Math.min(this.#origin, time);
    const end = Math.max(this.#origin + (this.#last + 1) * this.#stepNs, time + 1);
    while (end - first > this.#stepNs * (timelineSteps - 1)) this.#halve();
    if (first === this.#origin) return;
    const by = Math.ceil((this.#origin - first) / this.#stepNs);
    for (const counts of this.#lanes.values()) {
      counts.copyWithin(by * width, 0, (timelineSteps - by) * width);
      counts.fill(0, 0, by * width);
    }
    this.#origin -= by * this.#stepNs;
    this.#last += by;
  }

  #halve(): void {
    for (const counts of this.#lanes.values()) {
      for (let step = 0; step < timelineSteps / 2; step++) {
        for (let i = 0; i < width; i++) {
          const from = step * 2 * width + i;
          counts[step * width + i] = counts[from]! + counts[from + width]!;
        }
      }
      counts.fill(0, timelineSteps / 2 * width);
    }
    this.#stepNs *= 2;
    this.#last >>= 1;
  }
}

function seriesOf(words: Int32Array, row: number): number {
  switch (words[row + column.kind]) {
    case eventKind.userspaceExit: {
      if (words[row + column.b] !== 0) return 2;
      const reason = words[row + column.a];
      return reason === KVM_EXIT_IO ? 0 : reason === KVM_EXIT_MMIO ? 1 : 2;
    }
    case eventKind.fastMmio:
      return 3;
    case eventKind.pio:
      return words[row + column.a] === 1 ? 3 : -1;
    case eventKind.mmio:
      return words[row + column.a] === 2 ? 3 : -1;
    default:
      return -1;
  }
}

function exitsOf(counts: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) if (i % width !== 3) sum += counts[i]!;
  return sum;
}

function lane(thread: number, threads: number, counts: Float64Array, steps: number): TimelineLane {
  const of = (series: number): number[] =>
    Array.from({ length: steps }, (_, step) => counts[step * width + series]!);
  return {
    thread,
    threads,
    counts: { exitsPort: of(0), exitsMemory: of(1), exitsOther: of(2), writes: of(3) },
  };
}

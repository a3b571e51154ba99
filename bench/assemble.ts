/**
 * From what the variants answered to the axes.
 *
 * @module
 */
import type { Axes, DispatchResult, ReplayResult, Spread } from "./result.ts";
import type { Answers } from "./run_rounds.ts";
import { figure, ratio } from "./statistics.ts";

/** Answers by size. */
type BySize<T> = Readonly<Record<string, T>>;

/**
 * The axes.
 *
 * @param answers Of every variant; those of the native peer may be missing
 * @param bytes Sizes of the recordings
 */
export function assemble(
  answers: Answers,
  bytes: { readonly bpftrace: number; readonly ftrace: number },
): Axes {
  const all = new Figures(answers);
  const kick = all.of<{ fastNs: number; slowNs: number; fastManyNs: number; slowManyNs: number }>(
    "model kick",
  )!;
  const slow = ratio(kick.map(({ slowNs }) => slowNs), kick.map(({ fastNs }) => fastNs));
  return {
    dispatch: all.bySize("model hit", (n) => dispatch(all, n)),
    datamatch: all.bySize("model datamatch", (n) => ({
      modelNs: all.median("model datamatch", nsAt(n))!,
      nativeNs: all.median("native datamatch", nsAt(n)),
      ...all.ratio("ratio", ["model datamatch", nsAt(n)], ["native datamatch", nsAt(n)]),
    })),
    assign: all.bySize("model assign", (n) => {
      const made = (by: BySize<Assigned>): number => by[n]!.assignNs;
      const gone = (by: BySize<Assigned>): number => by[n]!.deassignNs;
      return {
        modelNs: all.median("model assign", made)!,
        nativeNs: all.median("native assign", made),
        ...all.ratio("ratio", ["model assign", made], ["native assign", made]),
        deassignNs: all.median("model assign", gone)!,
        nativeDeassignNs: all.median("native assign", gone),
        ...all.ratio("deassignRatio", ["model assign", gone], ["native assign", gone]),
      };
    }),
    kick: {
      fastNs: rounded(figure(kick.map(({ fastNs }) => fastNs)).median),
      slowNs: rounded(figure(kick.map(({ slowNs }) => slowNs)).median),
      ratio: rounded(slow.median),
      ratioSpread: spread(slow.spread),
      floorNs: all.median("floor kick", (it: Timed) => it.ns)!,
      fastManyNs: rounded(figure(kick.map(({ fastManyNs }) => fastManyNs)).median),
      slowManyNs: rounded(figure(kick.map(({ slowManyNs }) => slowManyNs)).median),
    },
    eventfd: eventfd(all),
    replay: {
      ...replay(all, "", bytes.bpftrace),
      ftrace: replay(all, " ftrace", bytes.ftrace),
      floorMbPerS: all.median("floor scan", (it: { mbPerS: number }) => it.mbPerS)!,
    },
    conform: {
      casesPerS: Math.round(
        all.median("model conform", (it: { casesPerS: number }) => it.casesPerS)!,
      ),
    },
    coldStartMs: all.median("cold start", (ms: number) => ms)!,
    bytesPerRegistration: Math.round(
      all.median(
        "model memory",
        (it: { bytesPerRegistration: number }) => it.bytesPerRegistration,
      )!,
    ),
  };
}

interface Timed {
  readonly ns: number;
}

interface Assigned {
  readonly assignNs: number;
  readonly deassignNs: number;
}

interface Replayed {
  readonly mbPerS: number;
  readonly linesPerS: number;
  readonly peakMiB: number;
}

interface ModelEventfd {
  readonly localNs: number;
  readonly sharedNs: number;
  readonly localWordsNs: number;
  readonly sharedWordsNs: number;
}

function nsAt(n: string): (by: BySize<Timed>) => number {
  return (by) => by[n]!.ns;
}

function dispatch(all: Figures, n: string): DispatchResult {
  const ns = nsAt(n);
  const onV86 = all.of<BySize<Timed>>("v86 hit")?.[0]?.[n] !== undefined;
  return {
    modelNs: all.median("model hit", ns)!,
    nativeNs: all.median("native hit", ns),
    ...all.ratio("ratio", ["model hit", ns], ["native hit", ns]),
    ...(onV86
      ? {
        v86Ns: all.median("v86 hit", ns)!,
        ...all.ratio("v86Ratio", ["model hit", ns], ["v86 hit", ns]) as {
          v86Ratio: number;
          v86RatioSpread: Spread;
        },
      }
      : {}),
    floorNs: all.median("floor hit", ns)!,
    apiNs: all.median("api hit", ns)!,
    ...all.ratio("apiRatio", ["api hit", ns], ["native hit", ns]),
    missNs: all.median("model miss", ns)!,
    nativeMissNs: all.median("native miss", ns),
    ...all.ratio("missRatio", ["model miss", ns], ["native miss", ns]),
  };
}

function eventfd(all: Figures): Axes["eventfd"] {
  const ns = (it: Timed): number => it.ns;
  const local = (it: ModelEventfd): number => it.localNs;
  const shared = (it: ModelEventfd): number => it.sharedNs;
  return {
    localNs: all.median("model eventfd", local)!,
    sharedNs: all.median("model eventfd", shared)!,
    realCNs: all.median("native eventfd", ns),
    ...ratioOf(
      "roundTripRatio",
      all.of<Timed>("model round trip")?.map(ns),
      faster(all.of<Timed>("native round trip"), all.of<Timed>("native round trip looking")),
    ),
    ...all.ratio("localRatio", ["model eventfd", local], ["native eventfd", ns]),
    ...all.ratio("sharedRatio", ["model eventfd", shared], ["native eventfd", ns]),
    localWordsNs: all.median("model eventfd", (it: ModelEventfd) => it.localWordsNs)!,
    sharedWordsNs: all.median("model eventfd", (it: ModelEventfd) => it.sharedWordsNs)!,
    realFfiNs: all.median("ffi eventfd", (it: { ffiNs: number }) => it.ffiNs),
    roundTripNs: all.median("model round trip", ns)!,
    nativeRoundTripNs: all.median("native round trip", ns),
    nativeRoundTripLookingNs: all.median("native round trip looking", ns),
    asleepNs: all.median("model round trip asleep", ns)!,
    nativeAsleepNs: all.median("native round trip asleep", ns),
    asleepFloorNs: all.median("floor round trip asleep", ns)!,
    ...all.ratio("asleepRatio", ["model round trip asleep", ns], ["native round trip asleep", ns]),
    ...all.ratio("asleepToFloor", ["model round trip asleep", ns], ["floor round trip asleep", ns]),
    localFloorNs: all.median("floor eventfd", (it: ModelEventfd) => it.localNs)!,
    sharedFloorNs: all.median("floor eventfd", (it: ModelEventfd) => it.sharedNs)!,
  };
}

function replay(all: Figures, suffix: string, bytes: number): ReplayResult {
  const speed = (it: { mbPerS: number }): number => it.mbPerS;
  const cpuSpeed = (it: { cpuMbPerS: number }): number => it.cpuMbPerS;
  const [model, scanner] = [`model replay${suffix}`, `native scan${suffix}`];
  return {
    mbPerS: all.median(model, speed)!,
    scannerMbPerS: all.median(scanner, speed),
    peakMiB: all.median(model, (it: Replayed) => it.peakMiB)!,
    ...all.ratio("ratio", [model, speed], [scanner, speed]),
    cpuMbPerS: all.median(model, cpuSpeed)!,
    scannerCpuMbPerS: all.median(scanner, cpuSpeed),
    linesPerS: Math.round(all.median(model, (it: Replayed) => it.linesPerS)!),
    bytes,
  };
}

/** Figures of the answers by the variants' names. */
class Figures {
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  /** The answers of a variant, one a round, or undefined when it did not run. */
  of<T>(name: string): readonly T[] | undefined {
    const answers = this.#answers.get(name);
    return answers === undefined || answers.length === 0 ? undefined : answers as readonly T[];
  }

  /** An object by the sizes that a variant measured. */
  bySize<T>(name: string, make: (n: string) => T): Record<string, T> {
    const sizes = Object.keys(this.of<BySize<unknown>>(name)![0]!);
    return Object.fromEntries(sizes.map((n) => [n, make(n)]));
  }

  /** The median of something in the answers of a variant, or null when it did not run. */
  median<T>(name: string, pick: (answer: T) => number): number | null {
    const answers = this.of<T>(name);
    return answers === undefined ? null : rounded(figure(answers.map(pick)).median);
  }

  /** Median and spread of the ratios within each round, under a name; null when one of the two did not run. */
  ratio<K extends string, T, U>(
    key: K,
    [name, pick]: readonly [string, (answer: T) => number],
    [other, pickOther]: readonly [string, (answer: U) => number],
  ): Record<K, number | null> & Record<`${K}Spread`, Spread | null> {
    return ratioOf(key, this.of<T>(name)?.map(pick), this.of<U>(other)?.map(pickOther));
  }
}

function ratioOf<K extends string>(
  key: K,
  values: readonly number[] | undefined,
  others: readonly number[] | undefined,
): Record<K, number | null> & Record<`${K}Spread`, Spread | null> {
  const result = values === undefined || others === undefined ? null : ratio(values, others);
  return {
    [key]: result === null ? null : rounded(result.median),
    [`${key}Spread`]: result === null ? null : spread(result.spread),
  } as Record<K, number | null> & Record<`${K}Spread`, Spread | null>;
}

/** The faster of two in each round. */
function faster(
  one: readonly Timed[] | undefined,
  other: readonly Timed[] | undefined,
): number[] | undefined {
  return one?.map(({ ns }, round) => Math.min(ns, other![round]!.ns));
}

function spread([low, high]: Spread): Spread {
  return [rounded(low), rounded(high)];
}

/** Four digits: more than the measurement has. */
function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

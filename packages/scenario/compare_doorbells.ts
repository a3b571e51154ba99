/**
 * What a kick costs over each shape of doorbell.
 *
 * @module
 */
import { type KernelRelease, latestRelease, refusalOf } from "@ioeventfd/uapi";
import { modelledCycles, VmxBackend, type Work, workNames } from "@ioeventfd/vmx-sim";
import { accessPaths, accessWork } from "./counted_work.ts";
import { type DoorbellShape, doorbellShapes } from "./doorbell_shapes.ts";
import { guestLayout } from "./guest_mode.ts";
import { kickLoop } from "./_kick_loop.ts";
import { Stage } from "./stage.ts";
import type { StageCpu } from "./stage_cpu.ts";
import type { StageEventfd } from "./stage_eventfd.ts";

/** What to compare. */
export interface CompareOptions {
  /** Kernel release; the newest where absent. */
  readonly release?: KernelRelease;
  /** Kicks counted and measured; 20,000 where absent. */
  readonly iterations?: number;
  /** Milliseconds of some clock, to measure with; nothing is measured where absent. */
  readonly now?: () => number;
}

/** One shape, by the kick. */
export interface ComparisonRow {
  /** Name of the shape. */
  readonly name: string;
  /** Counted: signals of its eventfds. */
  readonly signals: number;
  /** Counted: exits to userspace. */
  readonly userspaceExits: number;
  /** Counted: KVM's work by kind. */
  readonly work: Work;
  /** Paths that the exits took. */
  readonly paths: readonly string[];
  /** Modelled by the cost table: cycles. */
  readonly cycles: number;
  /** Measured: nanoseconds of this host, a property of the simulator; null where nothing is measured. */
  readonly hostNs: number | null;
}

/** All shapes. */
export interface DoorbellComparison {
  /** Release. */
  readonly kernel: string;
  /** Kicks counted and measured of each. */
  readonly iterations: number;
  /** A kick after the first. */
  readonly rows: readonly ComparisonRow[];
  /** The first kick of a page, which installs what makes the others cheaper. */
  readonly firstTouch: readonly ComparisonRow[];
  /** What a reader of a row should know: refused registrations. */
  readonly notes: readonly { readonly row: string; readonly note: string }[];
}

const rounds = 5;

/**
 * Rings each shape of doorbell on the model: once for the first touch, then many times.
 *
 * @param options Release, iterations, a clock
 * @returns Counts by the kick, modelled cycles, measured nanoseconds
 * @throws {RangeError} when `iterations` is not a whole number from 1 to 100,000
 *
 * @example The fast path reads no page table and decodes nothing
 * ```ts
 * import { compareDoorbells } from "@ioeventfd/scenario";
 *
 * const { rows } = compareDoorbells({ iterations: 10 });
 * const fast = rows.find(({ name }) => name === "mmio-zero-length-eventfd")!;
 * const { fetchPageTableReads, dataPageTableReads, decoded } = fast.work;
 * if (fetchPageTableReads + dataPageTableReads + decoded !== 0) throw new Error("not fast");
 * ```
 */
export function compareDoorbells(options: CompareOptions = {}): DoorbellComparison {
  const { release = latestRelease, iterations = 20_000, now } = options;
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > 100_000) {
    throw new RangeError(`${iterations} iterations are not from 1 to 100,000`);
  }
  const counted = doorbellShapes.map((shape) => count(shape, release, iterations));
  const times = now === undefined
    ? undefined
    : measure(doorbellShapes.map((shape) => new Rig(shape, release, false)), iterations, now);
  return {
    kernel: release.name,
    iterations,
    rows: counted.map(({ row }, i) => ({ ...row, hostNs: times?.[i] ?? null })),
    firstTouch: counted.map(({ first }) => first),
    notes: counted.flatMap(({ row, refusals }) =>
      refusals.map((note) => ({ row: row.name, note }))
    ),
  };
}

function count(
  shape: DoorbellShape,
  release: KernelRelease,
  iterations: number,
): { row: ComparisonRow; first: ComparisonRow; refusals: string[] } {
  using rig = new Rig(shape, release, true);
  const first = rig.kick(1);
  return { row: rig.kick(iterations), first, refusals: rig.refusals };
}

/** A shape set up on a VM of its own. */
class Rig implements Disposable {
  readonly shape: DoorbellShape;
  /** What the release refused. */
  readonly refusals: string[] = [];
  readonly #stage: Stage;
  readonly #cpu: StageCpu;
  readonly #eventfds: StageEventfd[] = [];

  constructor(shape: DoorbellShape, release: KernelRelease, counting: boolean) {
    this.shape = shape;
    const rules = shape.change?.(release) ?? release;
    const backend = new VmxBackend({ release: rules, counting });
    this.#stage = new Stage(backend, { release: rules, maxInstructions: Infinity });
    const vm = this.#stage.vm();
    vm.ram(guestLayout.ramSize);
    shape.doorbells.forEach((doorbell, i) => {
      const eventfd = this.#stage.eventfd(`${shape.name} ${i}`);
      this.#eventfds.push(eventfd);
      const refusal = refusalOf(() => vm.assign(doorbell, eventfd));
      if (refusal !== null) {
        this.refusals.push(`${release.name} refuses it: ${refusal.message}`);
      }
    });
    this.#cpu = vm.cpu("prot64");
  }

  /** So many kicks, by the kick. */
  kick(kicks: number): ComparisonRow {
    const before = this.#signals();
    this.run(kicks);
    const counted = this.#cpu.work ?? {};
    const total = accessWork(counted);
    const work = Object.fromEntries(workNames.map((name) => [name, total[name] / kicks])) as Work;
    return {
      name: this.shape.name,
      signals: Number(this.#signals() - before) / kicks,
      userspaceExits: this.#cpu.exits.length / kicks,
      work,
      paths: accessPaths(counted),
      cycles: modelledCycles(work),
      hostNs: null,
    };
  }

  /** Runs a guest that kicks so many times. */
  run(kicks: number): void {
    this.#cpu.load(kickLoop(this.shape, kicks));
    this.#cpu.run();
    this.#cpu.expectEnd("hlt");
  }

  #signals(): bigint {
    return this.#eventfds.reduce((sum, eventfd) => sum + eventfd.count(), 0n);
  }

  [Symbol.dispose](): void {
    this.#stage[Symbol.dispose]();
  }
}

/** Nanoseconds by the kick: the median of rounds in which every shape has its turn, so that all meet the same host. */
function measure(rigs: readonly Rig[], iterations: number, now: () => number): number[] {
  const samples: number[][] = rigs.map(() => []);
  for (let round = -1; round < rounds; round++) {
    rigs.forEach((rig, i) => {
      const start = now();
      rig.run(iterations);
      if (round >= 0) samples[i]!.push(((now() - start) * 1e6) / iterations);
    });
  }
  for (const rig of rigs) rig[Symbol.dispose]();
  return samples.map((times) => times.sort((a, b) => a - b)[rounds >> 1]!);
}

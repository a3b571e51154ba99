/**
 * Doorbells rung by a small guest on this host's KVM, which reads the time-stamp counter around them.
 *
 * @module
 */
import { type DoorbellShape, doorbellShapes } from "@ioeventfd/scenario";
import { hasFastMmio } from "@ioeventfd/conform";
import type { LiveBackend, LiveSystem, LiveVm } from "@ioeventfd/kvm-live";
import { EFD_NONBLOCK } from "@ioeventfd/uapi";
import { assemble, type Assembler } from "@ioeventfd/vmx-sim";
import { type Spread, spreadOf } from "./_bench_spread.ts";

/** A doorbell, or the loop that rings it alone. */
export interface BenchRow {
  /** Name; kvm-unit-tests' where it has one. */
  readonly name: string;
  /** What it stands for. */
  readonly about: string;
  /** Who took the kicks: nobody's, since there are none; an eventfd in KVM; this program. */
  readonly takenBy: "none" | "eventfd" | "userspace";
  /** Kicks a round. */
  readonly kicks: number;
  /** Cycles of the guest's time-stamp counter by the kick. */
  readonly cycles: Spread;
  /** Nanoseconds by the kick, of the clock of this host. */
  readonly ns: Spread;
  /** Medians of the rounds without what the loop took in each: the access alone. */
  readonly net: { readonly cycles: number; readonly ns: number };
}

/** All of them. */
export interface LiveBench {
  /** Rounds done, each of which rings every doorbell. */
  readonly rounds: number;
  /** One for each doorbell. */
  readonly rows: readonly BenchRow[];
  /** Whether stores to zero-length doorbells get to the fast MMIO bus, told by what a string instruction does there. */
  readonly fastMmio: boolean | null;
  /** Cycles of the time-stamp counter in a microsecond. */
  readonly cyclesPerUs: number;
}

/** What to measure. A round of each should be shorter than a time slice, so that other load does not show. */
export interface BenchPlan {
  /** Rounds. */
  readonly rounds: number;
  /** Kicks of each doorbell a round; a tenth of them where each comes to this program. */
  readonly kicks: number;
  /** Milliseconds of a clock. */
  readonly now: () => number;
}

const toUserspace = 10;
const limitMs = 60_000;

/** The loop without anything in it, to be compared with. */
const emptyLoop: DoorbellShape = {
  name: "empty-loop",
  about: "the loop of the guest with no access in it",
  doorbells: [],
  bus: "mmio",
  addr: 0,
  value: 0,
};

/** Those that a kernel has as it is. */
const shapes = [emptyLoop, ...doorbellShapes.filter(({ change }) => change === undefined)];

/**
 * Measures, one round at each step.
 *
 * @param backend This host's KVM
 * @param plan How much
 * @returns What came out so far, after each round
 */
export function* benchLive(backend: LiveBackend, plan: BenchPlan): Generator<LiveBench, void> {
  const fastMmio = hasFastMmio(backend);
  using stack = new DisposableStack();
  const rigs = shapes.map((shape) => stack.use(new Rig(backend, shape, plan)));
  for (const rig of rigs) rig.round();
  for (const rig of rigs) rig.forget();
  for (let round = 1; round <= plan.rounds; round++) {
    for (let i = 0; i < rigs.length; i++) rigs[(i + round) % rigs.length]!.round();
    const rows = rigs.map((rig) => rig.row(rigs[0]!));
    const kicked = rows.find(({ takenBy }) => takenBy === "eventfd")!;
    const cyclesPerUs = (1000 * kicked.cycles.median) / kicked.ns.median;
    yield { rounds: round, rows, fastMmio, cyclesPerUs };
  }
}

/** One doorbell on a VM of its own. */
class Rig implements Disposable {
  readonly #shape: DoorbellShape;
  readonly #kicks: number;
  readonly #now: () => number;
  readonly #system: LiveSystem;
  readonly #vm: LiveVm;
  readonly #fds: number[] = [];
  readonly #code: Uint8Array;
  readonly #cycles: number[] = [];
  readonly #ns: number[] = [];

  constructor(backend: LiveBackend, shape: DoorbellShape, { kicks, now }: BenchPlan) {
    this.#shape = shape;
    this.#now = now;
    const isExit = shape !== emptyLoop && shape.doorbells.length === 0;
    this.#kicks = isExit ? Math.max(1, Math.round(kicks / toUserspace)) : kicks;
    this.#code = assemble({ mode: "prot64", origin: 0 }, (a) => program(a, shape));
    this.#system = backend.open();
    this.#vm = this.#system.createVm();
    for (const doorbell of shape.doorbells) {
      const fd = this.#system.eventfd(0, EFD_NONBLOCK);
      this.#fds.push(fd);
      this.#vm.assignIoeventfd({ ...doorbell, fd });
    }
  }

  /** Rings. */
  round(): void {
    const { bus, addr, value } = this.#shape, kicks = this.#kicks;
    const before = this.#signals();
    const start = this.#now();
    const { regs, exits } = this.#vm.guestRun({
      code: this.#code,
      regs: { rdi: BigInt(addr), r11: BigInt(addr), r10: BigInt(value), rcx: BigInt(kicks) },
      touches: bus === "mmio" ? [BigInt(addr)] : [],
      timeoutMs: limitMs,
    });
    const took = this.#now() - start;
    if (regs.rcx !== 0n) throw new Error(`${this.#shape.name}: the guest did not get to its end`);
    const signals = Number(this.#signals() - before);
    const wanted = this.#fds.length === 0 ? 0 : kicks;
    const expected = this.#shape === emptyLoop ? 0 : kicks - wanted;
    if (signals !== wanted || exits !== expected) {
      throw new Error(
        `${this.#shape.name}: ${signals} signals and ${exits} exits of ${kicks} kicks`,
      );
    }
    this.#cycles.push(Number(regs.r9 - regs.r8) / kicks);
    this.#ns.push((took * 1e6) / kicks);
  }

  /** Forgets what was measured to get warm. */
  forget(): void {
    this.#cycles.length = this.#ns.length = 0;
  }

  row(loop: Rig): BenchRow {
    const { name, about } = this.#shape;
    const isKick = this.#shape !== emptyLoop;
    return {
      name,
      about,
      takenBy: !isKick ? "none" : this.#fds.length > 0 ? "eventfd" : "userspace",
      kicks: this.#kicks,
      cycles: spreadOf(this.#cycles),
      ns: spreadOf(this.#ns),
      net: {
        cycles: medianAbove(this.#cycles, loop.#cycles),
        ns: medianAbove(this.#ns, loop.#ns),
      },
    };
  }

  #signals(): bigint {
    return this.#fds.reduce((sum, fd) => sum + this.#system.eventfdCount(fd), 0n);
  }

  [Symbol.dispose](): void {
    this.#system[Symbol.dispose]();
  }
}

/** Median of what is left of each sample without that of the same round. */
function medianAbove(samples: readonly number[], others: readonly number[]): number {
  return spreadOf(samples.map((sample, round) => sample - others[round]!)).median;
}

/** RDI or R11 where, R10 what, RCX how often; R8 and R9 the counter before and after. */
function program(a: Assembler, shape: DoorbellShape): void {
  timestamp(a);
  a.mov(a.r8, a.rax);
  a.mov(a.rdx, a.r11);
  a.mov(a.rax, a.r10);
  const again = a.label("again");
  if (shape === emptyLoop) {
    // The loop alone.
  } else if (shape.bus === "mmio") a.mov(a.byte(a.rdi), a.al);
  else a.out(a.dx, a.al);
  a.dec(a.ecx);
  a.jnz(again);
  timestamp(a);
  a.mov(a.r9, a.rax);
}

function timestamp(a: Assembler): void {
  a.rdtsc();
  a.shl(a.rdx, 32);
  a.or(a.rax, a.rdx);
}

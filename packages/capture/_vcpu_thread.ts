/**
 * The order of lines on one vCPU thread, and which exit belongs to which access.
 *
 * - OUT: its line, then its exit.
 * - IN: its exit, then its line, which is written when the data is there.
 * - A memory-mapped write: its line, or one for each page it touches, then an exit for each 8 bytes nobody took.
 * - A memory-mapped read: `unsatisfied-read`, its exits, then `read`; alone `read` when a device in the kernel answered.
 * - Anything else that follows shows that there was no exit.
 *
 * @module
 */
import * as uapi from "@ioeventfd/uapi";
import { Access } from "./_access.ts";
import * as claims from "./_claim.ts";
import type { Counts } from "./_counts.ts";
import { hex64 } from "./_describe.ts";
import type { Findings } from "./_findings.ts";
import { deviceAt, speaker } from "./_in_kernel_device.ts";
import type { Judge } from "./_judge.ts";
import { outExited } from "./_out_or_in.ts";
import { mostReadExits, PendingStores } from "./_pending_stores.ts";
import type { TracerEdges } from "./_tracer_edges.ts";
import { VmGuess } from "./_vm_guess.ts";
import type { VmState } from "./_vm_state.ts";

// V8 folds constants of this module, not imported ones: see docs/speed.md.
const { KVM_MMIO_BUS, KVM_PIO_BUS } = uapi;
const { claim } = claims;

/** What the machines of all threads share. */
export interface VcpuHost {
  /** Totals. */
  readonly counts: Counts;
  /** Disagreements and guesses. */
  readonly findings: Findings;
  /** Compares model and recording. */
  readonly judge: Judge;
  /** Takes exits without a cause. */
  readonly edges: TracerEdges;
}

/** What comes after an exit for port I/O. */
const next = { in: 0, other: 1, end: 2 } as const;

/** The state machine of one vCPU thread. */
export class VcpuThread {
  /** Index of the thread. */
  readonly thread: number;
  /** The VM it runs. */
  vm: VmState;
  readonly #host: VcpuHost;
  readonly #guess: VmGuess | null;
  /** The recording began, or lost events, since the last access that was seen whole. */
  #fresh = true;
  readonly #out = new Access();
  #outPending = false;
  /** Line of an exit for port I/O that is not explained yet, or 0. */
  #held = 0;
  readonly #stores = new PendingStores();
  /** Exits an unsatisfied read may have, 0 when there is none. */
  #readMost = 0;
  #readSeen = 0;

  /** @param thread Index @param vm The VM it runs, or the choice of them @param host What it shares */
  constructor(thread: number, vm: VmState | VmGuess, host: VcpuHost) {
    this.thread = thread;
    this.#guess = vm instanceof VmGuess ? vm : null;
    this.vm = vm instanceof VmGuess ? vm.vm : vm;
    this.#host = host;
  }

  #changeVm(vm: VmState): void {
    this.vm.miscounted();
    vm.miscounted();
    this.vm = vm;
    this.#host.judge.otherVm(this.thread, vm);
  }

  /** The thread is about to make a set-up call on a VM. What is to be said of an OUT still pending is said before it. */
  called(vm: VmState): void {
    if (this.#outPending) this.vm.askWithSpeaker(this.#out);
    if (this.#guess?.changesByCall(vm)) this.#changeVm(this.#guess.vm);
  }

  /** The recording has shown what became of a write. */
  #judge(access: Access, exits: number, partner: Access | null = null): void {
    access.seen = exits;
    if (this.#guess !== null) {
      if (this.#guess.changes(access)) {
        this.#changeVm(this.#guess.vm);
        this.vm.ask(access);
        access.seen = exits;
      }
      access.unsure = this.#guess.unsure;
    }
    this.#host.judge.settle(this.vm, access, partner);
  }

  /** An OUT. */
  portWrite(line: number, time: number, port: number, len: number, value: number): void {
    this.#settle();
    this.#fresh = false;
    this.#host.counts.writes++;
    const out = this.#out;
    out.set(KVM_PIO_BUS, port, 0, len, value, 0);
    this.#stamp(out, line, time);
    this.vm.ask(out);
    this.#outPending = true;
  }

  /** The data of an IN is there. */
  portRead(line: number, port: number, len: number): void {
    this.#settleStores();
    this.#readMost = 0;
    if (this.#held > 0) {
      const inKernel = this.#explainHeld(next.in, port, len);
      this.#readDone(line, KVM_PIO_BUS, port, 0, len, inKernel);
    } else {
      this.#settleOut();
      if (!this.#fresh) this.#readDone(line, KVM_PIO_BUS, port, 0, len, true);
    }
    this.#fresh = false;
  }

  /** A memory-mapped write. */
  store(
    line: number,
    time: number,
    lo: number,
    hi: number,
    len: number,
    valueLo: number,
    valueHi: number,
  ): void {
    if (!this.#stores.continues(lo, len)) this.#settle();
    this.#fresh = false;
    this.#host.counts.writes++;
    const store = this.#stores.add();
    store.set(KVM_MMIO_BUS, lo, hi, len, valueLo, valueHi);
    this.#stamp(store, line, time);
    this.vm.ask(store);
  }

  /** A memory-mapped read that nobody in the kernel answers. */
  unsatisfiedRead(lo: number, len: number): void {
    this.#settle();
    this.#fresh = false;
    this.#readMost = mostReadExits(lo, len);
    this.#readSeen = 0;
  }

  /** The data of a memory-mapped read is there. */
  load(line: number, lo: number, hi: number, len: number): void {
    const unsatisfied = this.#readMost > 0;
    const seen = this.#readSeen;
    this.#settle();
    if (unsatisfied) this.#loaded(line, lo, hi, seen);
    else if (!this.#fresh) this.#readDone(line, KVM_MMIO_BUS, lo, hi, len, true);
    this.#fresh = false;
  }

  #loaded(line: number, lo: number, hi: number, exits: number): void {
    if (exits > 0 || !this.vm.setupKnown) return;
    this.#host.findings.contradict(
      line,
      `the read of mmio ${hex64(lo, hi)} was unsatisfied, yet did not exit`,
    );
  }

  /** A write on the fast MMIO bus. */
  fastWrite(line: number, time: number, lo: number, hi: number): void {
    this.#settle();
    this.#fresh = false;
    const { counts } = this.#host;
    counts.writes++;
    counts.fastWrites++;
    const access = this.#out;
    access.set(KVM_MMIO_BUS, lo, hi, 0, 0, 0);
    this.#stamp(access, line, time);
    this.vm.askFast(access);
    this.#host.judge.settleFast(this.vm, access);
  }

  /** KVM_RUN came back for port I/O. */
  portExit(line: number): void {
    this.#settleStores();
    this.#readMost = 0;
    if (this.#held > 0) this.#explainHeld(next.other, 0, 0);
    this.#held = line;
    this.#drainRings();
  }

  /** KVM_RUN came back for memory-mapped I/O. */
  memoryExit(line: number): void {
    if (this.#held > 0) this.#explainHeld(next.other, 0, 0);
    this.#settleOut();
    const { exits } = this.#host.counts;
    if (this.#takeMemoryExit() || this.#excuse(line)) {
      exits.explained++;
    } else {
      this.#host.edges.unexplained(this.vm, line, true);
    }
    this.#drainRings();
  }

  /** The access that owes this exit, or may: the surest first. */
  #takeMemoryExit(): boolean {
    if (this.#stores.takeOwed()) return true;
    if (this.#readSeen < this.#readMost) return ++this.#readSeen > 0;
    return this.#stores.takeDoubtful();
  }

  /** KVM_RUN came back for something else, or was interrupted, which an IN still in progress survives. */
  otherExit(interrupted: boolean): void {
    const inGoesOn = interrupted && this.#held > 0 &&
      !(this.#outPending && this.#out.claim === claim.none);
    if (!inGoesOn) this.boundary();
    this.#drainRings();
  }

  /** The guest was entered, or left: whatever was going on is over. */
  boundary(): void {
    this.#settle();
    this.#fresh = false;
  }

  /** The VMM takes what the ring holds whenever KVM_RUN comes back. */
  #drainRings(): void {
    this.vm.model.drainRing();
    this.vm.imagined?.drainRing();
  }

  #stamp(access: Access, line: number, time: number): void {
    access.line = line;
    access.time = time;
    access.thread = this.thread;
  }

  /** Events are missing here: nothing is known of what was going on. */
  lost(): void {
    this.finish();
    this.#fresh = true;
  }

  /** The recording ends. */
  finish(): void {
    if (this.#held > 0) this.#explainHeld(next.end, 0, 0);
    if (this.#outPending) this.#judge(this.#out, this.#likelyExits(this.#out));
    for (let i = 0; i < this.#stores.count; i++) {
      this.#judge(this.#stores.at(i), this.#likelyExits(this.#stores.at(i)));
    }
    this.#outPending = false;
    this.#stores.count = 0;
    this.#readMost = 0;
  }

  /** Exits of a write after which nothing more was recorded. */
  #likelyExits({ seen, owed, site }: Access): number {
    const { strays, recorded } = site!;
    const neverExits = !this.vm.setupKnown && strays > recorded.userspace;
    return neverExits ? seen : Math.max(seen, owed);
  }

  /** What was pending had no more exits than those seen. */
  #settle(): void {
    if (this.#held > 0) this.#explainHeld(next.other, 0, 0);
    this.#settleOut();
    this.#settleStores();
    this.#readMost = 0;
  }

  #settleOut(): void {
    if (!this.#outPending) return;
    this.#outPending = false;
    this.#judge(this.#out, 0);
  }

  #settleStores(): void {
    for (let i = 0; i < this.#stores.count; i++) {
      const store = this.#stores.at(i);
      this.#judge(store, store.seen, this.#stores.partner(i));
    }
    this.#stores.count = 0;
  }

  /**
   * Says what the held exit for port I/O belongs to: the OUT before it or the IN behind it.
   *
   * @returns Whether an IN behind it was answered in the kernel
   */
  #explainHeld(behind: number, port: number, len: number): boolean {
    const line = this.#held;
    this.#held = 0;
    const { exits } = this.#host.counts;
    const isIn = behind === next.in;
    if (this.#outPending) {
      this.#outPending = false;
      const ofOut = isIn
        ? outExited(this.vm, this.#out, port, len)
        : behind === next.other || this.#out.claim === claim.none;
      this.#judge(this.#out, ofOut ? 1 : 0);
      exits.explained++;
      return isIn && ofOut;
    }
    if (isIn) {
      exits.explained++;
    } else if (behind === next.end) {
      exits.explained++;
      this.#host.findings.infer(
        `the exit at line ${line} is of an access whose line is missing at the end of what was recorded`,
      );
    } else if (this.#excuse(line)) {
      exits.explained++;
      this.#fresh = false;
    } else {
      this.#host.edges.unexplained(this.vm, line, false);
    }
    return false;
  }

  /** The recording may have begun between an access and its exit. */
  #excuse(line: number): boolean {
    if (!this.#fresh || this.vm.setupKnown) return false;
    this.#host.findings.infer(
      `the exit at line ${line} is of an access before the first line of what was recorded`,
    );
    return true;
  }

  #readDone(
    line: number,
    bus: number,
    lo: number,
    hi: number,
    len: number,
    inKernel: boolean,
  ): void {
    if (this.#guess?.changesByRead(bus, lo, hi, len, inKernel)) this.#changeVm(this.#guess.vm);
    const { vm } = this, { judge, counts } = this.#host;
    const device = deviceAt(bus, lo, hi, len);
    const answered = vm.model.read(bus, lo, hi, len);
    const strange = device < 0
      ? inKernel !== answered
      : device !== speaker && !inKernel && answered;
    if (this.#guess?.unsure) return;
    const early = counts.firstExit === 0 && !vm.setupKnown;
    if (strange && !early) judge.strangeRead(vm, line, bus, lo, hi, inKernel);
    if (device >= 0) judge.readAtDevice(vm, device, inKernel, answered);
  }
}

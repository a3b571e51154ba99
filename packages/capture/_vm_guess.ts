/**
 * Which VM a thread runs, where a process has several and no line says so.
 *
 * @module
 */
import type { Access } from "./_access.ts";
import type { VmState } from "./_vm_state.ts";

/** What was seen long ago counts less: a half after some 70 accesses. */
const decay = 0.99;
/** A call counts as so many accesses. */
const callWeight = 4;
/** A lead by so many accesses is no accident. */
const sureLead = 3;

interface Candidate {
  readonly vm: VmState;
  /** Accesses it was right about, less the older they are. */
  score: number;
}

/** A guess at the VM of a thread, changed when another VM of the process is right about more of what was seen. */
export class VmGuess {
  readonly #candidates: readonly Candidate[];
  #best: Candidate;

  /** @param vm First guess @param vms VMs it may be, that one among them */
  constructor(vm: VmState, vms: readonly VmState[]) {
    this.#candidates = vms.map((one) => ({ vm: one, score: 0 }));
    this.#best = this.#candidates.find((one) => one.vm === vm)!;
  }

  /** The VM for now. */
  get vm(): VmState {
    return this.#best.vm;
  }

  /**
   * The exits of a write were seen.
   *
   * @returns Whether it changes the guess
   */
  changes(access: Access): boolean {
    return this.#score((candidate) => candidate.owes(access) === access.seen ? 1 : 0);
  }

  /**
   * A read was seen to exit, or not to.
   *
   * @returns Whether it changes the guess
   */
  changesByRead(bus: number, lo: number, hi: number, len: number, inKernel: boolean): boolean {
    return this.#score((candidate) => candidate.model.read(bus, lo, hi, len) === inKernel ? 1 : 0);
  }

  /**
   * The thread made a call on a VM, as a vCPU's thread does on its own.
   *
   * @returns Whether it changes the guess
   */
  changesByCall(vm: VmState): boolean {
    return this.#score((candidate) => candidate === vm ? callWeight : 0);
  }

  /** Another VM is as good a guess, nearly. */
  get unsure(): boolean {
    return this.#candidates.some((one) =>
      one !== this.#best && one.score > this.#best.score - sureLead
    );
  }

  #score(points: (vm: VmState) => number): boolean {
    const before = this.#best;
    for (const candidate of this.#candidates) {
      candidate.score = candidate.score * decay + points(candidate.vm);
      if (candidate.score > this.#best.score) this.#best = candidate;
    }
    return this.#best !== before;
  }
}

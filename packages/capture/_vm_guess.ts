/**
 * Which VM a thread runs, where a process has several and no line says so.
 *
 * @module
 */
import { Access, claim } from "./_access.ts";
import type { VmState } from "./_vm_state.ts";

const remembered = 32;

/** A guess at the VM of a thread, changed when another VM of the process agrees with more of what was seen. */
export class VmGuess {
  /** The VM for now. */
  vm: VmState;
  readonly #candidates: readonly VmState[];
  readonly #seen: { readonly access: Access; readonly exited: boolean }[] = [];

  /** @param vm First guess @param candidates VMs it may be */
  constructor(vm: VmState, candidates: readonly VmState[]) {
    this.vm = vm;
    this.#candidates = candidates;
  }

  /**
   * Something more was seen.
   *
   * @returns Whether it changes the guess
   */
  contradicts(access: Access, exited: boolean): boolean {
    const copy = Object.assign(new Access(), access);
    this.#seen.push({ access: copy, exited });
    if (this.#seen.length > remembered) this.#seen.shift();
    if ((access.claim !== claim.none) !== exited) return false;
    const before = this.vm;
    let most = this.#agreement(before);
    for (const candidate of this.#candidates) {
      const agreement = this.#agreement(candidate);
      if (agreement <= most) continue;
      most = agreement;
      this.vm = candidate;
    }
    return this.vm !== before;
  }

  #agreement(vm: VmState): number {
    return this.#seen.filter(({ access, exited }) => (vm.probe(access) === claim.none) === exited)
      .length;
  }
}

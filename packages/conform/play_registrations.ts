/**
 * Playing registration cases, many to a VM.
 *
 * @module
 */
import { KVM_IOEVENTFD, KVM_IOEVENTFD_FLAG_DEASSIGN, KvmError } from "@ioeventfd/uapi";
import type { KvmBackend, KvmSystem, KvmVm } from "@ioeventfd/uapi";
import { NEVER_OPEN, oddDescriptors } from "./_odd_descriptors.ts";
import type { DescriptorName, IoeventfdOp } from "./history.ts";
import { placeOfCase, type RegistrationCase, registrationPool } from "./registration_case.ts";
import type { Outcome } from "./outcome.ts";

/** How cases are played. */
export interface PlayRegistrationsOptions {
  /** How many cases share a VM; 32 where absent. */
  readonly perVm?: number;
  /** Called with each VM instead of closing it, for backends on which closing is better done later. */
  readonly later?: (vm: KvmVm) => void;
}

/** Plays registration cases on one backend, with one set of descriptors for all. */
export class RegistrationPlayer implements Disposable {
  readonly #system: KvmSystem;
  readonly #perVm: number;
  readonly #later: ((vm: KvmVm) => void) | undefined;
  readonly #numbers = new Map<DescriptorName, number>(Object.entries(oddDescriptors) as []);
  readonly #bytes = new Uint8Array(64);
  readonly #view = new DataView(this.#bytes.buffer);

  /**
   * Opens a backend and the descriptors.
   *
   * @param backend Model or live kernel
   * @param options Cases by VM, and how VMs end
   */
  constructor(backend: KvmBackend, options: PlayRegistrationsOptions = {}) {
    this.#system = backend.open();
    this.#perVm = options.perVm ?? 32;
    this.#later = options.later;
    for (const op of registrationPool) this.#make(op);
  }

  #make(op: (typeof registrationPool)[number]): void {
    const system = this.#system;
    if (op.op === "eventfd") this.#numbers.set(op.fd, system.eventfd(op.initial, op.flags));
    else if (op.op === "open") this.#numbers.set(op.fd, system.openOther(op.kind));
    else if (op.op === "dup") this.#numbers.set(op.fd, system.dup(this.#numbers.get(op.of)!));
    else if (op.op === "close") {
      system.close(this.#numbers.get(op.fd)!);
      // Its number will be the next VM's.
      this.#numbers.set(op.fd, NEVER_OPEN);
    }
  }

  /**
   * Plays cases.
   *
   * @param cases The cases; those that share a VM take turns, registering first, since taking away what was registered
   * just now makes a live kernel wait
   * @returns What each call of each case ended with
   */
  play(cases: readonly RegistrationCase[]): Outcome[][] {
    return withoutStacks(() => this.#play(cases));
  }

  #play(cases: readonly RegistrationCase[]): Outcome[][] {
    const outcomes: Outcome[][] = cases.map(() => []);
    let group: number[] = [];
    cases.forEach(({ absolute }, i) => {
      if (absolute) this.#onVm(cases, [i], outcomes);
      else if (group.push(i) === this.#perVm) {
        this.#onVm(cases, group, outcomes);
        group = [];
      }
    });
    if (group.length > 0) this.#onVm(cases, group, outcomes);
    return outcomes;
  }

  #onVm(cases: readonly RegistrationCase[], group: readonly number[], outcomes: Outcome[][]): void {
    const vm = this.#system.createVm();
    for (let deassigns = false, open = true; open; deassigns = !deassigns) {
      open = false;
      for (let place = 0; place < group.length; place++) {
        const { ops, absolute } = cases[group[place]!]!;
        const done = outcomes[group[place]!]!;
        const base = absolute ? 0n : placeOfCase(place);
        while (done.length < ops.length) {
          const op = ops[done.length]!;
          if ((op.flags & KVM_IOEVENTFD_FLAG_DEASSIGN) !== 0 !== deassigns) {
            open = true;
            break;
          }
          done.push(this.#call(vm, op, base));
        }
      }
    }
    if (this.#later === undefined) vm[Symbol.dispose]();
    else this.#later(vm);
  }

  #call(vm: KvmVm, { addr, len, flags, datamatch, fd }: IoeventfdOp, base: bigint): Outcome {
    const view = this.#view;
    view.setBigUint64(0, datamatch, true);
    view.setBigUint64(8, addr + base, true);
    view.setUint32(16, len, true);
    view.setInt32(20, this.#numbers.get(fd)!, true);
    view.setUint32(24, flags, true);
    try {
      vm.ioctl(KVM_IOEVENTFD, this.#bytes);
      return null;
    } catch (error) {
      if (error instanceof KvmError) return error.code;
      throw error;
    }
  }

  /** Closes the backend. */
  [Symbol.dispose](): void {
    this.#system[Symbol.dispose]();
  }
}

/** Most calls are refused, and nobody looks at the stacks of the refusals, which cost more than the calls. */
function withoutStacks<T>(work: () => T): T {
  const v8 = Error as { stackTraceLimit?: number };
  const limit = v8.stackTraceLimit;
  v8.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    if (limit === undefined) delete v8.stackTraceLimit;
    else v8.stackTraceLimit = limit;
  }
}

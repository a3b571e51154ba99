/**
 * One process of the recording: its descriptors and its VMs.
 *
 * @module
 */
import type { KernelRelease } from "@ioeventfd/uapi";
import { ModelProcess } from "./_model_vm.ts";
import { VmGuess } from "./_vm_guess.ts";
import { VmState } from "./_vm_state.ts";

/** Another world in which the same calls are made: what if. */
export interface OtherWorld {
  /** Rules in force there. */
  readonly release: KernelRelease;
  /** Every registration is made with length 0 and without datamatch. */
  readonly zeroLength: boolean;
}

/** One process. */
export class ProcessState {
  /** Process, or -1 where the text gives threads alone. */
  readonly pid: number;
  /** `process 19207`, or `thread 19365` where the text gives threads alone. */
  readonly name: string;
  /** VMs, oldest first. */
  readonly vms: VmState[] = [];
  /** Its descriptors in the model. */
  readonly model: ModelProcess;
  /** Its descriptors in the other world. */
  readonly imagined: ModelProcess | null;
  readonly #ended: VmState[] = [];
  readonly #byFd = new Map<number, VmState>();
  readonly #byThread = new Map<number, VmState>();

  /** @param pid Process or -1 @param name For people @param release Kernel recorded @param other Another world */
  constructor(pid: number, name: string, release: KernelRelease, other: OtherWorld | null) {
    this.pid = pid;
    this.name = name;
    this.model = new ModelProcess(release);
    this.imagined = other === null ? null : new ModelProcess(other.release);
  }

  /** Those to report on: the ones that ended too, unless another goes on with their rows. */
  get reported(): readonly VmState[] {
    return [...this.#ended, ...this.vms];
  }

  /** `KVM_CREATE_VM` returned that descriptor. */
  createVm(fd: number): VmState {
    return this.#newVm(fd, true);
  }

  /** The VM of a descriptor; one that the recording did not see being made is new, or the one whose guest already runs. */
  vmAt(fd: number): VmState {
    const vm = this.#byFd.get(fd);
    if (vm !== undefined) return vm;
    const unnamed = this.vms.find((one) => one.fd < 0);
    if (unnamed === undefined) return this.#newVm(fd, false);
    unnamed.fd = fd;
    this.#byFd.set(fd, unnamed);
    return unnamed;
  }

  /** `KVM_CREATE_VCPU`: the thread that makes a vCPU runs it, unless another does. */
  createVcpu(vm: VmState, thread: number): void {
    vm.vcpus++;
    this.#byThread.set(thread, vm);
  }

  /**
   * The VM a thread runs a vCPU of.
   *
   * @returns The one it made a vCPU of; else a guess, first at the oldest with a vCPU that no thread runs yet
   */
  vmOf(thread: number): VmState | VmGuess {
    const own = this.#byThread.get(thread);
    if (own !== undefined) {
      own.vcpuThreads++;
      return own;
    }
    const vm = this.vms.find((one) => one.vcpus > one.vcpuThreads) ?? this.vms.at(-1) ??
      this.#newVm(-1, false);
    vm.vcpuThreads++;
    return this.vms.length > 1 ? new VmGuess(vm, [...this.vms]) : vm;
  }

  /** Descriptors named by a call are eventfds. */
  haveEventfd(fd: number): void {
    this.model.haveEventfd(fd);
    this.imagined?.haveEventfd(fd);
  }

  /** The descriptor is another eventfd than before. */
  freshEventfd(fd: number): void {
    this.model.freshEventfd(fd);
    this.imagined?.freshEventfd(fd);
  }

  /** The descriptor is the same eventfd as another. */
  sameEventfd(fd: number, as: number): void {
    this.model.sameEventfd(fd, as);
    this.imagined?.sameEventfd(fd, as);
  }

  /** The descriptor is closed. */
  close(fd: number): void {
    this.model.close(fd);
    this.imagined?.close(fd);
  }

  #newVm(fd: number, known: boolean): VmState {
    const model = this.model.createVm();
    const imagined = this.imagined?.createVm() ?? null;
    const before = this.#byFd.get(fd);
    // The descriptor was closed and used again; the row of the old VM goes on as that of the new one, unless the
    // recording knows less of the old one: what is not known of that is no contradiction in this.
    const old = before?.setupKnown === known ? before : undefined;
    const vm = new VmState({ process: this, fd, model, imagined, setupKnown: known, old });
    if (before !== undefined) this.#end(before, old === undefined);
    this.vms.push(vm);
    if (fd >= 0) this.#byFd.set(fd, vm);
    return vm;
  }

  #end(vm: VmState, isReported: boolean): void {
    vm.model.end();
    vm.imagined?.end();
    this.vms.splice(this.vms.indexOf(vm), 1);
    if (isReported) this.#ended.push(vm);
  }
}

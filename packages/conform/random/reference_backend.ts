/**
 * A second, plain model: what judges the first where there is no kernel to do so.
 *
 * @module
 */
import { Kvm } from "@ioeventfd/kvm-core";
import { type KernelRelease, latestRelease } from "@ioeventfd/uapi";
import type { HostMemory, KvmBackend, KvmSystem, KvmVm, OtherFile } from "@ioeventfd/uapi";
import { ReferenceVm } from "./_reference_vm.ts";

/** What a plain model is told. */
export interface ReferenceOptions {
  /** The kernel release; the latest unless told otherwise. */
  readonly release?: KernelRelease;
  /**
   * `ept`: stores that cross no page get to the fast MMIO bus as they do with extended page tables. `shadow`, which is
   * the default: they never do.
   */
  readonly paging?: "ept" | "shadow";
}

/**
 * `KVM_IOEVENTFD`, buses and coalesced zones written out plainly: lists, bigints, the kernel's search step by step.
 * Eventfds and memory slots are the model's own. It has no CPU, no interrupt controllers and no irqfds.
 */
export class ReferenceBackend implements KvmBackend {
  /** A model. */
  readonly name = "sim";
  /** The kernel release. */
  readonly release: KernelRelease;
  readonly #paging: "ept" | "shadow";

  /**
   * A plain model of one release.
   *
   * @param options Release and paging
   */
  constructor(options: ReferenceOptions = {}) {
    this.release = options.release ?? latestRelease;
    this.#paging = options.paging ?? "shadow";
  }

  /** A new `/dev/kvm` in a process of its own. */
  open(): KvmSystem {
    return new ReferenceSystem(this.release, this.#paging);
  }
}

class ReferenceSystem implements KvmSystem {
  readonly #kvm: Kvm;
  readonly #vms = new Set<ReferenceVm>();
  readonly #paging: "ept" | "shadow";

  constructor(release: KernelRelease, paging: "ept" | "shadow") {
    this.#kvm = new Kvm({ release });
    this.#paging = paging;
  }

  checkExtension(capability: number): number {
    return this.#kvm.checkExtension(capability);
  }

  createVm(): KvmVm {
    const vm = new ReferenceVm(this.#kvm, this.#paging);
    this.#vms.add(vm);
    return vm;
  }

  eventfd(initialValue: number, flags: number): number {
    return this.#kvm.eventfd(initialValue, flags);
  }

  openOther(kind: OtherFile): number {
    return this.#kvm.openOther(kind);
  }

  dup(fd: number): number {
    return this.#kvm.dup(fd);
  }

  close(fd: number): void {
    this.#kvm.close(fd);
  }

  eventfdRead(fd: number): bigint {
    return this.#kvm.eventfdRead(fd);
  }

  eventfdWrite(fd: number, value: bigint): void {
    this.#kvm.eventfdWrite(fd, value);
  }

  eventfdCount(fd: number): bigint {
    return this.#kvm.eventfdCount(fd);
  }

  poll(fd: number): number {
    return this.#kvm.poll(fd);
  }

  allocateMemory(size: number): HostMemory {
    return this.#kvm.allocateMemory(size);
  }

  [Symbol.dispose](): void {
    for (const vm of this.#vms) vm[Symbol.dispose]();
    this.#kvm[Symbol.dispose]();
  }
}

/**
 * A second, plain model: what judges the first where there is no kernel to do so.
 *
 * @module
 */
import { Kvm } from "@ioeventfd/kvm-core";
import { type KernelRelease, latestRelease } from "@ioeventfd/uapi";
import type { HostMemory, KvmBackend, KvmSystem, KvmVm, OtherFile } from "@ioeventfd/uapi";
import { PlainFiles } from "./_plain_eventfds.ts";
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
 * Eventfds, `KVM_IOEVENTFD`, buses, memory slots and coalesced zones written out plainly: lists, bigints, the kernel's
 * search step by step. It has no CPU, no interrupt controllers and no irqfds.
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
  readonly #files = new PlainFiles();
  readonly #paging: "ept" | "shadow";

  constructor(release: KernelRelease, paging: "ept" | "shadow") {
    this.#kvm = new Kvm({ release });
    this.#paging = paging;
  }

  checkExtension(capability: number): number {
    return this.#kvm.checkExtension(capability);
  }

  createVm(): KvmVm {
    return new ReferenceVm(this.#kvm, this.#files, this.#paging);
  }

  eventfd(initialValue: number, flags: number): number {
    return this.#files.eventfd(initialValue, flags);
  }

  openOther(kind: OtherFile): number {
    return this.#files.other(kind);
  }

  dup(fd: number): number {
    return this.#files.dup(fd);
  }

  close(fd: number): void {
    this.#files.close(fd);
  }

  eventfdRead(fd: number): bigint {
    return this.#files.read(fd);
  }

  eventfdWrite(fd: number, value: bigint): void {
    this.#files.write(fd, value);
  }

  eventfdCount(fd: number): bigint {
    return this.#files.context(fd).count;
  }

  poll(fd: number): number {
    return this.#files.poll(fd);
  }

  allocateMemory(size: number): HostMemory {
    return this.#kvm.allocateMemory(size);
  }

  [Symbol.dispose](): void {
    this.#kvm[Symbol.dispose]();
  }
}

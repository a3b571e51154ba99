/**
 * The descriptor of a VM, and how long the VM lives.
 *
 * @module
 */
import { type KernelRelease, KvmError } from "@ioeventfd/uapi";
import { Descriptor } from "./_descriptor.ts";
import { Vcpus } from "./_vcpus.ts";
import type { Kvm } from "./kvm.ts";
import { VcpuFile } from "./vcpu_file.ts";

/** A VM as a file: it lives until its own descriptor and those of its vCPUs are closed. */
export abstract class VmDescriptor implements Disposable {
  /** The open `/dev/kvm` it was made by. */
  readonly kvm: Kvm;
  /** The kernel release. */
  readonly release: KernelRelease;
  /** The steps of its end, in order. */
  readonly teardown: string[] = [];
  readonly #vcpus: Vcpus;
  readonly #descriptor: Descriptor;
  #open = true;
  #destroyed = false;
  #dead = false;

  /**
   * Opens the descriptor.
   *
   * @param kvm The open `/dev/kvm` that makes the VM
   */
  constructor(kvm: Kvm) {
    this.kvm = kvm;
    this.release = kvm.release;
    this.#vcpus = new Vcpus(this.release);
    this.#descriptor = new Descriptor(kvm.files, "vm_fd", () => this.#closed());
  }

  /** Its descriptor. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Its last descriptor and the last of its vCPUs are closed. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** vCPUs with an open descriptor. */
  get vcpus(): readonly VcpuFile[] {
    return this.#vcpus.open;
  }

  /** vCPUs were made, be they closed by now. */
  get hasVcpus(): boolean {
    return this.#vcpus.made > 0;
  }

  /** Marks it dead, as the kernel does when it finds its own state broken. */
  markDead(): void {
    this.#dead = true;
  }

  /**
   * `KVM_CREATE_VCPU`, without a CPU to run.
   *
   * @param id vCPU id
   * @returns Its descriptor, which keeps the VM alive
   * @throws {KvmError} EINVAL, EEXIST
   */
  openVcpu(id: number): VcpuFile {
    this.checkVcpu(id);
    return this.addVcpu(new VcpuFile(this, id));
  }

  /**
   * Told by a vCPU whose descriptor was closed.
   *
   * @param vcpu The vCPU
   */
  closeVcpu(vcpu: VcpuFile): void {
    this.#vcpus.remove(vcpu);
    this.#destroyIfUnused();
  }

  /** Closes its descriptor. */
  [Symbol.dispose](): void {
    this.#descriptor.close();
  }

  /**
   * The checks of `KVM_CREATE_VCPU`.
   *
   * @param id vCPU id
   * @throws {KvmError} EINVAL, EEXIST
   */
  protected checkVcpu(id: number): void {
    this.checkOpen();
    this.#vcpus.check(id);
  }

  /**
   * Lets a vCPU keep the VM alive.
   *
   * @param vcpu The vCPU
   * @returns The same
   */
  protected addVcpu<T extends VcpuFile>(vcpu: T): T {
    this.#vcpus.add(vcpu);
    return vcpu;
  }

  /**
   * The descriptor is open.
   *
   * @throws {KvmError} EBADF
   */
  protected checkOpen(): void {
    if (this.#open) return;
    throw new KvmError("EBADF", { check: "vm-fd", detail: "The descriptor of the VM is closed" });
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_vm_ioctl
  /**
   * What every ioctl checks first.
   *
   * @param caller The process that calls
   * @throws {KvmError} EBADF; EIO for another process, and for a VM marked dead
   */
  protected checkEntry(caller: Kvm): void {
    this.checkOpen();
    if (caller.process !== this.kvm.process) {
      throw new KvmError("EIO", { check: "process", detail: "The VM is another process's" });
    }
    if (this.#dead && this.release.vm.deadVmIsEio) {
      throw new KvmError("EIO", { check: "dead", detail: "The VM was marked dead" });
    }
  }

  /** Lets go of what signals the VM from outside: its descriptor was closed. */
  protected abstract shutDownIrqfds(): void;

  /** Frees what is in the VM: nobody holds it any more. */
  protected abstract destroyContents(): void;

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_vm_release
  #closed(): void {
    this.#open = false;
    this.shutDownIrqfds();
    this.#destroyIfUnused();
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_destroy_vm
  #destroyIfUnused(): void {
    if (this.#open || !this.#vcpus.empty || this.#destroyed) return;
    this.#destroyed = true;
    this.destroyContents();
  }
}

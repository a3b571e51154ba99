/**
 * The descriptor of a vCPU.
 *
 * @module
 */
import { KvmError } from "@ioeventfd/uapi";
import { Descriptor } from "./_descriptor.ts";
import { showRequest } from "./_ioctl_argument.ts";
import type { VmDescriptor } from "./vm_descriptor.ts";

/**
 * A vCPU as its VM sees it: a descriptor that keeps the VM alive. What it executes is another package's business.
 *
 * @example The VM outlives its own descriptor
 * ```ts
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 *
 * using kvm = new CoreBackend().open();
 * const vm = kvm.createVm();
 * const vcpu = vm.openVcpu(0);
 * vm[Symbol.dispose]();
 * if (vm.destroyed) throw new Error("the vCPU holds it");
 * vcpu[Symbol.dispose]();
 * if (!vm.destroyed) throw new Error("nobody holds it");
 * ```
 */
export class VcpuFile implements Disposable {
  /** The VM it belongs to. */
  readonly vm: VmDescriptor;
  /** Its id. */
  readonly id: number;
  readonly #descriptor: Descriptor;

  /**
   * Opens the descriptor.
   *
   * @param vm The VM it belongs to, which it keeps alive until it is closed
   * @param id Its id
   */
  constructor(vm: VmDescriptor, id: number) {
    this.vm = vm;
    this.id = id;
    this.#descriptor = new Descriptor(vm.kvm.files, "vm_fd", () => vm.closeVcpu(this));
  }

  /** Its descriptor. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Any ioctl of a vCPU descriptor. None is known here.
   *
   * @param request ioctl number
   * @param _arg Its argument
   * @throws {KvmError} EINVAL
   */
  ioctl(request: number, _arg?: Uint8Array | number): number {
    // KERNEL 6.19 arch/x86/kvm/x86.c kvm_arch_vcpu_ioctl
    throw new KvmError("EINVAL", {
      check: "ioctl",
      detail: `ioctl ${showRequest(request)} is not one of a vCPU descriptor`,
    });
  }

  /** Closes its descriptor. */
  [Symbol.dispose](): void {
    this.#descriptor.close();
  }
}

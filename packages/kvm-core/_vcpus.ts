import { hex, type KernelRelease, KVM_CAP_MAX_VCPUS, KvmError, showValue } from "@ioeventfd/uapi";
import type { VcpuFile } from "./vcpu_file.ts";

/** The vCPUs of a VM whose descriptors are open. */
export class Vcpus {
  readonly #release: KernelRelease;
  readonly #open = new Map<number, VcpuFile>();
  readonly #ids = new Set<number>();

  constructor(release: KernelRelease) {
    this.#release = release;
  }

  get open(): readonly VcpuFile[] {
    return [...this.#open.values()];
  }

  /** How many were made, closed ones included. */
  get made(): number {
    return this.#ids.size;
  }

  get empty(): boolean {
    return this.#open.size === 0;
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_vm_ioctl_create_vcpu
  check(id: number): void {
    const { vm, capabilities } = this.#release;
    if (!Number.isInteger(id)) {
      throw new TypeError(`vCPU id must be an integer: got ${showValue(id)}`);
    }
    if (id < 0 || id >= vm.vcpuIds) {
      throw new KvmError("EINVAL", { check: "vcpu-id", detail: `vCPU id ${id} is out of range` });
    }
    if (this.made >= (capabilities[KVM_CAP_MAX_VCPUS] ?? Infinity)) {
      throw new KvmError("EINVAL", { check: "vcpu-count", detail: "There are too many vCPUs" });
    }
    // a closed one stays in the VM
    if (!this.#ids.has(id)) return;
    throw new KvmError("EEXIST", { check: "vcpu-id", detail: `vCPU ${hex(id)} exists` });
  }

  add(vcpu: VcpuFile): void {
    this.#ids.add(vcpu.id);
    this.#open.set(vcpu.id, vcpu);
  }

  remove(vcpu: VcpuFile): void {
    if (this.#open.get(vcpu.id) === vcpu) this.#open.delete(vcpu.id);
  }
}

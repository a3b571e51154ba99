/**
 * An open `/dev/kvm` whose VMs run guests.
 *
 * @module
 */
import { Kvm } from "@ioeventfd/kvm-core";
import { showValue } from "@ioeventfd/uapi";
import type { VmxOptions } from "./vmx_options.ts";
import { VmxVm } from "./vmx_vm.ts";

/** The system object of the model with CPUs. */
export class VmxSystem extends Kvm {
  readonly #options: VmxOptions;

  /**
   * Opens `/dev/kvm`.
   *
   * @param options Release and machine
   * @throws {TypeError} for a release that is only named, and for another kind of paging
   */
  constructor(options: VmxOptions = {}) {
    super(options.release === undefined ? {} : { release: options.release });
    const { paging } = options;
    if (paging !== undefined && paging !== "ept" && paging !== "shadow") {
      throw new TypeError(`Paging must be "ept" or "shadow": got ${showValue(paging)}`);
    }
    this.#options = options;
  }

  /** `KVM_CREATE_VM`. */
  override createVm(): VmxVm {
    return super.createVm() as VmxVm;
  }

  /** A VM with the machine's options. */
  protected override newVm(): VmxVm {
    return new VmxVm(this, this.#options);
  }
}

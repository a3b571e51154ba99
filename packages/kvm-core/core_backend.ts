/**
 * The model as a backend, without a CPU.
 *
 * @module
 */
import { type KernelRelease, type KvmBackend, latestRelease } from "@ioeventfd/uapi";
import { Kvm } from "./kvm.ts";

/**
 * The model of `virt/kvm` as a backend: registrations and bus writes run on it, guests do not.
 *
 * @example Zero length on PIO, before and after 4.4
 * ```ts
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 * import { KvmError, release } from "@ioeventfd/uapi";
 *
 * for (const name of ["3.16", "4.4"]) {
 *   using kvm = new CoreBackend({ release: release(name) }).open();
 *   using vm = kvm.createVm();
 *   const spec = { bus: "pio", addr: 0x510n, match: { len: 0 }, fd: kvm.eventfd(0, 0) } as const;
 *   try {
 *     vm.assignIoeventfd(spec);
 *     if (name === "3.16") throw new Error("accepted");
 *   } catch (error) {
 *     if (!(error instanceof KvmError) || error.code !== "EINVAL") throw error;
 *   }
 * }
 * ```
 */
export class CoreBackend implements KvmBackend {
  /** A model. */
  readonly name = "sim";
  /** The kernel release. */
  readonly release: KernelRelease;

  /**
   * A model of one release.
   *
   * @param options `release`: the latest unless told otherwise
   */
  constructor(options: { readonly release?: KernelRelease } = {}) {
    this.release = options.release ?? latestRelease;
  }

  /** A new `/dev/kvm` in a process of its own. */
  open(): Kvm {
    return new Kvm({ release: this.release });
  }
}

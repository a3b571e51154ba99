/**
 * The model as a backend that runs guests.
 *
 * @module
 */
import { type KernelRelease, type KvmBackend, latestRelease } from "@ioeventfd/uapi";
import type { VmxOptions } from "./vmx_options.ts";
import { VmxSystem } from "./vmx_system.ts";

/**
 * KVM on VMX, modelled: the fast MMIO path and all that is beside it.
 *
 * @example A guest rings a zero-length doorbell
 * ```ts
 * import { VmxBackend } from "@ioeventfd/vmx-sim";
 *
 * using kvm = new VmxBackend({ counting: true }).open();
 * using vm = kvm.createVm();
 * const { bytes, hva } = kvm.allocateMemory(0x1000);
 * bytes.set([0xa2, 0x50, 0x00, 0xa2, 0x50, 0x00, 0xf4]); // mov [0x50], al, twice; hlt
 * vm.setMemoryRegion({ slot: 0, gpa: 0n, size: 0x1000n, hva });
 * const fd = kvm.eventfd(0, 0);
 * vm.assignIoeventfd({ bus: "mmio", addr: 0xd0000050n, match: { len: 0 }, fd });
 * using vcpu = vm.createVcpu(0);
 * const sregs = vcpu.getSregs();
 * vcpu.setSregs({
 *   ...sregs,
 *   cs: { ...sregs.cs, base: 0n, selector: 0 },
 *   ds: { ...sregs.ds, base: 0xd0000000n },
 * });
 * vcpu.setRegs({ ...vcpu.getRegs(), rip: 0n });
 * if (vcpu.run().reason !== "hlt") throw new Error("not halted");
 * if (kvm.eventfdCount(fd) !== 2n) throw new Error("not signalled");
 * const fast = vcpu.work.work("fast-mmio");
 * if (fast.exits !== 1 || fast.decoded !== 0 || fast.bytesFetched !== 0) throw new Error("not fast");
 * ```
 */
export class VmxBackend implements KvmBackend {
  /** A model. */
  readonly name = "sim";
  /** The kernel release. */
  readonly release: KernelRelease;
  readonly #options: VmxOptions;

  /**
   * A model of one release on one machine.
   *
   * @param options Release and machine
   */
  constructor(options: VmxOptions = {}) {
    this.#options = options;
    this.release = options.release ?? latestRelease;
  }

  /** A new `/dev/kvm` in a process of its own. */
  open(): VmxSystem {
    return new VmxSystem(this.#options);
  }
}

/**
 * The model, whose guest writes are done by its CPU.
 *
 * @module
 */
import type { KvmVcpu } from "@ioeventfd/uapi";
import { VmxBackend, VmxSystem, VmxVm } from "@ioeventfd/vmx-sim";
import type { VmxOptions } from "@ioeventfd/vmx-sim";
import { StoringGuest } from "./_storing_guest.ts";

/**
 * The model with `guestWrite` done by a guest on a CPU, as a live kernel has it done: with exits, and with the fast MMIO
 * bus where there are extended page tables. Its guest has 128 KiB of RAM at GPA 0, in slot 100, from the first write on.
 *
 * @example The second store to a page gets to the fast MMIO bus
 * ```ts
 * import { CpuWritesBackend } from "@ioeventfd/conform/random";
 *
 * using kvm = new CpuWritesBackend({ paging: "ept" }).open();
 * using vm = kvm.createVm();
 * const fd = kvm.eventfd(0, 0);
 * vm.assignIoeventfd({ bus: "mmio", addr: 0xd0000004n, match: { len: 0 }, fd });
 * vm.assignIoeventfd({ bus: "mmio", addr: 0xd0000000n, match: { len: 4 }, fd: kvm.eventfd(0, 0) });
 * if (vm.guestWrite("mmio", 0xd0000004n, 4, 0n) !== "userspace") throw new Error("dead on the MMIO bus");
 * if (vm.guestWrite("mmio", 0xd0000004n, 4, 0n) !== "kernel") throw new Error("alive on the fast one");
 * ```
 */
export class CpuWritesBackend extends VmxBackend {
  readonly #options: VmxOptions;

  /**
   * A model of one release on one machine.
   *
   * @param options Release and machine
   */
  constructor(options: VmxOptions = {}) {
    super(options);
    this.#options = options;
  }

  /** A new `/dev/kvm` in a process of its own. */
  override open(): VmxSystem {
    return new CpuWritesSystem(this.#options);
  }
}

class CpuWritesSystem extends VmxSystem {
  readonly #options: VmxOptions;

  constructor(options: VmxOptions) {
    super(options);
    this.#options = options;
  }

  protected override newVm(): VmxVm {
    return new CpuWritesVm(this, this.#options);
  }
}

class CpuWritesVm extends VmxVm {
  readonly #system: VmxSystem;
  #guest: StoringGuest | undefined;

  constructor(system: VmxSystem, options: VmxOptions) {
    super(system, options);
    this.#system = system;
  }

  override guestWrite(
    bus: "mmio" | "pio",
    addr: bigint,
    len: number,
    value: bigint,
  ): "kernel" | "userspace" {
    const guest = this.#guest ??= this.#makeGuest();
    return guest.write(bus, addr, len, value);
  }

  #makeGuest(): StoringGuest {
    const size = StoringGuest.ramSize;
    const { bytes, hva } = this.#system.allocateMemory(size);
    this.setMemoryRegion({ slot: StoringGuest.slot, gpa: 0n, size: BigInt(size), hva });
    const cpu: KvmVcpu = this.createVcpu(StoringGuest.cpu);
    return new StoringGuest(cpu, bytes);
  }
}

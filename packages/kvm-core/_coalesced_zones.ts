import { type BusRules, hex, KVM_MMIO_BUS, KVM_PIO_BUS, KvmError } from "@ioeventfd/uapi";
import { ENOSPC } from "./_bus_errno.ts";
import { CoalescedZoneDevice } from "./_coalesced_zone.ts";
import type { AllocationFaults } from "./allocation_faults.ts";
import type { CoalescedRing } from "./coalesced_ring.ts";
import { type IoBus, NR_IOBUS_DEVS } from "./io_bus.ts";
import { droppedReport, type KernelReport } from "./kernel_report.ts";

/** What the zones need of their VM. */
export interface ZoneHost {
  readonly rules: BusRules;
  readonly bus: (index: number) => IoBus;
  readonly faults: AllocationFaults;
  readonly ring: CoalescedRing;
  report(report: KernelReport): void;
}

/** A zone with its address as words. */
export interface ZoneRequest {
  readonly lo: number;
  readonly hi: number;
  readonly size: number;
  readonly pio: number;
}

/** `KVM_REGISTER_COALESCED_MMIO` and its opposite. */
export class CoalescedZones {
  readonly #host: ZoneHost;
  readonly #zones = new Set<CoalescedZoneDevice>();

  constructor(host: ZoneHost) {
    this.#host = host;
  }

  get count(): number {
    return this.#zones.size;
  }

  // KERNEL 4.4, 6.19 virt/kvm/coalesced_mmio.c kvm_vm_ioctl_register_coalesced_mmio
  register(zone: ZoneRequest): void {
    const pio = this.#checkPio(zone.pio);
    if (this.#host.faults.take("coalesced-zone")) {
      throw new KvmError("ENOMEM", {
        check: "allocation",
        detail: "The coalesced zone cannot be allocated",
      });
    }
    const device = new CoalescedZoneDevice(
      { ...zone, pio },
      this.#host.ring,
      (gone) => this.#zones.delete(gone),
    );
    const bus = this.#host.bus(pio === 1 ? KVM_PIO_BUS : KVM_MMIO_BUS);
    const answer = bus.register(zone.lo, zone.hi, zone.size, device);
    if (answer === ENOSPC) {
      throw new KvmError("ENOSPC", {
        check: "bus-full",
        detail: `The bus holds ${hex(NR_IOBUS_DEVS)} devices that are not ioeventfds`,
      });
    }
    if (answer !== 0) {
      throw new KvmError("ENOMEM", {
        check: "bus-memory",
        detail: "The bus array cannot grow",
      });
    }
    this.#zones.add(device);
  }

  // KERNEL 6.19 virt/kvm/coalesced_mmio.c kvm_vm_ioctl_unregister_coalesced_mmio
  unregister(zone: ZoneRequest): void {
    const pio = this.#checkPio(zone.pio);
    for (const device of [...this.#zones]) {
      if (device.pio !== pio || !device.contains(zone.lo, zone.hi, zone.size | 0)) continue;
      const bus = this.#host.bus(pio === 1 ? KVM_PIO_BUS : KVM_MMIO_BUS);
      bus.unregister(device);
      device.destroy();
      if (!bus.dropped) continue;
      this.#host.report(droppedReport(pio === 1 ? "pio" : "mmio"));
      return;
    }
  }

  #checkPio(pio: number): number {
    if (!this.#host.rules.coalescedPio) return 0;
    if (pio === 0 || pio === 1) return pio;
    throw new KvmError("EINVAL", {
      check: "pio",
      detail: `Field pio ${hex(pio)} is neither 0x0 nor 0x1`,
    });
  }
}

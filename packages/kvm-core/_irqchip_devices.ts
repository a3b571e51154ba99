import {
  type ErrnoName,
  errnoName,
  hex,
  KVM_MMIO_BUS,
  KVM_PIO_BUS,
  KvmError,
} from "@ioeventfd/uapi";
import type { IoBus } from "./io_bus.ts";
import type { IoDevice } from "./io_device.ts";
import { IOAPIC_BASE, IOAPIC_LENGTH } from "./ioapic.ts";
import { type Irqchip, silentPorts } from "./irqchip.ts";

interface Buses {
  bus(index: number): IoBus;
}

interface Placed {
  readonly bus: number;
  readonly addr: number;
  readonly len: number;
  readonly device: IoDevice;
}

// KERNEL 6.19 arch/x86/kvm/i8259.c kvm_pic_init, arch/x86/kvm/ioapic.c kvm_ioapic_init
export function registerIrqchip(vm: Buses, irqchip: Irqchip): void {
  const pic = irqchip.pic.devices().map(({ port, len, device }) => ({
    bus: KVM_PIO_BUS,
    addr: port,
    len,
    device,
  }));
  const ioapic = {
    bus: KVM_MMIO_BUS,
    addr: IOAPIC_BASE,
    len: IOAPIC_LENGTH,
    device: irqchip.ioapic,
  };
  registerAll(vm, [...pic, ioapic]);
}

// KERNEL 6.19 arch/x86/kvm/i8254.c kvm_create_pit: the speaker takes 4 ports on the bus and answers one; no PIT is ENOMEM
export function registerPit(vm: Buses, speaker: boolean): void {
  const pit = {
    bus: KVM_PIO_BUS,
    addr: 0x40,
    len: 4,
    device: silentPorts("PIT", 0x40, 0x43, 0x43),
  };
  const dummy = {
    bus: KVM_PIO_BUS,
    addr: 0x61,
    len: 4,
    device: silentPorts("speaker", 0x61, 0x61),
  };
  registerAll(vm, speaker ? [pit, dummy] : [pit], "ENOMEM");
}

/** All of them, or none, with the bus's errno unless another is given. */
function registerAll(vm: Buses, devices: readonly Placed[], errno?: ErrnoName): void {
  for (const [at, { bus, addr, len, device }] of devices.entries()) {
    const answer = vm.bus(bus).register(addr, 0, len, device);
    if (answer === 0) continue;
    for (const made of devices.slice(0, at)) vm.bus(made.bus).unregister(made.device);
    const code: ErrnoName = errno ?? errnoName(-answer) ?? "ENOMEM";
    throw new KvmError(code, {
      check: "bus-full",
      detail: `${device.label} at ${hex(addr)} does not fit on its bus`,
    });
  }
}

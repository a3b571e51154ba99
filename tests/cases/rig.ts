/**
 * A VM with the calls that cases make, on any backend.
 *
 * @module
 */
import { fillTables, guestLayout, machineCode, startRegs, startSregs } from "@ioeventfd/scenario";
import {
  encodeCoalescedMmioZone,
  encodeIoeventfd,
  encodeIrqfd,
  encodePitConfig,
  encodeUserspaceMemoryRegion,
  hex,
  KVM_CREATE_PIT2,
  KVM_IOEVENTFD,
  KVM_IRQFD,
  KVM_PIT_SPEAKER_DUMMY,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
  type KvmSystem,
  type KvmVcpu,
  type KvmVm,
  type OtherFile,
  refusalOf,
} from "@ioeventfd/uapi";

/** 0, or the name of the errno that a call was refused with. */
export function errnoOf(call: () => unknown): string | 0 {
  return refusalOf(call)?.code ?? 0;
}

/** A coalesced write in short. */
export type Kept = readonly [addr: bigint, len: number, pio: number, data: bigint];

/** Where the vCPU that reads ports says what it read. */
const REPORT_PORT = 0xe1;

/** A VM, and the descriptors of its process. */
export class Rig {
  readonly system: KvmSystem;
  readonly vm: KvmVm;
  #reader: KvmVcpu | undefined;

  constructor(system: KvmSystem) {
    this.system = system;
    this.vm = system.createVm();
  }

  /** Another VM of the same process. */
  another(): Rig {
    return new Rig(this.system);
  }

  /** An eventfd. */
  efd(initial = 0, flags = 0): number {
    return this.system.eventfd(initial, flags);
  }

  /** A descriptor that is no eventfd. */
  other(kind: OtherFile): number {
    return this.system.openOther(kind);
  }

  /** An eventfd's counter, left as it is. */
  count(fd: number): bigint {
    return this.system.eventfdCount(fd);
  }

  /** `KVM_IOEVENTFD`: address, length, flags, datamatch, descriptor. */
  io(
    addr: number | bigint,
    len: number,
    flags: number,
    datamatch: number | bigint,
    fd: number,
  ): string | 0 {
    const bytes = encodeIoeventfd({
      addr: BigInt(addr),
      len,
      flags: flags >>> 0,
      datamatch: BigInt(datamatch),
      fd,
    });
    return errnoOf(() => this.vm.ioctl(KVM_IOEVENTFD, bytes));
  }

  /** `KVM_IRQFD`. */
  irqfd(fd: number, gsi: number, flags = 0, resamplefd = -1): string | 0 {
    const bytes = encodeIrqfd({
      fd: fd >>> 0,
      gsi,
      flags: flags >>> 0,
      resamplefd: resamplefd >>> 0,
    });
    return errnoOf(() => this.vm.ioctl(KVM_IRQFD, bytes));
  }

  /** `KVM_REGISTER_COALESCED_MMIO`. */
  zone(addr: number | bigint, size: number, pio = 0): string | 0 {
    return this.#zone(KVM_REGISTER_COALESCED_MMIO, addr, size, pio);
  }

  /** `KVM_UNREGISTER_COALESCED_MMIO`. */
  unzone(addr: number | bigint, size: number, pio = 0): string | 0 {
    return this.#zone(KVM_UNREGISTER_COALESCED_MMIO, addr, size, pio);
  }

  #zone(request: number, addr: number | bigint, size: number, pio: number): string | 0 {
    const bytes = encodeCoalescedMmioZone({ addr: BigInt(addr), size, pio });
    return errnoOf(() => this.vm.ioctl(request, bytes));
  }

  /** Takes what coalesced zones kept. */
  kept(): Kept[] {
    if (this.vm.takeCoalesced === undefined) throw new TypeError("This backend shows no ring");
    return this.vm.takeCoalesced().map(({ physAddr, len, pio, data }) => {
      const whole = new DataView(data.buffer, data.byteOffset).getBigUint64(0, true);
      return [physAddr, len, pio, BigInt.asUintN(len * 8, whole)];
    });
  }

  /** `KVM_SET_USER_MEMORY_REGION` by the raw door. */
  slot(slot: number, gpa: number, size: number, hva: bigint, flags = 0): string | 0 {
    const bytes = encodeUserspaceMemoryRegion({
      slot,
      flags,
      guestPhysAddr: BigInt(gpa),
      memorySize: BigInt(size),
      userspaceAddr: hva,
    });
    return errnoOf(() => this.vm.ioctl(KVM_SET_USER_MEMORY_REGION, bytes));
  }

  /** PIC, IOAPIC and LAPICs in the kernel. */
  irqchip(): this {
    this.vm.createIrqchip();
    return this;
  }

  /** The timer in the kernel, with the speaker's port or without. */
  pit(speaker = false): this {
    const flags = speaker ? KVM_PIT_SPEAKER_DUMMY : 0;
    this.vm.ioctl(KVM_CREATE_PIT2, encodePitConfig({ flags }));
    return this;
  }

  /** An OUT: true when it exits to userspace. */
  out(port: number, len: number, value: number | bigint = 0): boolean {
    return this.vm.guestWrite("pio", BigInt(port), len, BigInt(value)) === "userspace";
  }

  /** A store: true when it exits to userspace. */
  store(gpa: number | bigint, len: number, value: number | bigint = 0): boolean {
    return this.vm.guestWrite("mmio", BigInt(gpa), len, BigInt(value)) === "userspace";
  }

  /** A 1-byte IN by a vCPU of its own: what a device in the kernel answers. */
  in(port: number): number {
    const vcpu = this.#reader ??= this.#boot();
    vcpu.setRegs({ ...startRegs(), rdx: BigInt(port) });
    const exit = vcpu.run({ timeoutMs: 5000, maxInstructions: 100 });
    if (exit.reason !== "io" || exit.port !== REPORT_PORT) {
      throw new Error(`The IN of ${hex(port)} ended with ${exit.reason}`);
    }
    return exit.data[0]!;
  }

  #boot(): KvmVcpu {
    const { hva, bytes } = this.system.allocateMemory(guestLayout.ramSize);
    fillTables("real16", bytes);
    const code = machineCode(
      (a) => {
        a.in(a.al, a.dx);
        a.out(REPORT_PORT, a.al);
        a.hlt();
      },
      "real16",
      guestLayout.code,
    );
    bytes.set(code, guestLayout.code);
    this.vm.setMemoryRegion({ slot: 0, gpa: 0n, size: BigInt(guestLayout.ramSize), hva });
    const vcpu = this.vm.createVcpu(0);
    vcpu.setSregs(startSregs("real16", vcpu.getSregs()));
    return vcpu;
  }

  /** What interrupts the PIC has pending. */
  irr(): number {
    this.out(0x20, 1, 0x0a);
    return this.in(0x20);
  }

  /** What interrupts the PIC has in service. */
  isr(): number {
    this.out(0x20, 1, 0x0b);
    return this.in(0x20);
  }
}

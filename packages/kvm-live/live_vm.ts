/**
 * A virtual machine of the host's KVM.
 *
 * @module
 */
import {
  type CoalescedMmio,
  type CoalescedZone,
  decodeUserspaceMemoryRegion,
  encodeCoalescedMmioZone,
  encodeEnableCap,
  encodeIoeventfd,
  encodePitConfig,
  encodeUserspaceMemoryRegion,
  hex,
  type IoeventfdSpec,
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_PIT2,
  KVM_CREATE_VCPU,
  KVM_ENABLE_CAP,
  KVM_IOEVENTFD,
  KVM_PIT_SPEAKER_DUMMY,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_CPUID2,
  KVM_SET_SIGNAL_MASK,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
  type KvmVm,
  type MemoryRegion,
  specToIoeventfd,
  toCoalescedMmioZone,
  toUserspaceMemoryRegion,
} from "@ioeventfd/uapi";
import { Descriptors } from "./_descriptors.ts";
import { GuestSpace } from "./_guest_space.ts";
import { GuestWriter } from "./_guest_writer.ts";
import { type Libc, MAP_SHARED } from "./_libc.ts";
import { nameOf, rawIoctl } from "./_raw_ioctl.ts";
import { VcpuMapping } from "./_vcpu_mapping.ts";
import type { VmHost } from "./_vm_host.ts";
import {
  KVM_CREATE_DEVICE,
  KVM_CREATE_DEVICE_TEST,
  KVM_CREATE_GUEST_MEMFD,
  KVM_GET_STATS_FD,
} from "./_vm_ioctls.ts";
import type { GuestProgram, GuestResult } from "./guest_program.ts";
import { LiveVcpu } from "./live_vcpu.ts";

/** Id of the vCPU that {@linkcode LiveVm.guestWrite} keeps. */
export const WRITER_VCPU_ID = 200;

const returnsDescriptor: ReadonlySet<number> = new Set([
  KVM_CREATE_VCPU,
  KVM_GET_STATS_FD,
  KVM_CREATE_GUEST_MEMFD,
]);

/**
 * A VM. `guestWrite` keeps a vCPU of its own, made at the first call: id {@linkcode WRITER_VCPU_ID}, and 256 KiB of
 * memory in slot 497 three quarters up the guest's physical address space (0x60000a5a0000 with 48 bits), with more of
 * it in the slots below 497 when stores go to more than some thirty different gigabytes.
 */
export class LiveVm implements KvmVm {
  readonly #libc: Libc;
  readonly #host: VmHost;
  readonly #closed: () => void;
  readonly #descriptors: Descriptors;
  readonly #backing = new Map<number, Uint8Array>();
  readonly #vcpus = new Set<LiveVcpu>();
  #fd: number;
  #writerVcpu: LiveVcpu | undefined;
  #space: GuestSpace | undefined;
  #writer: GuestWriter | undefined;

  /** @ignore Made by {@linkcode LiveSystem.createVm}. */
  constructor(libc: Libc, fd: number, host: VmHost, closed: () => void) {
    this.#libc = libc;
    this.#host = host;
    this.#closed = closed;
    this.#descriptors = new Descriptors(libc);
    this.#fd = this.#descriptors.own(fd, "KVM_CREATE_VM was refused");
  }

  /** Its descriptor, -1 once closed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * The raw door: any ioctl of a VM descriptor. A descriptor that it makes is closed with the VM.
   *
   * @param request Number of the ioctl
   * @param arg Its struct as bytes, or a number
   * @returns What the ioctl returns, 0 or more
   * @throws {KvmError} with the kernel's errno
   * @throws {RangeError} for bytes fewer than the struct, or a number that could be an address of the process
   */
  ioctl(request: number, arg?: Uint8Array | number): number {
    return this.#ioctl(request, arg, () => `${nameOf(request)} was refused`);
  }

  #ioctl(request: number, arg: Uint8Array | number | undefined, detail: () => string): number {
    const slot = request === KVM_SET_USER_MEMORY_REGION && typeof arg === "object"
      ? this.#slotOf(arg)
      : undefined;
    const result = this.#libc.check(rawIoctl(this.#libc, this.#fd, request, arg), detail);
    if (slot !== undefined) this.#hold(slot);
    if (returnsDescriptor.has(request)) this.#descriptors.own(result, nameOf(request));
    if (request === KVM_CREATE_DEVICE && typeof arg === "object") {
      const device = new DataView(arg.buffer, arg.byteOffset);
      const test = (device.getUint32(8, true) & KVM_CREATE_DEVICE_TEST) !== 0;
      if (!test) this.#descriptors.own(device.getInt32(4, true), nameOf(request));
    }
    return result;
  }

  #slotOf(arg: Uint8Array): { id: number; bytes: Uint8Array | undefined } {
    const { slot, userspaceAddr, memorySize } = decodeUserspaceMemoryRegion(arg);
    const bytes = memorySize === 0n
      ? undefined
      : this.#host.memories.find(userspaceAddr, memorySize);
    return { id: slot, bytes };
  }

  #hold(slot: { id: number; bytes: Uint8Array | undefined }): void {
    if (slot.bytes === undefined) this.#backing.delete(slot.id);
    else this.#backing.set(slot.id, slot.bytes);
  }

  /**
   * `KVM_IOEVENTFD`.
   *
   * @param spec The registration
   * @throws {KvmError} with the kernel's errno
   */
  assignIoeventfd(spec: IoeventfdSpec): void {
    const bytes = encodeIoeventfd(specToIoeventfd(spec));
    this.#ioctl(KVM_IOEVENTFD, bytes, () => `Assigning ${describe(spec)} was refused`);
  }

  /**
   * `KVM_IOEVENTFD` with `DEASSIGN`.
   *
   * @param spec The registration, the eventfd the same or a dup of it
   * @throws {KvmError} with the kernel's errno
   */
  deassignIoeventfd(spec: IoeventfdSpec): void {
    const bytes = encodeIoeventfd(specToIoeventfd(spec, { deassign: true }));
    this.#ioctl(KVM_IOEVENTFD, bytes, () => `Deassigning ${describe(spec)} was refused`);
  }

  /**
   * `KVM_SET_USER_MEMORY_REGION`. Memory from `allocateMemory` is held while a slot uses it; any other address is the
   * caller's risk: the guest then writes whatever this process has there.
   *
   * @param region The slot
   * @throws {KvmError} with the kernel's errno
   * @throws {RangeError} for a slot that reaches beyond the end of its memory
   */
  setMemoryRegion(region: MemoryRegion): void {
    const bytes = encodeUserspaceMemoryRegion(toUserspaceMemoryRegion(region));
    this.ioctl(KVM_SET_USER_MEMORY_REGION, bytes);
  }

  /**
   * `KVM_REGISTER_COALESCED_MMIO`.
   *
   * @param zone Addresses or ports
   * @throws {KvmError} with the kernel's errno
   */
  registerCoalesced(zone: CoalescedZone): void {
    this.ioctl(KVM_REGISTER_COALESCED_MMIO, zoneBytes(zone));
  }

  /**
   * `KVM_UNREGISTER_COALESCED_MMIO`.
   *
   * @param zone Addresses or ports
   * @throws {KvmError} with the kernel's errno
   */
  unregisterCoalesced(zone: CoalescedZone): void {
    this.ioctl(KVM_UNREGISTER_COALESCED_MMIO, zoneBytes(zone));
  }

  /**
   * Takes the writes that coalesced zones kept.
   *
   * @returns The writes in order; none while the VM has no vCPU
   */
  takeCoalesced(): readonly CoalescedMmio[] {
    const [vcpu] = this.#vcpus;
    return vcpu?.takeCoalesced() ?? [];
  }

  /** `KVM_CREATE_IRQCHIP`: PIC, IOAPIC and LAPIC in the kernel; before any vCPU, `guestWrite`'s included. */
  createIrqchip(): void {
    this.ioctl(KVM_CREATE_IRQCHIP);
  }

  /**
   * `KVM_CAP_SPLIT_IRQCHIP`: only the LAPIC in the kernel; before any vCPU.
   *
   * @param pins Routes kept for the IOAPIC in userspace
   */
  enableSplitIrqchip(pins = 24): void {
    const args = [BigInt(pins), 0n, 0n, 0n];
    this.ioctl(KVM_ENABLE_CAP, encodeEnableCap({ cap: KVM_CAP_SPLIT_IRQCHIP, flags: 0, args }));
  }

  /**
   * `KVM_CREATE_PIT2`: the timer in the kernel, at ports 0x40 to 0x43.
   *
   * @param speakerDummy Port 0x61 too
   */
  createPit2(speakerDummy = false): void {
    const flags = speakerDummy ? KVM_PIT_SPEAKER_DUMMY : 0;
    this.ioctl(KVM_CREATE_PIT2, encodePitConfig({ flags }));
  }

  /**
   * `KVM_CREATE_VCPU`, with every CPUID feature that the host supports.
   *
   * @param id Id of the vCPU
   * @returns The vCPU, closed with the VM
   * @throws {KvmError} with the kernel's errno
   */
  createVcpu(id: number): LiveVcpu {
    const fd = this.ioctl(KVM_CREATE_VCPU, id);
    const { mappingSize, ringPage } = this.#host;
    let mapping: VcpuMapping | undefined;
    try {
      const address = this.#libc.map(mappingSize, MAP_SHARED, fd, "Cannot map a vCPU");
      mapping = new VcpuMapping(this.#libc, address, mappingSize);
      const watchdog = this.#host.watchdog();
      const descriptors = this.#descriptors;
      const closed = () => void this.#vcpus.delete(vcpu);
      const parts = { fd, descriptors, mapping, watchdog, ringPage, closed };
      const vcpu = new LiveVcpu(this.#libc, parts);
      vcpu.ioctl(KVM_SET_CPUID2, this.#host.cpuid());
      vcpu.ioctl(KVM_SET_SIGNAL_MASK, watchdog.signalMask);
      this.#vcpus.add(vcpu);
      return vcpu;
    } catch (error) {
      mapping?.unmap();
      this.#descriptors.close(fd);
      throw error;
    }
  }

  /**
   * One store or OUT by the guest, from a vCPU kept for the purpose.
   *
   * @param bus Address space written to
   * @param addr Guest physical address, or port below 0x10000
   * @param len 1, 2, 4 or 8 bytes (PIO: 1, 2 or 4)
   * @param value Value written, its low `len` bytes
   * @returns `kernel` when KVM handled all of it, `userspace` when KVM_RUN came back with it or a part of it
   * @throws {RangeError} for a write that no guest can make, or one into the storing guest's own memory
   */
  guestWrite(
    bus: "mmio" | "pio",
    addr: bigint,
    len: number,
    value: bigint,
  ): "kernel" | "userspace" {
    const writer = this.#writer ??= this.#createWriter();
    return bus === "pio" ? writer.out(addr, len, value) : writer.store(addr, len, value);
  }

  /**
   * Runs a program on the vCPU of `guestWrite`: for guests that measure themselves, say with RDTSC around a loop.
   *
   * @param program Code and what it needs
   * @returns Registers at its end, and how often it came to userspace
   *
   * @example
   * ```ts ignore
   * const { regs } = vm.guestRun({ code: Uint8Array.of(0x48, 0xff, 0xc0), regs: { rax: 41n } }); // inc rax
   * regs.rax; // 42n
   * ```
   */
  guestRun(program: GuestProgram): GuestResult {
    const writer = this.#writer ??= this.#createWriter();
    return writer.run(program);
  }

  #createWriter(): GuestWriter {
    this.#writerVcpu ??= this.createVcpu(WRITER_VCPU_ID);
    this.#space ??= new GuestSpace(
      this.#libc,
      this.#host.physicalBits(),
      (slot, gpa, size, hva) => this.setMemoryRegion({ slot, gpa, size: BigInt(size), hva }),
    );
    return new GuestWriter(this.#writerVcpu, this.#space);
  }

  /** Closes its vCPUs and the VM, and gives their memory back; again it does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#fd = -1;
    for (const vcpu of this.#vcpus) vcpu[Symbol.dispose]();
    this.#descriptors.closeAll();
    this.#space?.unmap();
    this.#backing.clear();
    this.#closed();
  }
}

function zoneBytes(zone: CoalescedZone): Uint8Array {
  return encodeCoalescedMmioZone(toCoalescedMmioZone(zone));
}

function describe({ bus, addr, match, fd }: IoeventfdSpec): string {
  const value = match.len !== 0 && match.datamatch !== undefined
    ? ` datamatch ${hex(match.datamatch)}`
    : "";
  return `${bus} ${hex(addr)} len ${hex(match.len)}${value} with descriptor ${fd}`;
}

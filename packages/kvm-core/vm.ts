/**
 * A virtual machine.
 *
 * @module
 */
import type { EventfdContext } from "@ioeventfd/eventfd";
import {
  type CoalescedMmio,
  type CoalescedZone,
  type Ioeventfd as IoeventfdArgument,
  type IoeventfdSpec,
  type Irqfd,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_MMIO_BUS,
  KVM_PIO_BUS,
  type KvmVcpu,
  type KvmVm,
  type MemoryRegion,
  type RegistrationView,
} from "@ioeventfd/uapi";
import { CoalescedZones, type ZoneRequest } from "./_coalesced_zones.ts";
import { storeToGuest } from "./_guest_store.ts";
import { IoeventfdRegistry } from "./_ioeventfd_registry.ts";
import { IoeventfdRequest } from "./_ioeventfd_request.ts";
import { KernelIrqchip } from "./_kernel_irqchip.ts";
import { Irqfds } from "./_irqfds.ts";
import { checkInteger, checkRegion, checkU64, specRequest, zoneRequest } from "./_requests.ts";
import { highWord, lowWord } from "./_u64.ts";
import { vmIoctl } from "./_vm_ioctls.ts";
import { AllocationFaults } from "./allocation_faults.ts";
import { CoalescedRing } from "./coalesced_ring.ts";
import { IoBus } from "./io_bus.ts";
import type { Irqchip, IrqchipMode } from "./irqchip.ts";
import type { KernelReport } from "./kernel_report.ts";
import type { Kvm } from "./kvm.ts";
import { Memslots } from "./memslots.ts";
import { VmDescriptor } from "./vm_descriptor.ts";

const BUS_NAMES = ["mmio", "pio", "ccw", "fast-mmio"];

/**
 * A VM by the rules of one kernel release, without the CPU: buses, ioeventfds, memory slots, coalesced zones, interrupt
 * controllers in the kernel.
 *
 * @example EEXIST says with what and why
 * ```ts
 * import { CoreBackend } from "@ioeventfd/kvm-core";
 * import { KvmError } from "@ioeventfd/uapi";
 *
 * using kvm = new CoreBackend().open();
 * using vm = kvm.createVm();
 * const fd = kvm.eventfd(0, 0);
 * vm.assignIoeventfd({ bus: "mmio", addr: 0xfebfb000n, match: { len: 0 }, fd });
 * if (vm.guestWrite("mmio", 0xfebfb000n, 2, 1n) !== "kernel") throw new Error("signalled");
 * try {
 *   vm.assignIoeventfd({ bus: "mmio", addr: 0xfebfb000n, match: { len: 2 }, fd });
 * } catch (error) {
 *   if (!(error instanceof KvmError) || error.reason.clause !== "existing-zero-length") throw error;
 * }
 * ```
 */
export class Vm extends VmDescriptor implements KvmVm {
  /** Memory slots. */
  readonly slots: Memslots;
  /** The ring of coalesced writes, a page shared with userspace. */
  readonly ring: CoalescedRing;
  /** Allocations that are to fail. */
  readonly faults: AllocationFaults = new AllocationFaults();
  /** What a real kernel would pay for with memory corruption. */
  readonly reports: KernelReport[] = [];
  /** By index, from `KVM_VIRTIO_CCW_NOTIFY_BUS` on only when asked for: making them is a third of making a VM. */
  readonly #buses: IoBus[];
  readonly #registry: IoeventfdRegistry;
  readonly #request = new IoeventfdRequest();
  readonly #zones: CoalescedZones;
  readonly #irqfds: Irqfds;
  readonly #irqchip: KernelIrqchip;

  /**
   * An empty VM.
   *
   * @param kvm The open `/dev/kvm` that makes it
   */
  constructor(kvm: Kvm) {
    super(kvm);
    const { bus: rules, ioeventfd, irqfd } = this.release;
    this.#buses = [new IoBus(rules, this.faults), new IoBus(rules, this.faults)];
    this.slots = new Memslots(
      this.release.memslots,
      (hva, size) => kvm.memoryAt(hva, size),
      this.faults,
    );
    this.ring = new CoalescedRing(rules, (report) => void this.reports.push(report));
    const shared = {
      faults: this.faults,
      bus: (index: number): IoBus => this.bus(index),
      lookupEventfd: (fd: number): EventfdContext => kvm.files.lookupEventfd(fd),
      report: (report: KernelReport): void => void this.reports.push(report),
    };
    this.#registry = new IoeventfdRegistry({ ...shared, rules: ioeventfd });
    this.#zones = new CoalescedZones({ ...shared, rules, ring: this.ring });
    const irqchip = new KernelIrqchip({
      hasVcpus: () => this.hasVcpus,
      bus: shared.bus,
      rules: this.release.vm,
    });
    this.#irqchip = irqchip;
    this.#irqfds = new Irqfds({ ...shared, rules: irqfd, irqchip });
  }

  /** What interrupt controllers the kernel has. */
  get irqchipMode(): IrqchipMode {
    return this.#irqchip.mode;
  }

  /** PIC and IOAPIC, or null: where {@linkcode Vm.irqchipMode} is full, and up to 4.4 beside a split one if asked for. */
  get irqchip(): Irqchip | null {
    return this.#irqchip.irqchip;
  }

  /**
   * One of its buses.
   *
   * @param index `KVM_MMIO_BUS` 0, `KVM_PIO_BUS` 1, `KVM_VIRTIO_CCW_NOTIFY_BUS` 2, `KVM_FAST_MMIO_BUS` 3
   * @returns The bus
   * @throws {RangeError} for another index
   */
  bus(index: number): IoBus {
    const made = this.#buses[index];
    if (made !== undefined) return made;
    if (BUS_NAMES[index] === undefined) throw new RangeError(`There is no bus ${index}`);
    const bus = new IoBus(this.release.bus, this.faults);
    if (this.teardown.length > 0) bus.destroy();
    return this.#buses[index] = bus;
  }

  /** What userspace registered and did not take away, in that order. */
  registrations(): RegistrationView[] {
    return [...this.#registry.registrations()].map(({ view }) => view);
  }

  /**
   * The raw door: any ioctl of a VM descriptor.
   *
   * @param request ioctl number
   * @param arg What the argument points at, or the argument itself; less bytes than the kernel copies are EFAULT
   * @param caller The process that calls; the VM's own unless told otherwise
   * @returns What the ioctl returns
   * @throws {KvmError} with the kernel's errno, whatever the input
   */
  ioctl(request: number, arg?: Uint8Array | number, caller: Kvm = this.kvm): number {
    this.checkEntry(caller);
    return vmIoctl(this, request, arg);
  }

  /**
   * `KVM_IOEVENTFD`.
   *
   * @param spec What to register
   * @throws {KvmError} EINVAL, EBADF, EEXIST, ENOSPC, ENOMEM
   * @throws {TypeError | RangeError} for what the typed spelling has no words for
   */
  assignIoeventfd(spec: IoeventfdSpec): void {
    this.#callIoeventfd(specRequest(this.#request, spec, 0));
  }

  /**
   * `KVM_IOEVENTFD` with DEASSIGN.
   *
   * @param spec What to take away
   * @throws {KvmError} EBADF, EINVAL, ENOENT
   * @throws {TypeError | RangeError} for what the typed spelling has no words for
   */
  deassignIoeventfd(spec: IoeventfdSpec): void {
    this.#callIoeventfd(specRequest(this.#request, spec, KVM_IOEVENTFD_FLAG_DEASSIGN));
  }

  /**
   * `KVM_IOEVENTFD` in the kernel's spelling.
   *
   * @param argument Fields of `struct kvm_ioeventfd`
   * @throws {KvmError} with the kernel's errno
   */
  ioeventfd(argument: IoeventfdArgument): void {
    const { addr, datamatch, len, flags, fd } = argument;
    this.#callIoeventfd(this.#request.set(addr, len, flags, fd, datamatch));
  }

  /**
   * `KVM_IRQFD`.
   *
   * @param argument Fields of `struct kvm_irqfd`
   * @throws {KvmError} EINVAL, EBADF, EBUSY, ENOMEM
   */
  irqfd(argument: Irqfd): void {
    this.checkOpen();
    this.#irqfds.call(argument);
  }

  /** `KVM_SET_USER_MEMORY_REGION`: EINVAL, EEXIST, ENOMEM. */
  setMemoryRegion(region: MemoryRegion): void {
    this.checkOpen();
    this.slots.set(checkRegion(region));
  }

  /** `KVM_REGISTER_COALESCED_MMIO`: EINVAL, ENOSPC, ENOMEM. */
  registerCoalesced(zone: CoalescedZone): void {
    this.callCoalesced(zoneRequest(zone), true);
  }

  /** `KVM_UNREGISTER_COALESCED_MMIO`: takes away every zone that contains this one; none is fine too. */
  unregisterCoalesced(zone: CoalescedZone): void {
    this.callCoalesced(zoneRequest(zone), false);
  }

  /** Takes the writes that coalesced zones kept, oldest first: {@linkcode CoalescedRing.take}. */
  takeCoalesced(): readonly CoalescedMmio[] {
    return this.ring.take();
  }

  /** @ignore Coalesced zones on words. */
  callCoalesced(zone: ZoneRequest, register: boolean): void {
    this.checkOpen();
    if (register) this.#zones.register(zone);
    else this.#zones.unregister(zone);
  }

  /** `KVM_CREATE_IRQCHIP`: PIC, IOAPIC and LAPICs in the kernel. EEXIST, EINVAL after a vCPU, ENOSPC. */
  createIrqchip(): void {
    this.checkOpen();
    this.#irqchip.create();
  }

  /** `KVM_CAP_SPLIT_IRQCHIP`: LAPICs in the kernel, PIC and IOAPIC in userspace. EEXIST, EINVAL after a vCPU. */
  enableSplitIrqchip(): void {
    this.checkOpen();
    this.#irqchip.enableSplit();
  }

  /**
   * `KVM_CREATE_PIT2`.
   *
   * @param speakerDummy Port 0x61 is the kernel's too
   * @throws {KvmError} EEXIST, ENOENT without PIC, ENOMEM also where the bus is full
   */
  createPit2(speakerDummy = false): void {
    this.checkOpen();
    this.#irqchip.createPit2(speakerDummy);
  }

  /**
   * `KVM_CREATE_VCPU`.
   *
   * @param id vCPU id
   * @throws {TypeError} always: a CPU is what `@ioeventfd/vmx-sim` adds
   */
  createVcpu(id: number): KvmVcpu {
    throw new TypeError(`vCPU ${id} cannot run: this VM has no CPU, VmxBackend of vmx-sim has`);
  }

  /**
   * One store or OUT by the guest, straight on memory slots and buses: local APICs first, then RAM, then the bus. There is
   * no CPU in this, so the fast MMIO bus is not asked.
   *
   * @param bus Address space written to
   * @param addr Guest physical address, or port
   * @param len 1, 2, 4 or 8 bytes (PIO: 1, 2 or 4)
   * @param value Value written, its low `len` bytes
   * @returns `kernel` when KVM took all of it, else `userspace`
   * @throws {TypeError | RangeError} for what no guest can do
   */
  guestWrite(
    bus: "mmio" | "pio",
    addr: bigint,
    len: number,
    value: bigint,
  ): "kernel" | "userspace" {
    if (this.destroyed) this.checkOpen();
    if (typeof value !== "bigint") throw new TypeError(`Value must be a bigint: got ${value}`);
    if (bus === "mmio" && (len === 4 || len === 2 || len === 1 || len === 8)) {
      const lo = lowWord(checkU64(addr, "Address")), hi = highWord();
      const vlo = lowWord(value), vhi = highWord();
      return this.store(lo, hi, len, vlo, vhi) ? "kernel" : "userspace";
    }
    if (bus === "pio" && (len === 1 || len === 2 || len === 4)) {
      const port = checkInteger(Number(checkU64(addr, "Port")), "Port", 0, 0xffff);
      return this.portWrite(port, len, lowWord(value)) ? "kernel" : "userspace";
    }
    if (bus !== "mmio" && bus !== "pio") throw new TypeError(`Bus must be "mmio" or "pio"`);
    throw new RangeError(`The guest cannot write ${len} bytes on ${bus}`);
  }

  /**
   * An OUT by the guest.
   *
   * @param port Port
   * @param len 1, 2 or 4 bytes
   * @param value Value written
   * @returns Whether the kernel took it
   */
  portWrite(port: number, len: number, value: number): boolean {
    // KERNEL 3.16 arch/x86/kvm/vmx.c vmx_init; 4.4 hardware_setup: port 0x80 does not exit
    if (port === 0x80 && len === 1 && this.release.x86.port80Bypass) return true;
    return this.#buses[KVM_PIO_BUS]!.write(port, 0, len, value, 0) === 0;
  }

  /**
   * A store by the guest to a guest physical address. Where it crosses a page, both parts are offered to the kernel.
   *
   * @param lo Address, low word
   * @param hi Address, high word
   * @param len 1 to 8 bytes
   * @param vlo Value, low word
   * @param vhi Value, high word
   * @returns Whether the kernel took all of it
   */
  store(lo: number, hi: number, len: number, vlo: number, vhi: number): boolean {
    return storeToGuest(this, this.#buses[KVM_MMIO_BUS]!, lo, hi, len, vlo, vhi);
  }

  /** Takes the irqfds away. */
  protected override shutDownIrqfds(): void {
    this.#irqfds.release();
    this.teardown.push("irqfds");
  }

  // KERNEL 6.19 virt/kvm/kvm_main.c kvm_destroy_vm
  /** Destroys the buses in order, each in the order of its array. */
  protected override destroyContents(): void {
    this.teardown.push("irq-routing");
    for (const [index, name] of BUS_NAMES.entries()) {
      this.#buses[index]?.destroy();
      this.teardown.push(`bus ${name}`);
    }
    this.teardown.push("coalesced-ring", "devices", "memslots");
  }

  #callIoeventfd(request: IoeventfdRequest): void {
    this.checkOpen();
    this.#registry.call(request);
  }
}

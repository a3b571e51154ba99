/**
 * A process and its VMs in the model, with the answers a replay asks for.
 *
 * @module
 */
import { EventfdContext } from "@ioeventfd/eventfd";
import { EOPNOTSUPP, type IoBus, type IoDevice, Kvm, type Vm } from "@ioeventfd/kvm-core";
import {
  encodeCoalescedMmioZone,
  encodeEnableCap,
  encodeIoeventfd,
  encodeIrqfd,
  encodePitConfig,
  encodeUserspaceMemoryRegion,
  errnoNumber,
  type Ioeventfd,
  type Irqfd,
  type KernelRelease,
  KVM_CAP_SPLIT_IRQCHIP,
  KVM_CREATE_IRQCHIP,
  KVM_CREATE_PIT2,
  KVM_ENABLE_CAP,
  KVM_FAST_MMIO_BUS,
  KVM_IOEVENTFD,
  KVM_IRQFD,
  KVM_MMIO_BUS,
  KVM_PIO_BUS,
  KVM_PIT_SPEAKER_DUMMY,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
  KvmError,
} from "@ioeventfd/uapi";
import { claim } from "./_claim.ts";

/** The recording has no host addresses, so all slots share this one: KVM allows it. */
const anyHostAddress = 0x1_0000n;

/** A coalesced zone as the recording names it. */
export interface RecordedZone {
  /** First address or port. */
  readonly addr: bigint;
  /** Bytes. */
  readonly size: number;
  /** 1 for ports. */
  readonly pio: number;
}

/** A memory region as the recording names it. */
export interface RecordedRegion {
  /** Slot id and address space. */
  readonly slot: number;
  /** `KVM_MEM_*`. */
  readonly flags: number;
  /** First guest physical address. */
  readonly gpa: bigint;
  /** Bytes, 0 deletes. */
  readonly size: bigint;
}

class WatchedEventfd extends EventfdContext {
  readonly #process: ModelProcess;

  constructor(process: ModelProcess, release: KernelRelease) {
    super(0, { rules: release.eventfd });
    this.#process = process;
  }

  override signal(): void {
    this.#process.signals++;
    super.signal();
  }
}

/** A process: its descriptors, and the signals of all its eventfds. */
export class ModelProcess {
  /** Signals so far. */
  signals = 0;
  readonly #release: KernelRelease;
  readonly #kvm: Kvm;
  readonly #eventfds = new Set<number>();

  /** @param release Rules of a kernel release */
  constructor(release: KernelRelease) {
    this.#release = release;
    this.#kvm = new Kvm({ release });
    this.#pin(this.#kvm.fd);
  }

  /** A VM of this process. */
  createVm(): ModelVm {
    const vm = this.#kvm.createVm();
    const unpin = this.#pin(vm.fd);
    return new ModelVm(this, vm, () => {
      vm[Symbol.dispose]();
      unpin();
    });
  }

  /** Descriptors of the recording may take the place of the model's own, which must live on. */
  #pin(fd: number): () => void {
    const file = this.#kvm.files.file(fd);
    file.acquire();
    return () => file.release();
  }

  /** The descriptor is an eventfd: the recording names it as one. */
  haveEventfd(fd: number): void {
    if (!this.#eventfds.has(fd)) this.freshEventfd(fd);
  }

  /** The descriptor is another eventfd than before: its number was used again. */
  freshEventfd(fd: number): void {
    if (fd < 0 || fd >= this.#kvm.files.limit) return;
    this.#eventfds.add(fd);
    const context = new WatchedEventfd(this, this.#release);
    this.#kvm.files.installEventfdAt(fd, context);
    context.release();
  }

  /** The descriptor is the same eventfd as another: a dup. */
  sameEventfd(fd: number, as: number): void {
    const { limit } = this.#kvm.files;
    if (fd < 0 || fd >= limit || as < 0 || as >= limit) return;
    this.haveEventfd(as);
    this.#eventfds.add(fd);
    this.#kvm.files.installEventfdAt(fd, this.#kvm.files.lookupEventfd(as));
  }

  /** The descriptor is closed. */
  close(fd: number): void {
    this.#eventfds.delete(fd);
    if (this.#kvm.files.fileIfOpen(fd) !== undefined) this.#kvm.files.close(fd);
  }
}

/** A VM in the model. System calls answer 0 or a negative errno, as the recording's `ret`. */
export class ModelVm {
  /** Its process. */
  readonly process: ModelProcess;
  readonly #vm: Vm;
  readonly #mmio: IoBus;
  readonly #pio: IoBus;
  readonly #fast: IoBus;
  readonly #scratch = new Uint8Array(8);
  #hasLapic = false;
  /** Why the last call was refused, null when it was not. */
  lastError: KvmError | null = null;

  /** Closes it. */
  readonly end: () => void;

  /** @param process Its process @param vm The VM @param end Closes it */
  constructor(process: ModelProcess, vm: Vm, end: () => void) {
    this.process = process;
    this.end = end;
    this.#vm = vm;
    this.#mmio = vm.bus(KVM_MMIO_BUS);
    this.#pio = vm.bus(KVM_PIO_BUS);
    this.#fast = vm.bus(KVM_FAST_MMIO_BUS);
  }

  /** `KVM_IOEVENTFD`. */
  ioeventfd(request: Ioeventfd): number {
    return this.#ioctl(KVM_IOEVENTFD, encodeIoeventfd(request));
  }

  /** `KVM_IRQFD`. */
  irqfd(request: Irqfd): number {
    return this.#ioctl(KVM_IRQFD, encodeIrqfd(request));
  }

  /** `KVM_REGISTER_COALESCED_MMIO`, or its opposite. */
  coalesced(zone: RecordedZone, register: boolean): number {
    const request = register ? KVM_REGISTER_COALESCED_MMIO : KVM_UNREGISTER_COALESCED_MMIO;
    return this.#ioctl(request, encodeCoalescedMmioZone(zone));
  }

  /** `KVM_SET_USER_MEMORY_REGION`. */
  memoryRegion({ slot, flags, gpa, size }: RecordedRegion): number {
    const region = {
      slot,
      flags,
      guestPhysAddr: gpa,
      memorySize: size,
      userspaceAddr: anyHostAddress,
    };
    return this.#ioctl(KVM_SET_USER_MEMORY_REGION, encodeUserspaceMemoryRegion(region));
  }

  /** `KVM_CREATE_IRQCHIP`. */
  createIrqchip(): number {
    const answer = this.#ioctl(KVM_CREATE_IRQCHIP, 0);
    if (answer === 0) this.#hasLapic = true;
    return answer;
  }

  /** `KVM_CREATE_PIT2`, with the speaker port or without. */
  createPit(speaker: boolean): number {
    const flags = speaker ? KVM_PIT_SPEAKER_DUMMY : 0;
    return this.#ioctl(KVM_CREATE_PIT2, encodePitConfig({ flags }));
  }

  /** `KVM_ENABLE_CAP` of a split interrupt controller. */
  enableSplitIrqchip(): number {
    const cap = { cap: KVM_CAP_SPLIT_IRQCHIP, flags: 0, args: [24n, 0n, 0n, 0n] };
    const answer = this.#ioctl(KVM_ENABLE_CAP, encodeEnableCap(cap));
    if (answer === 0) this.#hasLapic = true;
    return answer;
  }

  /** The local APIC is in the kernel. */
  get hasLapic(): boolean {
    return this.#hasLapic;
  }

  /** A write by the guest; who takes it. A coalesced zone and a device are told apart by the caller. */
  write(
    bus: number,
    lo: number,
    hi: number,
    len: number,
    valueLo: number,
    valueHi: number,
  ): number {
    if (bus !== KVM_PIO_BUS && this.#atLapic(lo, hi)) return claim.device;
    const before = this.process.signals;
    const answer = (bus === KVM_PIO_BUS ? this.#pio : this.#mmio)
      .write(lo, hi, len, valueLo, valueHi);
    if (answer !== 0) return claim.none;
    return this.process.signals !== before ? claim.ioeventfd : claim.device;
  }

  /** Who would take a write; it leaves no trace but the counters of eventfds, which nobody reads. */
  probe(
    bus: number,
    lo: number,
    hi: number,
    len: number,
    valueLo: number,
    valueHi: number,
  ): number {
    const { ring } = this.#vm;
    const { first, last } = ring;
    ring.first = last;
    const answer = this.write(bus, lo, hi, len, valueLo, valueHi);
    ring.first = first;
    ring.last = last;
    return answer;
  }

  // KERNEL 6.19 arch/x86/kvm/i8254.c kvm_create_pit: 4 ports on the bus, of which it answers one
  /** The speaker port of the timer is on the bus, or is not. */
  haveSpeaker(there: boolean): void {
    if (there) this.#pio.register(0x61, 0, 4, this.#speaker);
    else this.#pio.unregister(this.#speaker);
  }

  readonly #speaker: IoDevice = {
    write: (lo) => lo === 0x61 ? 0 : EOPNOTSUPP,
    read: (lo) => lo === 0x61 ? 0 : EOPNOTSUPP,
    label: "speaker",
  };

  /** A read by the guest; whether a device in the kernel answers. */
  read(bus: number, lo: number, hi: number, len: number): boolean {
    if (bus !== KVM_PIO_BUS && this.#atLapic(lo, hi)) return true;
    if (len < 1 || len > 8) return false;
    return (bus === KVM_PIO_BUS ? this.#pio : this.#mmio).read(lo, hi, len, this.#scratch) === 0;
  }

  /** A write on the fast path; whether an ioeventfd takes it. */
  fastWrite(lo: number, hi: number): boolean {
    return this.#fast.write(lo, hi, 0, 0, 0) === 0;
  }

  /** Userspace takes what the coalesced ring holds. */
  drainRing(): void {
    const { ring } = this.#vm;
    if (ring.first !== ring.last) ring.first = ring.last;
  }

  #atLapic(lo: number, hi: number): boolean {
    return this.#hasLapic && hi === 0 && (lo & ~0xfff) === (0xfee00000 | 0);
  }

  #ioctl(request: number, argument: Uint8Array | number): number {
    this.lastError = null;
    try {
      return this.#vm.ioctl(request, argument);
    } catch (error) {
      if (!(error instanceof KvmError)) throw error;
      this.lastError = error;
      return -errnoNumber(error.code);
    }
  }
}

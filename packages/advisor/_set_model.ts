import { CoreBackend, Ioeventfd, ReferenceBus } from "@ioeventfd/kvm-core";
import type { BusEntry, IoDevice, IoRange, Kvm, Vm } from "@ioeventfd/kvm-core";
import {
  encodeIoeventfd,
  KVM_FAST_MMIO_BUS,
  KVM_IOEVENTFD,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_MEM_READONLY,
  KVM_MMIO_BUS,
  KVM_PIO_BUS,
  type KvmError,
  refusalOf,
  splitWords,
} from "@ioeventfd/uapi";
import type { KernelRelease, Registration } from "@ioeventfd/uapi";
import type { BusEvent } from "./_bus_history.ts";
import { busIndexOf } from "./_describe.ts";
import { placeOf } from "./_place_of.ts";
import { rangeOf } from "./_range_of.ts";
import type { RegistrationSet, SetEntry } from "./registration_set.ts";
import { takerOf } from "./_taker_of.ts";

/** All memory may lie at one address of the process: nothing reads it here. */
const anyHostAddress = 0x1_0000_0000n;
const lapicPage = 0xfee0_0000n >> 12n;

/** Who takes a write before any bus is asked, or on it. */
export type Taker =
  | { readonly by: "step"; readonly step: number }
  | { readonly by: "lapic" }
  | { readonly by: "nobody" };

/** A set carried out on the model. */
export class SetModel implements Disposable {
  readonly release: KernelRelease;
  /** What happened on each bus, by index. */
  readonly events: ReadonlyMap<number, readonly BusEvent[]>;
  /** What refused each step, or null. */
  readonly refusals: (KvmError | null)[] = [];
  readonly #kvm: Kvm;
  readonly #vm: Vm;
  readonly #fds = new Map<string, number>();
  readonly #events: Map<number, BusEvent[]> = new Map([0, 1, 2].map((bus) => [bus, []]));
  readonly #made: number[] = [];
  readonly #assigns = new Set<number>();
  readonly #stepOfDevice = new Map<IoDevice, number>();
  /** Registrations in force by what tells them apart. */
  readonly #live = new Map<string, number>();
  readonly #stepOfSlot = new Map<number, number>();
  readonly #buses = new Map<number, ReferenceBus>();
  #nextSlot = 0;
  #hasLapic = false;

  constructor(set: RegistrationSet, release: KernelRelease) {
    this.release = release;
    this.events = this.#events;
    this.#kvm = new CoreBackend({ release }).open();
    this.#vm = this.#kvm.createVm();
    for (const entry of set) this.take(entry);
  }

  /** One step more; gives what refused it. */
  take(entry: SetEntry): KvmError | null {
    const refused = this.#take(entry, this.refusals.length);
    this.refusals.push(refused);
    return refused;
  }

  /** Array of a bus, in the kernel's order. */
  entries(bus: number): readonly BusEntry[] {
    return this.#vm.bus(bus).entries();
  }

  /** Which step put an entry on its bus. */
  stepOf({ device }: BusEntry): number {
    if (device instanceof Ioeventfd) return this.#made[device.sequence]!;
    return this.#stepOfDevice.get(device)!;
  }

  /** Which step a refused one collided with, or null where it did not. */
  collidedWith({ reason }: KvmError): number | null {
    return reason.collidesWith === undefined ? null : this.#made[reason.collidesWith.sequence]!;
  }

  /** Why a step was refused. The kernel's words count registrations, these count steps. */
  refusalText(refused: KvmError, nameOf = (step: number): string => `#${step}`): string {
    const { collidesWith, detail } = refused.reason;
    const step = this.collidedWith(refused);
    if (collidesWith === undefined || step === null) return detail;
    return detail.replace(`registration ${collidesWith.sequence} (`, `${nameOf(step)} (`);
  }

  /** Whether a step made a registration. */
  isRegistration(step: number): boolean {
    return this.#assigns.has(step);
  }

  /** Registrations in force, by step. */
  inForce(): number[] {
    return this.#vm.registrations().map(({ sequence }) => this.#made[sequence]!)
      .sort((a, b) => a - b);
  }

  /** Who takes a guest write; nothing changes by asking. */
  taker(bus: number, addr: bigint, len: number, value: bigint): Taker {
    if (bus === KVM_MMIO_BUS) {
      const slot = this.#vm.slots.find(Number(addr));
      if (slot !== null && (slot.flags & KVM_MEM_READONLY) === 0) {
        return { by: "step", step: this.#stepOfSlot.get(slot.id)! };
      }
      if (this.#hasLapic && addr >> 12n === lapicPage) return { by: "lapic" };
    }
    const entry = takerOf(this.#reference(bus), { addr, len, value });
    return entry === null ? { by: "nobody" } : { by: "step", step: this.stepOf(entry) };
  }

  /** Whether the fast MMIO bus holds a zero-length registration at an address. */
  onFastBus(addr: bigint): boolean {
    const { lo, hi } = splitWords(addr);
    return this.release.x86.fastMmio && this.#reference(KVM_FAST_MMIO_BUS).first(lo, hi, 0) >= 0;
  }

  [Symbol.dispose](): void {
    this.#vm[Symbol.dispose]();
    this.#kvm[Symbol.dispose]();
  }

  #take(entry: SetEntry, step: number): KvmError | null {
    this.#buses.clear();
    switch (entry.kind) {
      case "assign":
        return this.#assign(entry, step);
      case "deassign":
        return this.#deassign(entry);
      case "ram":
        return refusalOf(() => this.#addRam(entry, step));
      default:
        return this.#device(entry, step);
    }
  }

  #assign({ registration, eventfd }: SetEntry & { kind: "assign" }, step: number): KvmError | null {
    const refused = refusalOf(() => this.#register(registration, this.#fd(eventfd)));
    if (refused !== null) return refused;
    this.#made.push(step);
    this.#assigns.add(step);
    this.#live.set(placeOf(registration), step);
    const range = rangeOf(registration);
    this.#events.get(busIndexOf(registration))!.push({ kind: "insert", step, range });
    return null;
  }

  #deassign({ registration, eventfd }: SetEntry & { kind: "deassign" }): KvmError | null {
    const flags = (registration.flags | KVM_IOEVENTFD_FLAG_DEASSIGN) >>> 0;
    const refused = refusalOf(() => this.#register({ ...registration, flags }, this.#fd(eventfd)));
    if (refused !== null) return refused;
    const step = this.#live.get(placeOf(registration))!;
    this.#live.delete(placeOf(registration));
    const range = rangeOf(registration);
    this.#events.get(busIndexOf(registration))!.push({ kind: "remove", step, range });
    return null;
  }

  #register({ addr, len, flags, datamatch }: Registration, fd: number): void {
    this.#vm.ioctl(KVM_IOEVENTFD, encodeIoeventfd({ addr, len, flags, datamatch, fd }));
  }

  #fd(key: string): number {
    const known = this.#fds.get(key);
    if (known !== undefined) return known;
    const fd = this.#kvm.eventfd(0, 0);
    this.#fds.set(key, fd);
    return fd;
  }

  #addRam(entry: SetEntry & { kind: "ram" }, step: number): void {
    const { gpa, size, readonly } = entry;
    const flags = readonly ? KVM_MEM_READONLY : 0;
    const slot = entry.slot ?? this.#nextSlot;
    this.#vm.setMemoryRegion({ slot, flags, gpa, size, hva: anyHostAddress });
    this.#nextSlot = Math.max(this.#nextSlot, slot + 1);
    this.#stepOfSlot.set(slot, step);
  }

  /** What is new on the buses afterwards is this step's; what is gone was another's. */
  #device(
    entry: SetEntry & { kind: "zone" | "irqchip" | "split-irqchip" | "pit" },
    step: number,
  ): KvmError | null {
    const before = this.#devices();
    const refused = refusalOf(() => this.#changeDevices(entry));
    if (refused !== null) return refused;
    if (entry.kind.endsWith("irqchip")) this.#hasLapic = true;
    const after = this.#devices();
    for (const [device, { bus, range }] of before) {
      const owner = this.#stepOfDevice.get(device);
      if (after.has(device) || owner === undefined) continue;
      this.#events.get(bus)!.push({ kind: "remove", step: owner, range });
    }
    for (const [device, { bus, range }] of after) {
      if (before.has(device)) continue;
      this.#stepOfDevice.set(device, step);
      this.#events.get(bus)!.push({ kind: "insert", step, range });
    }
    return null;
  }

  #changeDevices(entry: SetEntry & { kind: "zone" | "irqchip" | "split-irqchip" | "pit" }): void {
    switch (entry.kind) {
      case "zone":
        return entry.remove
          ? this.#vm.unregisterCoalesced(entry)
          : this.#vm.registerCoalesced(entry);
      case "irqchip":
        return this.#vm.createIrqchip();
      case "split-irqchip":
        return this.#vm.enableSplitIrqchip();
      case "pit":
        return this.#vm.createPit2(false);
    }
  }

  #devices(): Map<IoDevice, { readonly bus: number; readonly range: IoRange }> {
    return new Map(
      [KVM_MMIO_BUS, KVM_PIO_BUS].flatMap((bus) =>
        this.entries(bus).map(({ lo, hi, len, device }) =>
          [device, { bus, range: { lo, hi, len } }] as const
        )
      ),
    );
  }

  #reference(bus: number): ReferenceBus {
    const known = this.#buses.get(bus);
    if (known !== undefined) return known;
    const reference = new ReferenceBus(this.release.bus);
    reference.adopt(this.entries(bus));
    this.#buses.set(bus, reference);
    return reference;
  }
}

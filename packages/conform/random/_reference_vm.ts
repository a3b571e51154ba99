import type { Kvm } from "@ioeventfd/kvm-core";
import {
  busFromFlags,
  type CoalescedMmio,
  type CoalescedZone,
  datamatchOf,
  decodeCoalescedMmioZone,
  decodeIoeventfd,
  decodeUserspaceMemoryRegion,
  encodeCoalescedMmioZone,
  encodeIoeventfd,
  hex,
  type Ioeventfd,
  type IoeventfdBus,
  type IoeventfdSpec,
  type KernelRelease,
  KVM_COALESCED_MMIO_MAX,
  KVM_IOEVENTFD,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_MEM_READONLY,
  KVM_REGISTER_COALESCED_MMIO,
  KVM_SET_USER_MEMORY_REGION,
  KVM_UNREGISTER_COALESCED_MMIO,
  type KvmVcpu,
  type KvmVm,
  type MemoryRegion,
  specToIoeventfd,
  toCoalescedMmioZone,
  toMemoryRegion,
} from "@ioeventfd/uapi";
import { PlainBus, type PlainDevice } from "./_plain_bus.ts";
import { type PlainEventfd, type PlainFiles, refuse } from "./_plain_eventfds.ts";
import { PlainFastPath } from "./_plain_fast_path.ts";
import { PlainSlots } from "./_plain_slots.ts";

const mostDevices = 1000;
const PAGE = 0x1000n;

interface Registered extends PlainDevice {
  readonly bus: IoeventfdBus;
  readonly context: PlainEventfd;
  /** Null for a wildcard. */
  readonly datamatch: bigint | null;
}

interface Zone extends PlainDevice {
  readonly pio: boolean;
  readonly size: bigint;
}

/** A VM with lists for registrations and plain buses. */
export class ReferenceVm implements KvmVm {
  readonly #files: PlainFiles;
  readonly #release: KernelRelease;
  readonly #buses: Readonly<Record<IoeventfdBus, PlainBus>>;
  readonly #slots: PlainSlots;
  readonly #registered: Registered[] = [];
  readonly #zones: Zone[] = [];
  readonly #ring: CoalescedMmio[] = [];
  readonly #fast: PlainFastPath | null;
  #ringFirst = 0;

  constructor(kvm: Kvm, files: PlainFiles, paging: "ept" | "shadow") {
    this.#files = files;
    this.#release = kvm.release;
    const { bus, memslots } = kvm.release;
    this.#buses = { mmio: new PlainBus(bus), pio: new PlainBus(bus), ccw: new PlainBus(bus) };
    this.#slots = new PlainSlots(memslots, (hva, size) => kvm.memoryAt(hva, size));
    const hasFastBus = paging === "ept" && kvm.release.x86.fastMmio;
    this.#fast = hasFastBus ? new PlainFastPath() : null;
  }

  ioctl(request: number, arg?: Uint8Array | number): number {
    if (!(arg instanceof Uint8Array)) throw new TypeError("This VM takes structs only");
    switch (request) {
      case KVM_IOEVENTFD:
        this.#ioeventfd(decodeIoeventfd(arg));
        return 0;
      case KVM_REGISTER_COALESCED_MMIO:
      case KVM_UNREGISTER_COALESCED_MMIO:
        this.#zone(decodeCoalescedMmioZone(arg), request === KVM_REGISTER_COALESCED_MMIO);
        return 0;
      case KVM_SET_USER_MEMORY_REGION:
        this.setMemoryRegion(toMemoryRegion(decodeUserspaceMemoryRegion(arg)));
        return 0;
    }
    throw new TypeError(`This VM has no ioctl ${hex(request)}`);
  }

  assignIoeventfd(spec: IoeventfdSpec): void {
    this.ioctl(KVM_IOEVENTFD, encodeIoeventfd(specToIoeventfd(spec)));
  }

  deassignIoeventfd(spec: IoeventfdSpec): void {
    this.ioctl(KVM_IOEVENTFD, encodeIoeventfd(specToIoeventfd(spec, { deassign: true })));
  }

  setMemoryRegion(region: MemoryRegion): void {
    const change = this.#slots.set(region);
    this.#fast?.changed(change);
  }

  registerCoalesced(zone: CoalescedZone): void {
    const bytes = encodeCoalescedMmioZone(toCoalescedMmioZone(zone));
    this.ioctl(KVM_REGISTER_COALESCED_MMIO, bytes);
  }

  unregisterCoalesced(zone: CoalescedZone): void {
    const bytes = encodeCoalescedMmioZone(toCoalescedMmioZone(zone));
    this.ioctl(KVM_UNREGISTER_COALESCED_MMIO, bytes);
  }

  createIrqchip(): void {
    throw new TypeError("This VM has no interrupt controllers");
  }

  createVcpu(id: number): KvmVcpu {
    throw new TypeError(`vCPU ${id} cannot run: this VM has no CPU`);
  }

  takeCoalesced(): readonly CoalescedMmio[] {
    this.#ringFirst = (this.#ringFirst + this.#ring.length) % KVM_COALESCED_MMIO_MAX;
    return this.#ring.splice(0);
  }

  guestWrite(
    bus: "mmio" | "pio",
    addr: bigint,
    len: number,
    value: bigint,
  ): "kernel" | "userspace" {
    const written = BigInt.asUintN(len * 8, value);
    if (bus === "pio") return this.#offer("pio", addr, len, written) ? "kernel" : "userspace";
    const room = Number(PAGE - (addr & (PAGE - 1n)));
    const first = Math.min(len, room);
    const parts = [this.#store(addr, first, BigInt.asUintN(first * 8, written))];
    if (first < len) {
      const rest = written >> BigInt(first * 8);
      parts.push(this.#store(addr + BigInt(first), len - first, rest));
    }
    return parts.every((taken) => taken) ? "kernel" : "userspace";
  }

  #store(addr: bigint, len: number, value: bigint): boolean {
    if (this.#fast?.isMarked(addr) && this.#ringFast(addr)) return true;
    const slot = this.#slots.at(addr);
    this.#fast?.settle(addr, slot !== null);
    if (slot === null || (slot.flags & KVM_MEM_READONLY) !== 0) {
      return this.#offer("mmio", addr, len, value);
    }
    for (let i = 0; i < len && slot.bytes !== null; i++) {
      slot.bytes[Number(addr - slot.gpa) + i] = Number(value >> BigInt(8 * i) & 0xffn);
    }
    return true;
  }

  // KERNEL 6.19 arch/x86/kvm/vmx/vmx.c handle_ept_misconfig
  #ringFast(addr: bigint): boolean {
    const hit = this.#registered.find((one) =>
      one.len === 0 && one.addr === addr &&
      (one.bus === "mmio" || one.bus === "ccw" && this.#release.ioeventfd.fastBusTakesCcw)
    );
    hit?.context.signal();
    return hit !== undefined;
  }

  #offer(bus: "mmio" | "pio", addr: bigint, len: number, value: bigint): boolean {
    const device = this.#buses[bus].write(addr, len, value);
    if (device === null) return false;
    const hit = this.#registered.find((one) => one === device);
    if (hit !== undefined) hit.context.signal();
    return true;
  }

  // KERNEL 6.19 virt/kvm/eventfd.c kvm_ioeventfd
  #ioeventfd(call: Ioeventfd): void {
    if ((call.flags & KVM_IOEVENTFD_FLAG_DEASSIGN) !== 0) this.#deassign(call);
    else this.#assign(call);
  }

  #assign(call: Ioeventfd): void {
    const { addr, len, flags, fd } = call;
    const { zeroLengthMmio, zeroLengthPio, validFlags } = this.#release.ioeventfd;
    const bus = busFromFlags(flags), datamatch = datamatchOf(call);
    const zeroLength = bus === "pio" ? zeroLengthPio : zeroLengthMmio;
    if (![1, 2, 4, 8].includes(len) && !(len === 0 && zeroLength)) refuse("EINVAL", "length");
    if (addr + BigInt(len) >> 64n !== 0n) refuse("EINVAL", "wrap");
    if ((flags & ~validFlags) !== 0) refuse("EINVAL", "flags");
    if (len === 0 && datamatch !== null) refuse("EINVAL", "zero-length");
    const context = this.#files.context(fd);
    const collides = this.#registered.some((one) =>
      one.bus === bus && one.addr === addr &&
      (one.len === 0 || len === 0 ||
        one.len === len &&
          (one.datamatch === null || datamatch === null || one.datamatch === datamatch))
    );
    if (collides) refuse("EEXIST", "collision");
    this.#checkRoom(bus);
    const added: Registered = {
      bus,
      addr,
      len,
      datamatch,
      context,
      takes: (where, bytes, value) =>
        where === addr && (len === 0 || bytes === len && (datamatch ?? value) === value),
    };
    this.#registered.push(added);
    this.#buses[bus].add(added);
  }

  #deassign(call: Ioeventfd): void {
    const context = this.#files.context(call.fd);
    const bus = busFromFlags(call.flags), datamatch = datamatchOf(call);
    const at = this.#registered.findIndex((one) =>
      one.bus === bus && one.context === context && one.addr === call.addr &&
      one.len === call.len && one.datamatch === datamatch
    );
    if (at === -1) refuse("ENOENT", "not-found");
    const [gone] = this.#registered.splice(at, 1);
    this.#buses[bus].remove(gone!);
  }

  #checkRoom(bus: IoeventfdBus): void {
    const others = this.#zones.filter(({ pio }) => pio === (bus === "pio"));
    if (bus !== "ccw" && others.length >= mostDevices) refuse("ENOSPC", "bus-full");
  }

  // KERNEL 6.19 virt/kvm/coalesced_mmio.c
  #zone(call: { addr: bigint; size: number; pio: number }, register: boolean): void {
    const { addr, size } = call;
    if (this.#release.bus.coalescedPio && call.pio > 1) refuse("EINVAL", "pio");
    const pio = this.#release.bus.coalescedPio && call.pio === 1;
    const bus = this.#buses[pio ? "pio" : "mmio"];
    if (register) {
      this.#checkRoom(pio ? "pio" : "mmio");
      const zone: Zone = {
        pio,
        addr,
        len: size | 0,
        size: BigInt(size),
        takes: (where, len, value) =>
          within(zone, where, len) && this.#coalesce(zone, where, len, value),
      };
      this.#zones.push(zone);
      bus.add(zone);
      return;
    }
    for (
      const zone of this.#zones.filter((one) => one.pio === pio && within(one, addr, size | 0))
    ) {
      this.#zones.splice(this.#zones.indexOf(zone), 1);
      bus.remove(zone);
    }
  }

  #coalesce(zone: Zone, physAddr: bigint, len: number, value: bigint): boolean {
    if (this.#ringIsFull()) return false;
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigUint64(0, value, true);
    const pio = zone.pio ? 1 : 0;
    this.#ring.push({ physAddr, len, pio, data });
    return true;
  }

  // KERNEL 4.4 virt/kvm/coalesced_mmio.c coalesced_mmio_has_room; 6.19 coalesced_mmio_write
  #ringIsFull(): boolean {
    const kept = this.#ring.length, most = KVM_COALESCED_MMIO_MAX;
    if (this.#release.bus.coalescedRingFull === "one-left") return kept === most - 1;
    const last = (this.#ringFirst + kept) % most;
    return (this.#ringFirst - last - 1 >>> 0) % most === 0;
  }

  /** There is nothing to close. */
  [Symbol.dispose](): void {}
}

// KERNEL 6.19 virt/kvm/coalesced_mmio.c coalesced_mmio_in_range
function within({ addr, size }: Zone, from: bigint, len: number): boolean {
  return len >= 0 && from + BigInt(len) < 1n << 64n && from >= addr &&
    from + BigInt(len) <= addr + size;
}

/**
 * Random histories: registrations that overlap and touch, eventfds that come and go, zones, slots, interrupt controllers,
 * and a guest that writes among them.
 *
 * @module
 */
import {
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  KVM_IOEVENTFD_FLAG_DATAMATCH,
  KVM_IOEVENTFD_FLAG_DEASSIGN,
  KVM_IOEVENTFD_FLAG_FAST_MMIO,
  KVM_IOEVENTFD_FLAG_PIO,
  KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY,
} from "@ioeventfd/uapi";
import type {
  DescriptorName,
  HistoryOp,
  IoeventfdOp,
  SlotOp,
  VmOp,
  WriteOp,
  ZoneOp,
} from "../history.ts";
import { KVM_COALESCED_MMIO_MAX } from "@ioeventfd/kvm-core";
import {
  added,
  controls,
  fullBusOnceIn,
  memory,
  memoryOfControllers,
  mostDevices,
  ports,
  portsOfControllers,
  values,
} from "./_history_places.ts";
import { drawSlot } from "./_draw_slot.ts";
import type { Draw } from "./draw.ts";

const DATAMATCH = KVM_IOEVENTFD_FLAG_DATAMATCH, DEASSIGN = KVM_IOEVENTFD_FLAG_DEASSIGN;
const PIO = KVM_IOEVENTFD_FLAG_PIO, CCW = KVM_IOEVENTFD_FLAG_VIRTIO_CCW_NOTIFY;
const PAGE = 0x1000n, LAPIC_PAGE = 0xfee00n;

/** A history to be played. */
export interface HistoryDraft {
  /** VMs that there are at the start. */
  readonly vms: number;
  /** What is done. */
  readonly ops: readonly HistoryOp[];
}

/** What a history may contain. */
export interface HistoryShape {
  /** Interrupt controllers and timers in the kernel. */
  readonly irqchips: boolean;
  /** Zero-length registrations in memory, which a fast MMIO bus answers otherwise. */
  readonly zeroLengthMmio: boolean;
  /** Stores that cross the end of a page; where absent they are. */
  readonly pageCrossing?: boolean;
  /** Memory slots that come and go; where absent they do. */
  readonly slots?: boolean;
}

/**
 * Draws a history. Its last steps look at every eventfd, ring and page that it used.
 *
 * @param draw Where chance comes from
 * @param shape What it may contain
 * @returns The history
 */
export function drawHistory(draw: Draw, shape: HistoryShape): HistoryDraft {
  return new HistoryDrawer(draw, shape).draw();
}

class HistoryDrawer {
  readonly #draw: Draw;
  readonly #ops: HistoryOp[] = [];
  readonly #vms: number[];
  readonly #count: number;
  readonly #eventfds: number[] = [];
  readonly #registered: IoeventfdOp[] = [];
  readonly #zones: ZoneOp[] = [];
  readonly #slots: SlotOp[] = [];
  readonly #controlled: boolean;
  readonly #zeroLengthMmio: boolean;
  readonly #pageCrossing: boolean;
  readonly #maySlot: boolean;
  readonly #memory: bigint;
  readonly #port: bigint;
  #names = 0;

  constructor(draw: Draw, shape: HistoryShape) {
    this.#draw = draw;
    this.#count = draw.oneIn(3) ? draw.int(2, 3) : 1;
    this.#vms = Array.from({ length: this.#count }, (_, i) => i);
    this.#zeroLengthMmio = shape.zeroLengthMmio;
    this.#pageCrossing = shape.pageCrossing ?? true;
    this.#maySlot = shape.slots ?? true;
    this.#controlled = shape.irqchips && draw.oneIn(4);
    this.#memory = draw.pick(this.#controlled && draw.oneIn(2) ? memoryOfControllers : memory);
    this.#port = draw.pick(this.#controlled && draw.oneIn(2) ? portsOfControllers : ports);
  }

  draw(): HistoryDraft {
    const draw = this.#draw;
    this.#eventfd();
    this.#eventfd();
    if (this.#controlled) this.#beforeControllers();
    if (draw.oneIn(fullBusOnceIn)) this.#fill();
    for (let left = draw.int(3, 22); left > 0; left--) this.#step();
    this.#look();
    return { vms: this.#count, ops: this.#ops };
  }

  #step(): void {
    const draw = this.#draw;
    const chance = draw.int(0, 99);
    if (chance < 28) this.#assign();
    else if (chance < 38) this.#deassign();
    else if (chance < 72) this.#write();
    else if (chance < 80) this.#zone();
    else if (chance < 84) this.#slot();
    else if (chance < 98) this.#descriptor();
    else if (this.#vms.length > 1) this.#destroy();
    else this.#eventfd();
  }

  /** Registrations made before there are controllers in the kernel, as some VMMs do. */
  #beforeControllers(): void {
    const draw = this.#draw;
    for (let left = draw.int(0, 4); left > 0; left--) this.#assign();
    const vm = draw.pick(this.#vms);
    this.#ops.push({ op: draw.pick(controls), vm });
    if (draw.oneIn(3)) this.#ops.push({ op: draw.pick(["pit", "speaker"]), vm });
    if (draw.oneIn(8)) this.#ops.push({ op: draw.pick(controls), vm });
  }

  /** Zones until a bus is full, or nearly so. */
  #fill(): void {
    const draw = this.#draw;
    const vm = draw.pick(this.#vms), pio = draw.int(0, 1);
    const first = pio === 1 ? 0x1000n : 0x8000_0000n;
    for (let i = 0, count = draw.int(mostDevices - 4, mostDevices + 2); i < count; i++) {
      const zone: ZoneOp = { op: "zone", vm, addr: first + BigInt(8 * i), size: 4, pio };
      this.#ops.push(zone);
      if (i === 0) this.#zones.push(zone);
    }
  }

  #eventfd(): void {
    const draw = this.#draw;
    const fd = this.#names++;
    const flags = EFD_NONBLOCK | (draw.oneIn(5) ? EFD_SEMAPHORE : 0) | (draw.oneIn(40) ? 2 : 0);
    this.#ops.push({ op: "eventfd", fd, initial: draw.oneIn(5) ? draw.int(0, 9) : 0, flags });
    this.#eventfds.push(fd);
  }

  #descriptor(): void {
    const draw = this.#draw;
    const signalled = this.#registered.map(({ fd }) => fd).filter((fd) => typeof fd === "number");
    const fd = draw.pick(signalled.length > 0 && draw.oneIn(2) ? signalled : this.#eventfds);
    const chance = draw.int(0, 9);
    if (chance < 2) this.#ops.push({ op: "read", fd });
    else if (chance < 4) this.#ops.push({ op: "add", fd, value: draw.pick(added) });
    else if (chance < 5) this.#ops.push({ op: "poll", fd });
    else if (chance < 7) this.#close();
    else if (chance < 8) this.#eventfd();
    else if (chance < 9) {
      const copy = this.#names++;
      this.#ops.push({ op: "dup", fd: copy, of: fd });
      this.#eventfds.push(copy);
    } else {
      const other = this.#names++;
      const kind = draw.pick(["pipe", "file", "epoll", "timerfd", "o_path"] as const);
      this.#ops.push({ op: "open", fd: other, kind });
      this.#ops.push({ ...this.#registration(), fd: other });
    }
  }

  /** Closes an eventfd, and now and then registers what it is registered for once more, with another. */
  #close(): void {
    const draw = this.#draw;
    const again = this.#registered.length > 0 && draw.oneIn(2) ? draw.pick(this.#registered) : null;
    const fd = typeof again?.fd === "number" ? again.fd : draw.pick(this.#eventfds);
    this.#ops.push({ op: "close", fd });
    if (again === null || !this.#vms.includes(again.vm)) return;
    this.#ops.push({ ...again, fd: draw.pick(this.#eventfds) });
  }

  #assign(): void {
    const op = this.#registration();
    this.#registered.push(op);
    this.#ops.push(op);
  }

  #registration(): IoeventfdOp {
    const draw = this.#draw;
    if (this.#registered.length > 0 && draw.oneIn(6)) {
      return {
        ...draw.pick(this.#registered),
        fd: this.#anyDescriptor(),
        vm: draw.pick(this.#vms),
      };
    }
    const drawn = draw.oneIn(30) ? draw.pick([3, 5, 16]) : draw.pick([0, 0, 1, 2, 4, 4, 8]);
    const bus = draw.oneIn(2) ? 0 : draw.oneIn(12) ? CCW : PIO;
    const len = drawn === 0 && bus === 0 && !this.#zeroLengthMmio ? 2 : drawn;
    const match = draw.oneIn(3) && (len !== 0 || draw.oneIn(10)) ? DATAMATCH : 0;
    const hint = draw.oneIn(20) ? KVM_IOEVENTFD_FLAG_FAST_MMIO : draw.oneIn(60) ? 0x20 : 0;
    return {
      op: "ioeventfd",
      vm: draw.pick(this.#vms),
      fd: this.#anyDescriptor(),
      addr: this.#near(bus === PIO ? "pio" : "mmio"),
      len,
      flags: bus | match | hint,
      datamatch: draw.pick(values),
    };
  }

  #anyDescriptor(): DescriptorName {
    return this.#draw.oneIn(40) ? "minus1" : this.#draw.pick(this.#eventfds);
  }

  #deassign(): void {
    const draw = this.#draw;
    const like = this.#registered.length > 0 ? draw.pick(this.#registered) : this.#registration();
    let op: IoeventfdOp = { ...like, flags: like.flags | DEASSIGN };
    if (draw.oneIn(4)) op = { ...op, fd: this.#anyDescriptor() };
    if (draw.oneIn(8)) op = { ...op, len: draw.pick([0, 1, 2, 4, 8]) };
    if (draw.oneIn(8)) op = { ...op, flags: op.flags ^ DATAMATCH };
    if (draw.oneIn(8)) op = { ...op, datamatch: draw.pick(values) };
    if (!this.#vms.includes(op.vm)) op = { ...op, vm: draw.pick(this.#vms) };
    this.#ops.push(op);
  }

  #near(bus: "mmio" | "pio"): bigint {
    const addr = (bus === "pio" ? this.#port : this.#memory) + BigInt(this.#draw.int(0, 15));
    return bus === "pio" ? addr & 0xffffn : addr;
  }

  #write(): void {
    const draw = this.#draw;
    const vm = draw.pick(this.#vms);
    const bus = draw.oneIn(2) ? "mmio" : "pio";
    const own = this.#registered.filter((one) =>
      one.vm === vm && ((one.flags & PIO) !== 0) === (bus === "pio")
    );
    const len = draw.pick(bus === "pio" ? [1, 2, 4] : [1, 2, 4, 8]);
    let op: WriteOp = {
      op: "write",
      vm,
      bus,
      addr: this.#near(bus),
      len,
      value: draw.pick(values),
      times: draw.oneIn(6) ? 2 : 1,
    };
    if (own.length > 0 && draw.oneIn(2)) {
      const { addr, len: exact, datamatch } = draw.pick(own);
      op = { ...op, addr, value: draw.oneIn(3) ? op.value : this.#nearly(datamatch) };
      if ([1, 2, 4].includes(exact) || exact === 8 && bus === "mmio") op = { ...op, len: exact };
    }
    const zones = this.#zones.filter((zone) =>
      zone.vm === vm && (zone.pio === 1) === (bus === "pio")
    );
    if (zones.length > 0 && draw.oneIn(4)) {
      op = { ...op, addr: draw.pick(zones).addr, times: this.#ringful() };
    }
    const crosses = (op.addr & (PAGE - 1n)) + BigInt(op.len) > PAGE;
    if (bus === "mmio" && crosses && !this.#pageCrossing) op = { ...op, len: 1 };
    this.#ops.push(op);
  }

  /** The value, or one that differs from it in a bit. */
  #nearly(value: bigint): bigint {
    return this.#draw.oneIn(3) ? value ^ 1n << BigInt(this.#draw.int(0, 63)) : value;
  }

  /** Once, or until the ring is full, or nearly so. */
  #ringful(): number {
    const draw = this.#draw, most = KVM_COALESCED_MMIO_MAX;
    return draw.oneIn(3) ? draw.int(most - 3, most + 2) : 1;
  }

  #zone(): void {
    const draw = this.#draw;
    const chance = draw.int(0, 9);
    if (chance < 2 && this.#zones.length > 0) {
      const vm = draw.pick(this.#vms);
      this.#ops.push({ ...draw.pick(this.#zones), op: "unzone", vm });
    } else if (chance < 4 && this.#zones.length > 0) this.#ops.push(this.#vmOp("ring"));
    else {
      const zone = this.#drawZone();
      this.#zones.push(zone);
      this.#ops.push(zone);
    }
  }

  #drawZone(): ZoneOp {
    const draw = this.#draw, vm = draw.pick(this.#vms);
    const doorbells = this.#registered.filter((one) => one.vm === vm);
    if (doorbells.length > 0 && draw.oneIn(2)) return zoneOver(draw, draw.pick(doorbells));
    const pio = draw.oneIn(40) ? 2 : draw.int(0, 1);
    const size = draw.pick([0, 1, 2, 4, 8, 16]);
    return { op: "zone", vm, addr: this.#near(pio === 1 ? "pio" : "mmio"), size, pio };
  }

  #slot(): void {
    const base = this.#memory;
    // An emulator that is asked for every instruction takes that page for the LAPIC's, whatever is there.
    const isNearLapic = base >> 13n === LAPIC_PAGE >> 1n || base >> 12n === LAPIC_PAGE - 1n;
    if (!this.#maySlot || isNearLapic) return;
    const slot = drawSlot(this.#draw, this.#draw.pick(this.#vms), base, this.#slots);
    this.#slots.push(slot);
    this.#ops.push(slot);
  }

  #vmOp(op: VmOp["op"]): VmOp {
    return { op, vm: this.#draw.pick(this.#vms) };
  }

  #destroy(): void {
    const op = this.#vmOp("destroy");
    this.#vms.splice(this.#vms.indexOf(op.vm), 1);
    this.#ops.push(op);
  }

  /** What is left at the end. */
  #look(): void {
    for (const fd of this.#eventfds) {
      this.#ops.push({ op: "count", fd }, { op: "poll", fd });
    }
    for (const vm of this.#vms) {
      if (this.#zones.some((zone) => zone.vm === vm)) this.#ops.push({ op: "ring", vm });
    }
    for (const page of new Set(this.#slots.map((slot) => slot.page))) {
      const offset = Number(this.#memory & (PAGE - 1n));
      this.#ops.push({ op: "peek", page, offset: Math.min(offset, 0xff8) });
      this.#ops.push({ op: "peek", page: page + 1, offset: 0 });
    }
  }
}

/** A zone over a doorbell, which has it when it is found first. */
function zoneOver(draw: Draw, { vm, addr, flags }: IoeventfdOp): ZoneOp {
  const below = BigInt(draw.int(0, 8));
  const first = addr < below ? 0n : addr - below;
  return { op: "zone", vm, addr: first, size: 16, pio: (flags & PIO) !== 0 ? 1 : 0 };
}

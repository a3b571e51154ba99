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

/** Where things are: ends of pages, of 32 bits and of 46, the page of the LAPIC, the IOAPIC's. */
const memory: readonly bigint[] = [
  0xd000_0000n,
  0xd000_0ff8n,
  0xfebf_b000n,
  0xfebf_bff4n,
  0xffff_fff8n,
  0x3fff_ffff_fff8n,
  0x1_0000_0ffcn,
];
const memoryOfControllers: readonly bigint[] = [0xfec0_0000n, 0xfedf_fff8n, 0xfee0_0ff8n];
const ports: readonly bigint[] = [0x510n, 0xc0f8n, 0xfff0n, 0n, 0x3f4n];
const portsOfControllers: readonly bigint[] = [0x1cn, 0x3cn, 0x9cn, 0x4ccn, 0x5en];
const values: readonly bigint[] = [0n, 1n, 0x5an, 0x1ffn, 0x1_0000_005an, 0x1122_3344_5566_775an];
const added: readonly bigint[] = [0n, 1n, 7n, (1n << 64n) - 3n, (1n << 64n) - 2n, (1n << 64n) - 1n];
/** Devices that a bus holds besides ioeventfds. */
const mostDevices = 1000;
const fullBusOnceIn = 200;
const controls = ["irqchip", "irqchip", "split"] as const;

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
    if (chance < 34) this.#assign();
    else if (chance < 46) this.#deassign();
    else if (chance < 78) this.#write();
    else if (chance < 84) this.#zone();
    else if (chance < 89) this.#slot();
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
    const fd = draw.pick(this.#eventfds);
    const chance = draw.int(0, 9);
    if (chance < 2) this.#ops.push({ op: "read", fd });
    else if (chance < 4) this.#ops.push({ op: "add", fd, value: draw.pick(added) });
    else if (chance < 5) this.#ops.push({ op: "poll", fd });
    else if (chance < 7) this.#ops.push({ op: "close", fd });
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
      times: this.#zones.length > 0 && draw.oneIn(12)
        ? draw.int(KVM_COALESCED_MMIO_MAX - 3, KVM_COALESCED_MMIO_MAX + 2)
        : 1,
    };
    if (own.length > 0 && draw.oneIn(2)) {
      const { addr, len: exact, datamatch } = draw.pick(own);
      op = { ...op, addr, value: draw.oneIn(3) ? op.value : datamatch };
      if ([1, 2, 4].includes(exact) || exact === 8 && bus === "mmio") op = { ...op, len: exact };
    }
    const crosses = (op.addr & (PAGE - 1n)) + BigInt(op.len) > PAGE;
    if (bus === "mmio" && crosses && !this.#pageCrossing) op = { ...op, len: 1 };
    this.#ops.push(op);
  }

  #zone(): void {
    const draw = this.#draw;
    const chance = draw.int(0, 9);
    if (chance < 2 && this.#zones.length > 0) {
      const vm = draw.pick(this.#vms);
      this.#ops.push({ ...draw.pick(this.#zones), op: "unzone", vm });
    } else if (chance < 4 && this.#zones.length > 0) this.#ops.push(this.#vmOp("ring"));
    else {
      const pio = draw.oneIn(40) ? 2 : draw.int(0, 1);
      const zone: ZoneOp = {
        op: "zone",
        vm: draw.pick(this.#vms),
        addr: this.#near(pio === 1 ? "pio" : "mmio"),
        size: draw.pick([0, 1, 2, 4, 8, 16]),
        pio,
      };
      this.#zones.push(zone);
      this.#ops.push(zone);
    }
  }

  #slot(): void {
    if (!this.#maySlot) return;
    const draw = this.#draw;
    const vm = draw.pick(this.#vms);
    // An emulator that is asked for every instruction takes that page for the LAPIC's, whatever is there.
    if (this.#memory >> 13n === LAPIC_PAGE >> 1n || this.#memory >> 12n === LAPIC_PAGE - 1n) return;
    if (this.#slots.length > 0 && draw.oneIn(3)) {
      const like = draw.pick(this.#slots);
      this.#ops.push({ ...like, vm, ...draw.pick([{ size: 0n }, { flags: like.flags ^ 1 }, {}]) });
      return;
    }
    const slot: SlotOp = {
      op: "slot",
      vm,
      slot: draw.int(0, 2),
      flags: draw.oneIn(30) ? 0x80 : draw.pick([0, 0, 0, 1, 2, 2]),
      gpa: (this.#memory & ~(PAGE - 1n)) + PAGE * BigInt(draw.int(0, 1)) +
        (draw.oneIn(30) ? 0x10n : 0n),
      size: draw.oneIn(30) ? 0x800n : PAGE * BigInt(draw.int(1, 2)),
      page: draw.int(0, 3),
    };
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

/**
 * Questions that releases answer differently, with the function of the kernel that decides each.
 *
 * @module
 */
import type { HistoryOp, HistoryVector, Vector } from "@ioeventfd/conform";
import type { Registration } from "@ioeventfd/uapi";
import {
  askBus,
  askCollide,
  askRegister,
  BASE,
  CCW,
  DEASSIGN,
  DM,
  id,
  PIO,
  registration,
  TOP,
} from "./question.ts";

/** A question, and where its answer follows from. */
export interface DerivedQuestion {
  /** The question. */
  readonly vector: Vector;
  /** File and function in a release's tree. */
  source(release: string): string;
}

const old = new Set(["3.14", "seed", "3.16"]), sorting = new Set([...old, "4.4"]);
const eventfd = "virt/kvm/eventfd.c", main = "virt/kvm/kvm_main.c";
const zones = "virt/kvm/coalesced_mmio.c";

/** Where each topic is decided. */
const sources = {
  call: () => `${eventfd} kvm_assign_ioeventfd`,
  descriptor: () => "fs/eventfd.c eventfd_ctx_fdget",
  collision: () => `${eventfd} ioeventfd_check_collision`,
  deassign: (release) => `${eventfd} kvm_deassign_ioeventfd${old.has(release) ? "" : "_idx"}`,
  match: () => `${eventfd} ioeventfd_in_range`,
  search: () => `${main} kvm_io_bus_cmp`,
  order: (release) =>
    `${main} ${sorting.has(release) ? "kvm_io_bus_insert_dev" : "kvm_io_bus_register_dev"}`,
  zone: () => `${zones} kvm_vm_ioctl_register_coalesced_mmio`,
  ring: () => `${zones} coalesced_mmio_write`,
  port80: (release) =>
    sorting.has(release)
      ? "arch/x86/kvm/vmx.c vmx_io_bitmap_a"
      : "arch/x86/kvm/vmx/vmx.c handle_io",
} satisfies Record<string, (release: string) => string>;

type Topic = keyof typeof sources;

const A = BASE + 0x100n;
const lens = [0, 1, 2, 4, 8];
const buses = [0, PIO, CCW, PIO | CCW];

function* calls(): Generator<Registration> {
  for (const len of lens) {
    for (const bus of buses) {
      for (const match of [0, DM]) yield registration(A, len, bus | match);
    }
  }
  for (const len of [3, 16, 0xffff_ffff]) yield registration(A, len);
  for (const flags of [0x10, 0x11, 0x12, 0x18, 0x1f & ~DEASSIGN, 0x20, 0x8000_0000]) {
    for (const len of [0, 4]) yield registration(A, len, flags);
  }
  for (const [below, len] of [[1n, 0], [1n, 1], [8n, 8], [9n, 8], [2n, 2], [3n, 2]] as const) {
    yield registration(TOP - below, len);
  }
  for (const addr of [0x10000n, 1n << 40n]) yield registration(addr, 1, PIO);
}

function* descriptors(): Generator<readonly [Registration, string]> {
  for (const fd of ["closed", "minus1", "o_path", "pipe", "file", "epoll", "semaphore"]) {
    for (const op of [registration(A, 4), registration(A, 0), registration(A, 3)]) yield [op, fd];
  }
}

function* collisions(): Generator<readonly [Registration, Registration]> {
  const shapes = [[0], [2], [4], [4, 5n], [4, 6n], [4, 5n | 1n << 32n]] as const;
  for (const bus of [0, PIO, CCW]) {
    for (const [len, value] of shapes) {
      for (const [other, otherValue] of shapes) {
        if (bus !== 0 && len !== 0 && other !== 0) continue;
        yield [registration(A, len, bus, value), registration(A, other, bus, otherValue)];
      }
    }
  }
}

function* deassigns(): Generator<readonly [Registration, Registration]> {
  const made = registration(A, 4, 0, 5n);
  yield [made, registration(A, 4, DEASSIGN, 5n)];
  yield [made, registration(A, 4, DEASSIGN | 0x8000_0000, 5n)];
  yield [made, registration(A, 4, DEASSIGN, 6n)];
  yield [made, registration(A, 4, DEASSIGN)];
  yield [registration(A, 0), registration(A, 0, DEASSIGN)];
  yield [registration(A, 0), registration(A, 4, DEASSIGN)];
  yield [registration(A, 0, CCW), registration(A, 0, CCW | DEASSIGN)];
}

type Range = readonly [offset: number, len: number];

/** Pairs and sets whose order in the array matters. */
const ranges: readonly (readonly Range[])[] = [
  [[4, 0], [0, 4]],
  [[0, 4], [4, 0]],
  [[1, 1], [2, 1], [0, 4]],
  [[0, 4], [2, 1], [1, 1]],
  [[0, 1], [0, 2], [0, 4], [1, 1], [1, 2]],
  [[4, 0], [0, 4], [-0x40, 4]],
  [[0, 0], [1, 0], [2, 0]],
  [[0, 2], [2, 2], [1, 2]],
  [[0, 8], [4, 4], [0, 4]],
  [[1, 2], [0, 4], [3, 1]],
];

function write(offset: number, len: number): { addr: bigint; len: number; value: bigint } {
  return { addr: A + BigInt(offset), len, value: 0x5an };
}

function history(name: string, ops: readonly HistoryOp[]): HistoryVector {
  const steps = ops.map((does) => ({ does, gives: { errno: null } }));
  return { id: name, kind: "history", vms: 1, steps };
}

const made: HistoryOp = { op: "eventfd", fd: 0, initial: 0, flags: 0x800 };
const ring: HistoryOp = { op: "ring", vm: 0 }, count: HistoryOp = { op: "count", fd: 0 };

function doorbell(op: Registration): HistoryOp {
  return { op: "ioeventfd", vm: 0, fd: 0, ...op };
}

function store(addr: bigint, len: number, times = 1): HistoryOp {
  return { op: "write", vm: 0, bus: "mmio", addr, len, value: 1n, times };
}

function zone(addr: bigint, size: number, pio = 0): HistoryOp {
  return { op: "zone", vm: 0, addr, size, pio };
}

/** A zero-length doorbell within a zone, in either order; the write at its address, and one beyond. */
function* besideZones(): Generator<readonly [Topic, readonly HistoryOp[]]> {
  const bell = doorbell(registration(0x1000n, 0)), around = zone(0xf00n, 0x1000);
  for (const order of [[bell, around], [around, bell]]) {
    for (const at of [0x1000n, 0x1004n]) {
      yield ["order", [made, ...order, store(at, 4), ring, count]];
    }
  }
  yield ["ring", [zone(A, 0x100), store(A, 4, 200)]];
  for (const pio of [1, 2]) yield ["zone", [zone(0x3f8n, 8, pio), store(0x3f8n, 1), ring]];
  for (const port of [0x80n, 0x84n]) {
    const out: HistoryOp = {
      op: "write",
      vm: 0,
      bus: "pio",
      addr: port,
      len: 1,
      value: 1n,
      times: 1,
    };
    yield ["port80", [made, doorbell(registration(port, 1, PIO)), out, count]];
  }
}

/** Every question, the same for all releases. */
export function* derivedQuestions(): Generator<DerivedQuestion> {
  const numbers = new Map<Topic, number>();
  const name = (kind: string, topic: Topic): string => {
    const number = numbers.get(topic) ?? 0;
    numbers.set(topic, number + 1);
    return id(kind, topic, number);
  };
  const asked = (topic: Topic, vector: Vector): DerivedQuestion => ({
    vector,
    source: sources[topic],
  });
  for (const op of calls()) {
    yield asked("call", askRegister(name("register", "call"), op, "eventfd"));
  }
  for (const [op, fd] of descriptors()) {
    yield asked("descriptor", askRegister(name("register", "descriptor"), op, fd));
  }
  for (const [first, second] of collisions()) {
    yield asked("collision", askCollide(name("collide", "collision"), first, second, "other"));
  }
  for (const [first, second] of deassigns()) {
    yield asked("deassign", askCollide(name("collide", "deassign"), first, second, "same"));
  }
  for (const [len, value] of [[0], [4], [4, 0x5an], [4, 0x5bn], [2, 0x1005an]] as const) {
    const steps = [registration(A, len, 0, value)];
    const writes = [write(0, 2), write(0, 4), write(2, 2)];
    const topic = len === 0 ? "search" : "match";
    yield asked(topic, askBus(name("bus", topic), "mmio", steps, writes));
  }
  for (const set of ranges) {
    const steps = set.map(([offset, len]) => registration(A + BigInt(offset), len));
    const writes = set.map(([offset, len]) => write(offset, len === 0 ? 4 : len));
    yield asked("order", askBus(name("bus", "order"), "mmio", steps, writes));
  }
  for (const [topic, ops] of besideZones()) {
    yield asked(topic, history(name("history", topic), ops));
  }
}

/**
 * Questions of kind `register`: every check of one `KVM_IOEVENTFD` alone, checks against each other, then chance.
 *
 * @module
 */
import type { RegisterVector } from "@ioeventfd/conform";
import type { SeededRandom } from "@ioeventfd/scenario";
import type { Registration } from "@ioeventfd/uapi";
import { askRegister, BASE, CCW, DEASSIGN, DM, id, PIO, registration, TOP } from "./question.ts";

const lens = [0, 1, 2, 4, 8];
const badLens = [3, 5, 6, 7, 9, 16, 32, 0x100, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];
const eventfds = ["eventfd", "semaphore", "dup_eventfd"];
const notOpen = ["closed", "minus1", "int_max", "int_min", "o_path"];
const notEventfds = ["pipe", "file", "socket", "timerfd", "epoll", "dev_kvm", "vm_fd"];
const descriptors = [...eventfds, ...notOpen, ...notEventfds];
const values = [0n, 1n, 0xffn, 0x1ffn, 0xffff_ffffn, 0x1_0000_0000n, TOP - 1n];

type Asked = readonly [op: Registration, fd: string];

function* flagsAndLengths(): Generator<Asked> {
  for (const len of lens) {
    for (let flags = 0; flags < 32; flags++) {
      yield [{ addr: BASE, len, flags, datamatch: 0x5an }, "eventfd"];
    }
  }
  for (const len of badLens) {
    for (const flags of [0, DM, PIO, CCW, DEASSIGN]) {
      yield [registration(BASE, len, flags), "eventfd"];
    }
  }
  for (let bit = 5; bit < 32; bit++) {
    const flags = (1 << bit) >>> 0;
    yield [registration(BASE, 4, flags), "eventfd"];
    yield [registration(BASE, 4, (flags | DEASSIGN) >>> 0), "eventfd"];
  }
}

function* addresses(): Generator<Asked> {
  for (let below = 1n; below <= 9n; below++) {
    for (const len of lens) {
      for (const bus of [0, PIO]) yield [registration(TOP - below, len, bus), "eventfd"];
    }
  }
  const others = [0n, 1n, 0x80n, 0xffffn, 0x10000n, BASE + 3n, 0xffff_fffdn, 1n << 32n];
  for (const addr of [...others, (1n << 47n) - 1n, 1n << 52n, 1n << 63n, TOP - 16n]) {
    for (const bus of [0, PIO, CCW]) {
      for (const len of [0, 4]) yield [registration(addr, len, bus), "eventfd"];
    }
  }
}

/** Each descriptor with what else may be wrong: which check comes first. */
function* orderOfChecks(): Generator<Asked> {
  const wrong = [
    registration(BASE, 4),
    registration(BASE, 0),
    registration(0x510n, 0, PIO),
    registration(BASE, 3),
    registration(TOP - 4n, 4),
    registration(BASE, 4, 0x20),
    registration(BASE, 0, 0, 7n),
    registration(BASE, 4, DEASSIGN),
    registration(TOP - 1n, 3, DEASSIGN | 0x20),
  ];
  for (const fd of descriptors) for (const op of wrong) yield [op, fd];
}

function* datamatches(): Generator<Asked> {
  for (const len of [1, 2, 4, 8]) {
    for (const value of values) {
      for (const bus of [0, PIO]) yield [registration(BASE, len, bus, value), "eventfd"];
    }
  }
}

function* chance(count: number, random: SeededRandom): Generator<Asked> {
  const some = (of: number): boolean => random.below(of) === 0;
  for (let i = 0; i < count; i++) {
    const len = some(4) ? random.pick(badLens) : some(10) ? random.bits() : random.pick(lens);
    const addr = some(3)
      ? TOP - BigInt(random.below(20) + 1)
      : some(4)
      ? BigInt(random.bits()) << 32n | BigInt(random.bits())
      : BASE + BigInt(random.below(64));
    const flags = some(5) ? random.bits() : random.below(32);
    const datamatch = some(4) ? BigInt(random.bits()) << 16n : random.pick(values);
    const fd = some(3) ? random.pick(descriptors) : random.pick(eventfds);
    yield [{ addr, len, flags, datamatch }, fd];
  }
}

/**
 * The questions.
 *
 * @param random Where chance comes from
 * @param count How many are left to chance
 */
export function* registerQuestions(
  random: SeededRandom,
  count: number,
): Generator<RegisterVector> {
  const topics: Record<string, Iterable<Asked>> = {
    flags: flagsAndLengths(),
    addr: addresses(),
    order: orderOfChecks(),
    datamatch: datamatches(),
    random: chance(count, random),
  };
  for (const [topic, asked] of Object.entries(topics)) {
    let number = 0;
    for (const [op, fd] of asked) yield askRegister(id("register", topic, number++), op, fd);
  }
}

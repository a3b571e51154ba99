/**
 * Questions of kind `collide`: every pair of shapes at one address, near misses, other buses, then chance.
 *
 * @module
 */
import type { CollideVector } from "@ioeventfd/conform";
import type { SeededRandom } from "@ioeventfd/scenario";
import type { Registration } from "@ioeventfd/uapi";
import { askCollide, BASE, CCW, DEASSIGN, id, PIO, registration, TOP } from "./question.ts";

const FAST_FLAG = 0x10;

/** Lengths with no value, and with values that agree in some of their bytes. */
function shapes(lens: readonly number[]): readonly (readonly [len: number, value?: bigint])[] {
  const values = [5n, 6n, 5n | 1n << 40n, 0x105n];
  return [
    [0],
    ...lens.flatMap((len) => [[len] as const, ...values.map((value) => [len, value] as const)]),
  ];
}

type Asked = readonly [first: Registration, second: Registration];

function* pairs(bus: number, lens: readonly number[]): Generator<Asked> {
  const addr = bus === PIO ? 0x510n : BASE + 0x40n;
  for (const [len, value] of shapes(lens)) {
    for (const [otherLen, otherValue] of shapes(lens)) {
      yield [registration(addr, len, bus, value), registration(addr, otherLen, bus, otherValue)];
    }
  }
}

function* neighbours(): Generator<Asked> {
  for (const len of [0, 2, 8]) {
    for (const other of [0, 1, 4]) {
      for (const away of [-4n, -1n, 1n, 2n, 1n << 32n]) {
        yield [registration(BASE + 0x40n, len), registration(BASE + 0x40n + away, other)];
      }
    }
  }
}

function* buses(): Generator<Asked> {
  const all = [0, PIO, CCW, PIO | CCW, FAST_FLAG, PIO | FAST_FLAG];
  for (const bus of all) {
    for (const other of all) {
      yield [registration(0x510n, 0, bus), registration(0x510n, 0, other)];
      yield [registration(0x510n, 4, bus), registration(0x510n, 4, other)];
    }
  }
}

/** The second is wrong in another way too, or takes the first away. */
function* others(): Generator<Asked> {
  const first = registration(BASE, 4, 0, 5n);
  yield [first, registration(BASE, 3, 0, 5n)];
  yield [first, registration(BASE, 4, 0x20, 5n)];
  yield [first, registration(BASE, 0, 0, 5n)];
  for (const flags of [0, 0x10, 0xffff_ffe0]) {
    yield [first, registration(BASE, 4, DEASSIGN | flags, 5n)];
    yield [registration(BASE, 4), { ...registration(BASE, 4, DEASSIGN | flags), datamatch: 9n }];
    yield [registration(BASE, 0), registration(BASE, 0, DEASSIGN | flags)];
  }
  yield [first, registration(BASE, 4, DEASSIGN)];
  yield [first, registration(BASE, 4, DEASSIGN, 6n)];
  yield [first, registration(BASE, 2, DEASSIGN, 5n)];
  yield [first, registration(BASE + 1n, 4, DEASSIGN, 5n)];
  yield [first, registration(BASE, 4, DEASSIGN | PIO, 5n)];
  yield [registration(BASE, 4), registration(BASE, 4, DEASSIGN, 0n)];
  yield [registration(TOP - 1n, 0), registration(TOP - 1n, 0)];
}

function* chance(count: number, random: SeededRandom): Generator<Asked> {
  const some = (of: number): boolean => random.below(of) === 0;
  const values = [0n, 5n, 0xffn, 0x1ffn, 0x1_0000_0005n, TOP - 1n];
  for (let i = 0; i < count; i++) {
    const bus = random.pick([0, 0, PIO, CCW]);
    const draw = (): Registration => {
      const len = random.pick([0, 1, 2, 4, 8]);
      const value = len > 0 && some(2) ? random.pick(values) : undefined;
      const addr = BASE + BigInt(some(4) ? random.below(8) : 0);
      return registration(addr, len, some(6) ? random.pick([0, PIO, CCW]) : bus, value);
    };
    yield [draw(), draw()];
  }
}

/**
 * The questions.
 *
 * @param random Where chance comes from
 * @param count How many are left to chance
 */
export function* collideQuestions(random: SeededRandom, count: number): Generator<CollideVector> {
  const topics: Record<string, Iterable<Asked>> = {
    mmio: pairs(0, [1, 2, 4, 8]),
    pio: pairs(PIO, [1, 4]),
    ccw: pairs(CCW, [8]),
    neighbours: neighbours(),
    buses: buses(),
    others: others(),
    random: chance(count, random),
  };
  for (const [topic, asked] of Object.entries(topics)) {
    let number = 0;
    for (const [first, second] of asked) {
      const fd = number % 2 === 0 ? "same" : "other";
      yield askCollide(id("collide", topic, number++), first, second, fd);
    }
  }
}

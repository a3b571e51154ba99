/**
 * Questions of kind `bus`: every pair of ranges that touch or overlap in either order, sets known to hide one of their own,
 * then chance with taking away.
 *
 * @module
 */
import type { BusVector } from "@ioeventfd/conform";
import type { SeededRandom } from "@ioeventfd/scenario";
import { askBus, BASE, type BusStep, id, PIO, registration } from "./question.ts";

type Bus = "mmio" | "pio";
type Range = readonly [offset: number, len: number];
type Writes = BusVector["writes"];

const VALUE = 0x5an;
const widths: Readonly<Record<Bus, readonly number[]>> = { mmio: [1, 2, 4, 8], pio: [1, 2, 4] };

function start(bus: Bus): bigint {
  return bus === "pio" ? 0x510n : BASE + 0x100n;
}

function assign(bus: Bus, [offset, len]: Range, datamatch?: bigint): BusStep {
  const addr = start(bus) + BigInt(offset);
  return registration(addr, len, bus === "pio" ? PIO : 0, datamatch);
}

function write(bus: Bus, offset: number, len: number, value = VALUE): Writes[number] {
  return { addr: start(bus) + BigInt(offset), len, value };
}

/** The write that each range asks for; of length 0 every one. */
function exactWrites(bus: Bus, ranges: readonly Range[]): Writes {
  return ranges.flatMap(([offset, len]) =>
    (len === 0 ? widths[bus] : [len]).map((width) => write(bus, offset, width))
  );
}

function askRanges(name: string, bus: Bus, ranges: readonly Range[]): BusVector {
  return askBus(name, bus, ranges.map((range) => assign(bus, range)), exactWrites(bus, ranges));
}

function* pairs(bus: Bus): Generator<readonly Range[]> {
  const lens = [0, ...widths[bus]];
  for (const len of lens) {
    for (const other of lens) {
      for (let away = 0; away <= Math.max(1, len); away++) {
        if (away === 0 && (len === other || len === 0 || other === 0)) continue;
        yield [[0, len], [away, other]];
        if (away > 0) yield [[away, other], [0, len]];
      }
    }
  }
}

/** Sets of more than two in which some are dead, and the same in orders in which fewer are. */
const known: readonly (readonly Range[])[] = [
  [[1, 1], [2, 1], [0, 4]],
  [[0, 4], [1, 1], [2, 1]],
  [[0, 1], [0, 2], [0, 4], [1, 1], [1, 2]],
  [[1, 1], [1, 2], [0, 1], [0, 2], [0, 4]],
  [[4, 0], [0, 4], [-0x40, 4]],
  [[4, 0], [0, 4], [-0x40, 4], [0x40, 4]],
  [[0, 4], [4, 0], [8, 0], [8 + 4, 4]],
  [[12, 4], [8, 0], [4, 0], [0, 4]],
  [[0, 0], [4, 0], [8, 0], [12, 0]],
  [[0, 2], [1, 2], [2, 2], [3, 2]],
];

function chance(name: string, random: SeededRandom): BusVector {
  const bus = random.pick(["mmio", "mmio", "pio"] as const), lens = [0, ...widths[bus]];
  const steps: BusStep[] = [], alive: number[] = [];
  let made = 0;
  for (let left = 3 + random.below(6); left > 0; left--) {
    if (alive.length > 0 && random.below(5) === 0) {
      steps.push(alive.splice(random.below(alive.length), 1)[0]!);
      continue;
    }
    const len = random.pick(lens);
    const value = len > 0 && random.below(3) === 0 ? random.pick([VALUE, 0x33n]) : undefined;
    steps.push(assign(bus, [random.below(9), len], value));
    alive.push(made++);
  }
  const writes = Array.from({ length: 10 }, () => {
    return write(bus, random.below(9), random.pick(widths[bus]), random.pick([VALUE, 0x33n]));
  });
  const exact = steps.flatMap((step) =>
    typeof step === "number" ? [] : exactWrites(bus, [[Number(step.addr - start(bus)), step.len]])
  );
  return askBus(name, bus, steps, [...exact, ...writes]);
}

/**
 * The questions.
 *
 * @param random Where chance comes from
 * @param count How many are left to chance
 */
export function* busQuestions(random: SeededRandom, count: number): Generator<BusVector> {
  for (const bus of ["mmio", "pio"] as const) {
    let number = 0;
    for (const ranges of pairs(bus)) yield askRanges(id("bus", bus, number++), bus, ranges);
  }
  let number = 0;
  for (const ranges of known) {
    for (const bus of ["mmio", "pio"] as const) {
      const narrow = ranges.filter(([, len]) => bus === "mmio" || len < 8);
      yield askRanges(id("bus", "known", number++), bus, narrow);
    }
  }
  for (let i = 0; i < count; i++) yield chance(id("bus", "random", i), random);
}

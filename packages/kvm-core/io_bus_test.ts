import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { EventfdContext } from "@ioeventfd/eventfd";
import { type KernelRelease, kernelReleases } from "@ioeventfd/uapi";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { IoBus } from "./io_bus.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import { ReferenceBus } from "./reference_bus.ts";

type Op =
  | { kind: "assign"; at: number; len: number; datamatch: number | null }
  | { kind: "zone"; at: number; size: number; takes: boolean }
  | { kind: "remove"; which: number }
  | { kind: "write"; at: number; len: number; value: number }
  | { kind: "sweep" };

const at = fc.integer({ min: 0, max: 30 });
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("assign" as const),
      at,
      len: fc.constantFrom(0, 0, 1, 2, 4, 4, 8),
      datamatch: fc.constantFrom(null, null, 1, 2, 0x101),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("zone" as const),
      at,
      size: fc.constantFrom(0, 1, 4, 16, 0x1000, 0x7fffffff, -1),
      takes: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("remove" as const), which: fc.nat(40) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      at,
      len: fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 16),
      value: fc.constantFrom(1, 2, 0x101),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sweep" as const) }) },
);

/** Lower words around which addresses are drawn: ordinary, across 2^32, at the top of the address space. */
const bases: readonly (readonly [number, number])[] = [[0x1000, 0], [0xfffffff0, 0], [
  0xffffffe8,
  0xffffffff,
]];

class Pair {
  readonly bus: IoBus;
  readonly reference: ReferenceBus;
  readonly live: { device: IoDevice; twin: IoDevice; taken: () => number[] }[] = [];
  readonly #base: readonly [number, number];
  readonly #stride: number;
  #sequence = 0;

  constructor(rules: KernelRelease["bus"], base: readonly [number, number], stride: number) {
    this.bus = new IoBus(rules);
    this.reference = new ReferenceBus(rules);
    this.#base = base;
    this.#stride = stride;
  }

  address(offset: number): [number, number] {
    const sum = this.#base[0] + offset * this.#stride;
    return [sum >>> 0, (this.#base[1] + (sum > 0xffffffff ? 1 : 0)) >>> 0];
  }

  assign(offset: number, len: number, datamatch: number | null): void {
    const [lo, hi] = this.address(offset);
    const make = (context: EventfdContext): Ioeventfd =>
      new Ioeventfd({
        lo,
        hi,
        len,
        wildcard: len === 0 || datamatch === null,
        datamatchLo: len === 0 ? 0 : datamatch ?? 0,
        datamatchHi: 0,
        context,
        busIndex: 0,
        sequence: this.#sequence++,
      });
    const contexts = [new EventfdContext(), new EventfdContext()];
    const [device, twin] = [make(contexts[0]!), make(contexts[1]!)];
    if (this.bus.collides(device)) return;
    assertEquals(this.bus.register(lo, hi, len, device), 0);
    this.bus.countIoeventfd(1);
    this.reference.insert(lo, hi, len, twin);
    this.live.push({ device, twin, taken: () => contexts.map((context) => Number(context.count)) });
  }

  zone(offset: number, size: number, takes: boolean): void {
    const [lo, hi] = this.address(offset);
    const counts = [0, 0];
    const make = (which: number): IoDevice => ({
      write: () => takes ? (counts[which]!++, 0) : EOPNOTSUPP,
    });
    const device = make(0), twin = make(1);
    assertEquals(this.bus.register(lo, hi, size, device), 0);
    this.reference.insert(lo, hi, size, twin);
    this.live.push({ device, twin, taken: () => counts });
  }

  remove(which: number): void {
    if (this.live.length === 0) return;
    const [gone] = this.live.splice(which % this.live.length, 1);
    assertEquals(this.bus.unregister(gone!.device), 0);
    if (gone!.device instanceof Ioeventfd) this.bus.countIoeventfd(-1);
    assertEquals(this.reference.remove(gone!.twin), true);
  }

  write(offset: number, len: number, value: number): void {
    const [lo, hi] = this.address(offset);
    const answer = this.bus.write(lo, hi, len, value, 0);
    assertEquals(answer, this.reference.write(lo, hi, len, value, 0));
    for (const { taken } of this.live) assertEquals(taken()[0], taken()[1]);
  }

  compareOrder(): void {
    const twins = new Map(this.live.map(({ device, twin }) => [device, twin]));
    assertEquals(
      this.bus.entries().map(({ device }) => this.live.findIndex((l) => l.device === device)),
      this.reference.entries().map(({ device }) => this.live.findIndex((l) => l.twin === device)),
    );
    assertEquals(twins.size, this.bus.deviceCount);
  }
}

interface History {
  readonly base: readonly [number, number];
  /** Bytes between the addresses drawn: at 1 everything overlaps, at 9 nothing does. */
  readonly stride: number;
  readonly ops: Op[];
}

function history(kinds: (op: Op) => boolean, length: number): fc.Arbitrary<History> {
  return fc.record({
    base: fc.constantFrom(...bases),
    stride: fc.constantFrom(1, 2, 4, 9),
    ops: fc.array(op.filter(kinds), { maxLength: length, size: "max" }),
  });
}

function run(rules: KernelRelease["bus"], { base, stride, ops }: History): void {
  const pair = new Pair(rules, base, stride);
  for (const step of ops) {
    if (step.kind === "assign") pair.assign(step.at, step.len, step.datamatch);
    else if (step.kind === "zone") pair.zone(step.at, step.size, step.takes);
    else if (step.kind === "remove") pair.remove(step.which);
    else if (step.kind === "write") pair.write(step.at, step.len, step.value);
    else {
      for (let offset = 0; offset < 34; offset++) {
        for (const len of [1, 2, 4, 8]) pair.write(offset, len, 1);
      }
    }
  }
  pair.compareOrder();
}

const histories: readonly (readonly [string, fc.Arbitrary<History>])[] = [
  ["ioeventfds alone", history(({ kind }) => kind !== "zone", 60)],
  ["small zones too", history((step) => step.kind !== "zone" || (step.size >>> 0) <= 16, 60)],
  ["zones of any size too", history(() => true, 60)],
];

for (const release of kernelReleases) {
  for (const [what, histories_] of histories) {
    Deno.test(`IoBus equals ReferenceBus on random histories, ${what}, ${release.name}`, () => {
      fc.assert(
        fc.property(histories_, (drawn) => run(release.bus, drawn)),
        { numRuns: Number(Deno.env.get("FC_RUNS") ?? 200) },
      );
    });
  }
}

Deno.test("IoBus gives up the array once nothing interferes, and its order stays the kernel's", () => {
  for (const release of kernelReleases) {
    const pair = new Pair(release.bus, [0x1000, 0], 1);
    pair.assign(4, 0, null);
    pair.assign(0, 4, null); // the address at 4 is dead now
    pair.remove(0);
    for (let round = 0; round < 300; round++) {
      pair.assign(16 + 8 * (round % 7), 4, round);
      if (round % 3 === 0) pair.remove(1);
    }
    pair.compareOrder();
    pair.assign(3, 8, null);
    pair.assign(1, 1, null);
    for (let offset = 0; offset < 80; offset++) {
      for (const len of [1, 2, 4, 8]) pair.write(offset, len, offset);
    }
    pair.compareOrder();
  }
});

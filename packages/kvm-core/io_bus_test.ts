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

const rules: readonly (readonly [string, KernelRelease["bus"]])[] = [
  ...kernelReleases.map(({ name, bus }) => [name, bus] as const),
  ["6.19 with the comparator of 3.16", {
    ...kernelReleases[kernelReleases.length - 1]!.bus,
    zeroLengthFindable: false,
  }],
];

for (const [name, bus] of rules) {
  for (const [what, drawnFrom] of histories) {
    Deno.test(`IoBus equals ReferenceBus on random histories, ${what}, ${name}`, () => {
      fc.assert(
        fc.property(drawnFrom, (drawn) => run(bus, drawn)),
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

function doorbell(at: number, len: number, datamatch: number | null, context: EventfdContext) {
  return new Ioeventfd({
    lo: at,
    hi: 0,
    len,
    wildcard: datamatch === null,
    datamatchLo: datamatch ?? 0,
    datamatchHi: 0,
    context,
    busIndex: 0,
    sequence: at,
  });
}

const latest = kernelReleases[kernelReleases.length - 1]!.bus;

Deno.test("IoBus.register() refuses the 1,001st device, ioeventfds not counted", () => {
  const bus = new IoBus(latest);
  const device: IoDevice = { write: () => EOPNOTSUPP };
  const context = new EventfdContext();
  for (let at = 0; at < 1000; at++) assertEquals(bus.register(at * 16, 0, 4, { ...device }), 0);
  assertEquals(bus.register(0x100000, 0, 4, device), -28);
  assertEquals(bus.register(0x100000, 0, 4, doorbell(0x100000, 4, null, context)), -28);
  bus.countIoeventfd(1);
  assertEquals(bus.register(0x100000, 0, 4, device), 0, "999 count as devices now");
});

Deno.test("IoBus.unregister() of what is not there is ENOENT up to 4.4 and 0 after", () => {
  const answers = kernelReleases.map(({ bus }) => new IoBus(bus).unregister({ write: () => 0 }));
  assertEquals(answers, [-2, -2, -2, -2, 0, 0]);
});

Deno.test("IoBus keeps 256 datamatches at one address apart, and leaves no room behind", () => {
  const bus = new IoBus(latest);
  const empty = bus.indexBytes;
  const contexts = Array.from({ length: 256 }, () => new EventfdContext());
  const doorbells = contexts.map((context, value) => doorbell(0x1000, 4, value, context));
  for (const each of doorbells) bus.register(0x1000, 0, 4, each);
  for (let value = 0; value < 300; value++) {
    assertEquals(bus.write(0x1000, 0, 4, value, 0), value < 256 ? 0 : EOPNOTSUPP);
    assertEquals(bus.write(0x1000, 0, 2, value, 0), EOPNOTSUPP);
  }
  assertEquals(contexts.every(({ count }) => count === 1n), true);
  for (const each of doorbells) assertEquals(bus.unregister(each), 0);
  assertEquals([bus.deviceCount, bus.write(0x1000, 0, 4, 1, 0)], [0, EOPNOTSUPP]);
  assertEquals(bus.indexBytes < empty + 20_000, true);
});

Deno.test("IoBus does not grow under 10,000 registrations that come and go", () => {
  const bus = new IoBus(latest);
  const context = new EventfdContext();
  let after = 0;
  for (let round = 0; round < 5; round++) {
    const doorbells = Array.from(
      { length: 10_000 },
      (_, at) => doorbell(0xc0000000 + at * 16 + round * 4, 4, null, context),
    );
    for (const each of doorbells) bus.register(each.lo, each.hi, 4, each);
    for (const each of doorbells) bus.unregister(each);
    if (round === 0) after = bus.indexBytes;
    assertEquals(bus.indexBytes, after);
  }
  assertEquals(bus.entries(), []);
});

Deno.test("IoBus.writeCounted() costs as the kernel's array does, whoever answers", () => {
  const bus = new IoBus(latest);
  const reference = new ReferenceBus(latest);
  const context = new EventfdContext();
  for (let at = 0; at < 100; at++) {
    const each = doorbell(0x1000 + ((at * 37) % 100) * 16, 4, null, context);
    bus.register(each.lo, 0, 4, each);
    reference.insert(each.lo, 0, 4, each);
  }
  for (let at = 0x1000; at < 0x1700; at += 8) {
    const costs = [bus, reference].map((each) => {
      const work = { comparisons: 0, devicesTried: 0 };
      each.writeCounted(at, 0, 4, 0, 0, work);
      return work;
    });
    assertEquals(costs[0], costs[1]);
  }
});

Deno.test("IoBus takes words signed or unsigned alike", () => {
  const bus = new IoBus(latest);
  const context = new EventfdContext();
  const each = new Ioeventfd({
    lo: 0xfebfb000,
    hi: 0xfffff,
    len: 8,
    wildcard: false,
    datamatchLo: 0xdeadbeef,
    datamatchHi: 0xffffffff,
    context,
    busIndex: 0,
    sequence: 0,
  });
  bus.register(0xfebfb000, 0xfffff, 8, each);
  assertEquals(bus.write(0xfebfb000, 0xfffff, 8, 0xdeadbeef, 0xffffffff), 0);
  assertEquals(bus.write(0xfebfb000 | 0, 0xfffff, 8, 0xdeadbeef | 0, -1), 0);
  assertEquals(context.count, 2n);
});

Deno.test("IoBus.write() allocates nothing", () => {
  const bus = new IoBus(latest);
  const addresses = new Int32Array(1024);
  for (let at = 0; at < addresses.length; at++) {
    const each = doorbell(0xc0000000 + at * 16, 4, at % 3 === 0 ? 7 : null, new EventfdContext());
    addresses[at] = each.lo;
    bus.register(each.lo, 0, 4, each);
  }
  let signalled = 0;
  const write = (rounds: number): void => {
    for (let round = 0; round < rounds; round++) {
      for (let at = 0; at < addresses.length; at++) {
        if (bus.write(addresses[at]!, 0, 4, round & 15, 0) === 0) signalled++;
      }
    }
  };
  write(2000);
  const before = Deno.memoryUsage().heapUsed;
  write(200);
  const bytes = Deno.memoryUsage().heapUsed - before;
  // One number on the heap for each of the 204,800 writes would be 3 MB.
  assertEquals([signalled > 0, bytes < 500_000], [true, true], `${bytes} bytes`);
});

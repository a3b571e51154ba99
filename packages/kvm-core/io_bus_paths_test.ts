// Which accesses a bus decides by hash, and which it asks the kernel's array for.
import { assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { kernelReleases, latestRelease, release } from "@ioeventfd/uapi";
import { IoBus } from "./io_bus.ts";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import { ReferenceBus } from "./reference_bus.ts";

function doorbell(lo: number, len: number, hi = 0, datamatch: number | null = null): Ioeventfd {
  return new Ioeventfd({
    ...{ lo, hi, len, wildcard: datamatch === null, datamatchLo: datamatch ?? 0, datamatchHi: 0 },
    ...{ context: new EventfdContext(), busIndex: 0, sequence: 0 },
  });
}

function busWith(...doorbells: readonly Ioeventfd[]): IoBus {
  const bus = new IoBus(latestRelease.bus);
  for (const each of doorbells) bus.register(each.lo, each.hi, each.len, each);
  return bus;
}

/** How often methods of a class are called meanwhile. */
function calls<K extends string>(
  type: { readonly prototype: { [name in K]: (...words: never[]) => unknown } },
  names: readonly K[],
  access: () => unknown,
): number {
  const original: Record<string, unknown> = {};
  let count = 0;
  for (const name of names) {
    const method = type.prototype[name];
    original[name] = method;
    const counting = function (this: unknown, ...words: never[]): unknown {
      count++;
      return method.apply(this, words);
    };
    Object.assign(type.prototype, { [name]: counting });
  }
  try {
    access();
  } finally {
    Object.assign(type.prototype, original);
  }
  return count;
}

/** How often an array is searched meanwhile. */
function searches(access: () => unknown): number {
  return calls(ReferenceBus, ["write", "read"], access);
}

/** Swallows what comes. */
const swallows: IoDevice = { write: () => 0, read: () => 0 };

Deno.test("IoBus.write() decides by hash where nothing else is near", () => {
  const zone = busWith(doorbell(0x1000, 4), doorbell(0x1010, 0));
  zone.register(0x2000, 0, 0x100, swallows);
  const buses: readonly (readonly [bus: IoBus, lengths: readonly number[]])[] = [
    [busWith(), [0, 1, 2, 4, 8]],
    [busWith(doorbell(0x1000, 0)), [0, 1, 2, 3, 4, 8]],
    [busWith(doorbell(0x1000, 4), doorbell(0x1010, 0)), [1, 2, 4, 8]],
    [busWith(doorbell(0x1000, 8), doorbell(0x1000, 4, 0, 7), doorbell(0x1000, 2)), [1, 2, 4, 8]],
    [zone, [1, 2, 4, 8]],
  ];
  for (const [bus, lengths] of buses) {
    for (const lo of [0x800, 0x1000, 0x1010, 0x8000]) {
      for (const len of lengths) {
        assertEquals(searches(() => bus.write(lo, 0, len, 0, 0)), 0, `${lo.toString(16)} ${len}`);
      }
    }
  }
  assertEquals(searches(() => zone.write(0x2004, 0, 4, 0, 0)), 1);
});

Deno.test("IoBus.write() asks the array where ranges meet, and no longer than they do", () => {
  const odd: IoDevice = { write: () => EOPNOTSUPP };
  for (
    const [lo, size, near, far] of [
      [0x1002, 4, 1, 0], // over the doorbell
      [0x2000, -1, 1, 1], // a range that no search can rely on
      [0x2000, 0x1000, 0, 0],
    ] as const
  ) {
    const bus = busWith(doorbell(0x1000, 4), doorbell(0x8000, 4));
    const write = (at: number, len = 4): number => searches(() => bus.write(at, 0, len, 0, 0));
    bus.register(lo, 0, size, odd);
    assertEquals([write(0x1000), write(0x8000)], [near, far], `${size}`);
    if (far === 1) assertEquals(write(0x8000, 0), 1, "no bytes at all");
    bus.unregister(odd);
    assertEquals([write(0x1000), write(0x8000)], [0, 0], `${size} gone`);
  }
});

Deno.test("IoBus.read() asks the array where a device may be that reads", () => {
  const bus = busWith(doorbell(0x1000, 4));
  const read = (lo: number): number => searches(() => bus.read(lo, 0, 4, new Uint8Array(4)));
  assertEquals([read(0x1000), read(0x2000)], [0, 0]);
  bus.register(0x2000, 0, 4, swallows);
  assertEquals([read(0x1000), read(0x2000)], [0, 1]);
});

Deno.test("IoBus takes a device that only looks like an ioeventfd for what it is", () => {
  const { lo, hi, len, wildcard, datamatchLo, datamatchHi, context } = doorbell(0x1000, 4);
  const shape = { lo, hi, len, wildcard, datamatchLo, datamatchHi, context };
  let writes = 0;
  const like = { ...shape, write: () => (writes++, 0) };
  const bus = busWith();
  assertEquals(bus.register(lo, hi, len, like), 0);
  assertEquals([bus.write(lo, hi, len, 0, 0), writes, context.count], [0, 1, 0n]);
  assertEquals([...bus.ioeventfds()], []);
});

Deno.test("IoBus.unregister() on a bus that was dropped is 0, in a release that misses nobody else", () => {
  for (const { bus: rules } of kernelReleases) {
    const bus = new IoBus({ ...rules, unregisterMissing: "ENOENT" });
    const one = doorbell(0x1000, 4);
    bus.register(0x1000, 0, 4, one);
    bus.destroy();
    assertEquals(bus.unregister(one), 0);
  }
});

Deno.test("IoBus.write() of lengths that no instruction has goes where the array's search does", () => {
  for (const { bus: rules } of kernelReleases) {
    const set = [[0xfe8, 4], [0xff0, 8], [0x1000, 0], [0x1010, 8], [0x1018, 4]] as const;
    const bus = new IoBus(rules), array = new ReferenceBus(rules);
    const [mine, theirs] = [0, 1].map(() => set.map(([lo, len]) => doorbell(lo, len)));
    for (const each of mine!) bus.register(each.lo, 0, each.len, each);
    for (const each of theirs!) array.insert(each.lo, 0, each.len, each);
    for (const { lo } of mine!) {
      for (const len of [9, 16, 32, 33, 36, 40, -1, -16, -24, -28, -30, -31, -32]) {
        assertEquals(bus.write(lo, 0, len, 0, 0), array.write(lo, 0, len, 0, 0), `${lo} ${len}`);
      }
    }
    assertEquals(
      mine!.map(({ context }) => context.count),
      theirs!.map((one) => one.context.count),
    );
  }
});

Deno.test("IoBus has ghosts and doorbells in the kernel's order after the array was let go", () => {
  for (const hi of [0, 0x8fff]) {
    const bus = new IoBus(release("5.15").bus);
    const high = doorbell(0x8000_0000, 4, hi), low = doorbell(0x7fff_0000, 4, hi);
    const first = doorbell(0x1000, 4, 0, 1), second = doorbell(0x1000, 4, 0, 2);
    for (const each of [high, low, first]) bus.register(each.lo, each.hi, each.len, each);
    const ghost: IoDevice = { write: () => EOPNOTSUPP };
    bus.orphan(high, ghost);
    bus.register(0x1000, 0, 4, second);
    passBy(bus);
    const expected = [first, second, low, ghost];
    assertEquals(bus.entries().map(({ device }) => expected.indexOf(device)), [0, 1, 2, 3]);
    assertEquals(bus.entries().at(-1)!.hi, hi);
  }
});

/** What comes and goes far from everything, by which an array is let go that nobody asks for. */
function passBy(bus: IoBus): void {
  for (let change = 0; change < 100; change++) {
    const passing = doorbell(0x10_0000 + 16 * change, 4);
    bus.register(passing.lo, 0, 4, passing);
    bus.unregister(passing);
  }
}

Deno.test("IoBus keeps no array while nothing interferes, and none once nothing does any more", () => {
  const changesIn = (access: () => unknown): number =>
    calls(ReferenceBus, ["insertEntry", "remove", "adopt"], access);
  for (const { bus: rules } of kernelReleases) {
    const bus = new IoBus(rules);
    const changes = (): number => changesIn(() => passBy(bus));
    assertEquals(changes(), 0);
    assertEquals(changesIn(() => bus.register(0, 0, 4, { ...swallows })), 0, "a zone");
    const lone = doorbell(0x1000, 4);
    bus.register(0x1000, 0, 4, lone);
    assertEquals(changes(), 0, "a zone and a doorbell");
    const meeting = [doorbell(2, 4), doorbell(0x1002, 4)];
    const sharing = [doorbell(0x2000, 4, 0, 1), doorbell(0x2000, 4, 0, 2)];
    for (const each of [...sharing, ...meeting]) bus.register(each.lo, 0, each.len, each);
    assertEquals(changes() > 0, true, "ranges that meet");
    for (const each of meeting) bus.unregister(each);
    passBy(bus);
    assertEquals(changes() > 0, rules.insertion !== "ordered", "one address, by heap");
    for (const each of sharing) bus.unregister(each);
    passBy(bus);
    assertEquals(changes(), 0, "apart again");
  }
});

type Place = readonly [at: number, len: number];

/** Ranges that meet, or do not quite: an address, its lengths, then the same of another. */
const pairs: readonly (readonly [Place, Place, meet: 0 | 1])[] = [
  ...[[[0x1000, 8], [0x1007, 1], 1], [[0x1000, 8], [0x1008, 1], 0]] as const,
  ...[[[0x1000, 8], [0x1008, 0], 1], [[0x1000, 4], [0x1005, 0], 0]] as const,
  ...[[[0x1000, 0], [0x1001, 0], 0], [[0x1000, 0], [0x1001, 8], 0]] as const,
  ...[[[0x1000, 2], [0x1001, 1], 1], [[0x1000, 1], [0x1001, 1], 0]] as const,
  ...[[[0, 8], [4, 4], 1], [[0, 8], [7, 1], 1], [[0x8000_0000, 8], [0x8000_0004, 1], 1]] as const,
  ...[0, 1, 2, 0x7fff].flatMap((hi) => {
    const end = (hi + 1) * 2 ** 32;
    return [
      [[end - 2, 4], [end - 1, 1], 1],
      [[end - 2, 4], [end, 2], 1],
      [[end - 8, 8], [end, 0], 1],
      [[end - 8, 8], [end, 8], 0],
      [[end - 3, 4], [end + 1, 1], 0],
    ] as const;
  }),
];

function doorbellAt([at, len]: Place, datamatch: number | null = null): Ioeventfd {
  return doorbell(at | 0, len, Math.floor(at / 2 ** 32), datamatch);
}

/** Makes changes, and says after which of them the array is searched for which doorbell. */
function searchesAfter(
  bus: IoBus,
  doorbells: readonly Ioeventfd[],
  changes: readonly (readonly [change: "+" | "-", device: Ioeventfd])[],
): number[][] {
  return changes.map(([change, device]) => {
    if (change === "+") bus.register(device.lo, device.hi, device.len, device);
    else bus.unregister(device);
    return doorbells.map(({ lo, hi }) => searches(() => bus.write(lo, hi, 4, 0, 0)));
  });
}

Deno.test("IoBus knows ranges that meet, whichever comes first, until either goes", () => {
  for (const [lower, upper, meet] of pairs) {
    for (const order of [[lower, upper], [upper, lower]]) {
      const [first, second] = order.map((place) => doorbellAt(place)) as [Ioeventfd, Ioeventfd];
      const far = doorbell(0x10_0000, 4);
      const bus = busWith(first, far);
      bus.unregister(far); // what is known of the one left stays
      const changes = [["+", second], ["-", first], ["+", first], ["-", second]] as const;
      const searched = searchesAfter(bus, [first, second], changes);
      assertEquals(searched, [meet, 0, meet, 0].map((n) => [n, n]), JSON.stringify(order));
    }
  }
});

Deno.test("IoBus knows the longest of several lengths at an address, as they come and go", () => {
  for (let base = 0x1000; base < 0x1100; base += 16) {
    const one = doorbell(base, 1), eight = doorbell(base, 8), near = doorbell(base + 4, 1);
    const changes = [
      ...[["+", near], ["-", eight], ["+", eight], ["-", near], ["+", near]] as const,
      ...[["-", eight], ["-", one], ["+", eight], ["-", near]] as const,
      ...[["+", one], ["+", near], ["-", one], ["-", eight]] as const,
    ];
    const searched = searchesAfter(busWith(one, eight), [one, near], changes);
    assertEquals(searched, [1, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 1, 0].map((n) => [n, n]));
  }
});

Deno.test("IoBus.write() near the top of 64 bits is by hash up to where an access could wrap", () => {
  const low = doorbell(0xffff_0000 | 0, 4, -1), top = doorbell(-8, 8, -1);
  assertEquals(searchesAfter(busWith(low), [low, top], [["+", top]]), [[0, 1]]);
});

Deno.test("IoBus.write() adds to the counter and does not ask its eventfd", () => {
  const set = [[0x1000, 4], [0x1010, 4, 7], [0x1020, 4, 7], [0x1020, 4, 8]] as const;
  const doorbells = set.map(([lo, len, datamatch]) => doorbell(lo, len, 0, datamatch));
  const bus = busWith(...doorbells);
  const asked = calls(EventfdContext, ["signal"], () => {
    for (const { lo } of doorbells) bus.write(lo, 0, 4, 7, 0);
  });
  assertEquals([asked, ...doorbells.map(({ context }) => context.count)], [0, 1n, 1n, 2n, 0n]);
});

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type KernelRelease, kernelReleases, release } from "@ioeventfd/uapi";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import { ReferenceBus } from "./reference_bus.ts";

interface Named extends IoDevice {
  readonly name: string;
}

/** An ioeventfd in small: an address, and a length or any. */
function doorbell(name: string, addr: number, len: number, taken: string[]): Named {
  return {
    name,
    write: (lo, hi, written) => {
      if (hi !== 0 || lo !== addr || (len !== 0 && len !== written)) return EOPNOTSUPP;
      taken.push(name);
      return 0;
    },
  };
}

/** A coalesced zone in small. */
function zone(name: string, first: number, size: number, taken: string[]): Named {
  return {
    name,
    write: (lo, _hi, len) => {
      if (lo < first || lo + len > first + size) return EOPNOTSUPP;
      taken.push(name);
      return 0;
    },
  };
}

type Entry = readonly [name: string, addr: number, len: number, kind?: "zone"];

/** Registers in that order and writes once; who took it, or `miss`. */
function dispatch(of: KernelRelease, entries: readonly Entry[], addr: number, len: number): string {
  const taken: string[] = [];
  const bus = new ReferenceBus(of.bus);
  for (const [name, first, size, kind] of entries) {
    const make = kind === "zone" ? zone : doorbell;
    bus.insert(first, 0, size, make(name, first, size, taken));
  }
  assertEquals(bus.write(addr, 0, len, 0, 0), taken.length === 1 ? 0 : EOPNOTSUPP);
  return taken[0] ?? "miss";
}

function order(of: KernelRelease, ranges: readonly (readonly [number, number])[]): number[] {
  const bus = new ReferenceBus(of.bus);
  const devices = ranges.map(() => ({ write: () => EOPNOTSUPP }));
  ranges.forEach(([addr, len], index) => bus.insert(addr, 0, len, devices[index]!));
  return bus.entries().map(({ device }) => devices.indexOf(device as typeof devices[0]) + 1);
}

const heapsorted = kernelReleases.filter(({ bus }) => bus.insertion === "heapsort");
const ordered = kernelReleases.filter(({ bus }) => bus.insertion === "ordered");

Deno.test("ReferenceBus puts k equal ranges in the order that the kernel's heapsort leaves", () => {
  const expected: Record<number, number[]> = {
    2: [2, 1],
    3: [1, 3, 2],
    4: [3, 2, 4, 1],
    5: [2, 4, 1, 5, 3],
    6: [4, 1, 5, 3, 6, 2],
  };
  assertEquals(heapsorted.map(({ name }) => name), ["3.14", "seed", "3.16", "4.4"]);
  for (const of of heapsorted) {
    for (const [k, wanted] of Object.entries(expected)) {
      assertEquals(order(of, Array.from({ length: Number(k) }, () => [0x1000, 4])), wanted);
    }
  }
});

Deno.test("ReferenceBus keeps equal ranges in the order of registration since 5.15", () => {
  assertEquals(ordered.map(({ name }) => name), ["5.15", "6.19"]);
  for (const of of ordered) {
    for (let k = 2; k <= 6; k++) {
      const ranges = Array.from({ length: k }, () => [0x1000, 4] as const);
      assertEquals(order(of, ranges), Array.from({ length: k }, (_, index) => index + 1));
    }
  }
});

Deno.test("ReferenceBus sorts lengths at one address in ascending order since 5.15", () => {
  for (const of of ordered) {
    assertEquals(order(of, [[0x1000, 8], [0x1000, 2], [0x1000, 4], [0x1000, 1]]), [4, 2, 3, 1]);
  }
});

Deno.test("ReferenceBus up to 4.4 turns two lengths at one address round, and misses the longer", () => {
  // Neither compares below the other, so heapsort never swaps them but at its end.
  for (const of of heapsorted) {
    assertEquals(order(of, [[0x1000, 1], [0x1000, 2]]), [2, 1]);
    assertEquals(dispatch(of, [["one", 0x1000, 1], ["two", 0x1000, 2]], 0x1000, 2), "miss");
    assertEquals(dispatch(of, [["one", 0x1000, 1], ["two", 0x1000, 2]], 0x1000, 1), "one");
    assertEquals(dispatch(of, [["two", 0x1000, 2], ["one", 0x1000, 1]], 0x1000, 2), "two");
  }
});

// The table of anomalies: a zero-length doorbell Z, a zone around it, and what else.
const z: Entry = ["Z", 0x1000, 0];
const coal: Entry = ["COAL", 0xf00, 0x1000, "zone"];
const l4: Entry = ["L4", 0x1000, 4];

Deno.test("ReferenceBus 4.4 tries the zone before a doorbell in it, in either order of registration", () => {
  const of = release("4.4");
  for (const entries of [[z, coal], [coal, z]]) {
    assertEquals(dispatch(of, entries, 0x1000, 4), "COAL");
  }
  for (const entries of [[l4, coal], [coal, l4]]) {
    assertEquals(dispatch(of, entries, 0x1000, 4), "COAL");
  }
});

Deno.test("ReferenceBus 4.4 skips the zone behind a zero-length doorbell in it", () => {
  const of = release("4.4");
  assertEquals(dispatch(of, [z, coal], 0x1004, 4), "miss");
  assertEquals(dispatch(of, [coal, z], 0x1004, 4), "miss");
});

Deno.test("ReferenceBus 5.15 and 6.19 let the order of registration decide between zone and doorbell", () => {
  for (const of of ordered) {
    assertEquals(dispatch(of, [z, coal], 0x1000, 4), "Z");
    assertEquals(dispatch(of, [coal, z], 0x1000, 4), "COAL");
    assertEquals(dispatch(of, [l4, coal], 0x1000, 4), "L4");
    assertEquals(dispatch(of, [coal, l4], 0x1000, 4), "COAL");
    assertEquals(dispatch(of, [z, coal], 0x1004, 4), "COAL");
    assertEquals(dispatch(of, [coal, z], 0x1004, 4), "miss");
  }
});

Deno.test("ReferenceBus loses a zero-length doorbell beside a device of 2 bytes, as the insertion has it", () => {
  const d2: Entry = ["D2", 0x1000, 2, "zone"];
  assertEquals(dispatch(release("4.4"), [z, d2], 0x1000, 4), "Z");
  assertEquals(dispatch(release("4.4"), [d2, z], 0x1000, 4), "miss");
  for (const of of ordered) {
    assertEquals(dispatch(of, [z, d2], 0x1000, 4), "miss");
    assertEquals(dispatch(of, [d2, z], 0x1000, 4), "Z");
  }
});

Deno.test("ReferenceBus finds one of several zero-length doorbells at its address, and none between them", () => {
  const several: Entry[] = [["a", 0x1000, 0], ["c", 0x1020, 0], ["b", 0x1010, 0]];
  for (const of of [release("4.4"), ...ordered]) {
    for (const len of [1, 2, 4, 8]) {
      assertEquals(dispatch(of, several, 0x1010, len), "b");
      assertEquals(dispatch(of, several, 0x1008, len), "miss");
    }
  }
});

// live: ordering hazards of a running 6.18 kernel
Deno.test("ReferenceBus has the three smallest dead doorbells of the live kernel", () => {
  const of = release("6.19");
  for (const n of [1, 4, 8]) {
    assertEquals(dispatch(of, [["Z", 0x1000 + n, 0], ["L", 0x1000, n]], 0x1000 + n, 4), "miss");
    assertEquals(dispatch(of, [["L", 0x1000, n], ["Z", 0x1000 + n, 0]], 0x1000 + n, 4), "Z");
  }
  const b: Entry[] = [["one", 0x1001, 1], ["other", 0x1002, 1], ["four", 0x1000, 4]];
  assertEquals(dispatch(of, b, 0x1000, 4), "miss");
  const c: Entry[] = [
    ["1", 0x1000, 1],
    ["2", 0x1000, 2],
    ["4", 0x1000, 4],
    ["1'", 0x1001, 1],
    ["2'", 0x1001, 2],
  ];
  assertEquals(dispatch(of, c, 0x1001, 2), "miss");
});

Deno.test("ReferenceBus lets an unrelated doorbell below mend a dead one, and one above break it again", () => {
  const of = release("6.19");
  const dead: Entry[] = [["Z", 0x1004, 0], ["L", 0x1000, 4]];
  assertEquals(dispatch(of, dead, 0x1004, 4), "miss");
  assertEquals(dispatch(of, [...dead, ["below", 0x800, 4]], 0x1004, 4), "Z");
  assertEquals(
    dispatch(of, [...dead, ["below", 0x800, 4], ["above", 0x2000, 4]], 0x1004, 4),
    "miss",
  );
});

Deno.test("ReferenceBus.writeCounted() counts comparisons of search, walk back and scan, and devices tried", () => {
  const taken: string[] = [];
  const bus = new ReferenceBus(release("6.19").bus);
  for (let at = 0; at < 7; at++) {
    bus.insert(0x1000 + at * 16, 0, 4, doorbell(`${at}`, 0x1000 + at * 16, 4, taken));
  }
  const work = { comparisons: 0, devicesTried: 0 };
  assertEquals(bus.writeCounted(0x1030, 0, 4, 0, 0, work), 0);
  assertEquals(work, { comparisons: 3, devicesTried: 1 }, "found at once, one back, one scanned");
  assertEquals(bus.writeCounted(0x1034, 0, 4, 0, 0, work), EOPNOTSUPP);
  assertEquals(work, { comparisons: 6, devicesTried: 1 }, "three halvings of seven");
});

Deno.test("ReferenceBus tries datamatch siblings one after the other", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  const tried: number[] = [];
  for (let at = 0; at < 5; at++) {
    bus.insert(0x1000, 0, 4, {
      write: (_lo, _hi, _len, value) => (tried.push(at), value === at ? 0 : EOPNOTSUPP),
    });
  }
  assertEquals(bus.write(0x1000, 0, 4, 3, 0), 0);
  assertEquals(tried, [0, 1, 2, 3]);
});

Deno.test("ReferenceBus.writeCookie() tries the entry of the cookie first, and falls back to the search", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  const tried: number[] = [];
  for (let at = 0; at < 4; at++) {
    bus.insert(7, 0, 8, {
      write: (_lo, _hi, _len, value) => (tried.push(at), value === at ? 0 : EOPNOTSUPP),
    });
  }
  assertEquals(bus.writeCookie(7, 0, 8, 2, 0, 2), 2);
  assertEquals(tried.splice(0), [2]);
  assertEquals(bus.writeCookie(7, 0, 8, 2, 0, 3), 2);
  assertEquals(tried.splice(0), [3, 0, 1, 2]);
  assertEquals(bus.writeCookie(7, 0, 8, 2, 0, -1), 2);
  assertEquals(bus.writeCookie(7, 0, 8, 9, 0, 0), EOPNOTSUPP);
  assertEquals(bus.writeCookie(8, 0, 8, 2, 0, 2), EOPNOTSUPP, "the cookie's entry is elsewhere");
});

Deno.test("ReferenceBus.read() asks those that can be read, in order", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  bus.insert(0x1000, 0, 4, { write: () => 0 });
  bus.insert(0x1000, 0, 4, { write: () => 0, read: (_lo, _hi, _len, out) => (out[0] = 7, 0) });
  const out = new Uint8Array(8);
  assertEquals(bus.read(0x1000, 0, 4, out), 0);
  assertEquals(out[0], 7);
  assertEquals(bus.read(0x2000, 0, 4, out), EOPNOTSUPP);
});

/** Neighbours out of order, counted anew. */
function disorderOf(bus: ReferenceBus): number {
  const entries = bus.entries();
  return entries.filter((entry, at) => {
    const before = entries[at - 1];
    return before !== undefined &&
      (before.hi - entry.hi || before.lo - entry.lo || before.len - entry.len) > 0;
  }).length;
}

Deno.test("ReferenceBus.disorder is what a count of the array gives, whatever came and went", () => {
  const ranges = fc.array(
    fc.record({
      from: fc.integer({ min: -9, max: 6 }),
      len: fc.constantFrom(0, 1, 4, 8, 16),
      removes: fc.nat(9),
    }),
    { maxLength: 24 },
  );
  let disordered = 0;
  fc.assert(
    // On both sides of 2^32, and of 2^64, where ranges wrap.
    fc.property(fc.constantFrom(...kernelReleases), fc.boolean(), ranges, (of, wraps, steps) => {
      const { bus: rules } = of;
      const bus = new ReferenceBus(rules);
      assertEquals(bus.disorder, 0);
      const devices: IoDevice[] = [];
      for (const { from, len, removes } of steps) {
        if (removes < devices.length) {
          const [device] = devices.splice(removes, 1);
          assertEquals(bus.remove(device!), true);
        } else {
          devices.push({ write: () => EOPNOTSUPP });
          bus.insert(from, from < 0 ? (wraps ? -1 : 0) : (wraps ? 0 : 1), len, devices.at(-1)!);
        }
        assertEquals(bus.disorder, disorderOf(bus));
        if (bus.disorder > 0) disordered++;
      }
    }),
    { seed: 20_141, numRuns: 300 },
  );
  assert(disordered > 100, `${disordered}`);
});

Deno.test("ReferenceBus.remove() and replace() do nothing to a device that is not there", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  const device = { write: () => 0 }, stranger = { write: () => EOPNOTSUPP };
  bus.insert(0x1000, 0, 4, device);
  assertEquals([bus.remove(stranger), bus.replace(stranger, stranger)], [false, false]);
  assertEquals(bus.entries(), [{ lo: 0x1000, hi: 0, len: 4, device }]);
  assertEquals(bus.replace(device, stranger), true);
  assertEquals(bus.entries(), [{ lo: 0x1000, hi: 0, len: 4, device: stranger }]);
});

Deno.test("ReferenceBus.adopt() takes the place of what was there", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  const device = { write: () => 0 };
  bus.insert(0x1000, 0, 4, device);
  bus.adopt([{ lo: 0x3000, hi: 0, len: 4, device }, { lo: 0x2000, hi: 0, len: 4, device }]);
  assertEquals(bus.entries().map(({ lo }) => lo), [0x3000, 0x2000]);
  assertEquals([bus.length, bus.disorder], [2, 1]);
});

Deno.test("ReferenceBus shows addresses unsigned, and lengths signed", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  bus.insert(0xfee0_0000 | 0, -1, 0xffff_fff0, { write: () => 0 });
  const [entry] = bus.entries();
  assertEquals([entry!.lo, entry!.hi, entry!.len], [0xfee0_0000, 0xffff_ffff, -16]);
});

Deno.test("ReferenceBus.search() tells every step, up to the entry that the search lands on, and who is asked", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  const device = { write: () => EOPNOTSUPP };
  for (let at = 0; at < 7; at++) bus.insert(0x1000 + at * 16, 1, 4, device);
  bus.insert(0x1030, 1, 4, device);
  // Halves 8, then 4, then 6 entries.
  assertEquals(bus.search(0x1040, 1, 4), {
    path: [{ index: 4, order: 1 }, { index: 6, order: -1 }, { index: 5, order: 0 }],
    run: [5],
  });
  assertEquals(bus.search(0x1030, 1, 4), { path: [{ index: 4, order: 0 }], run: [3, 4] });
  assertEquals(bus.search(0x1040, 0, 4).run, []);
  assertEquals(bus.search(0x1048, 1, 4).path.at(-1), { index: 5, order: 1 });
});

Deno.test("ReferenceBus answers 0 whoever claims, the first entry too", () => {
  const bus = new ReferenceBus(release("6.19").bus);
  bus.insert(0x1000, 0, 4, { write: () => 0 });
  const work = { comparisons: 0, devicesTried: 0 };
  assertEquals([bus.write(0x1000, 0, 4, 0, 0), bus.writeCounted(0x1000, 0, 4, 0, 0, work)], [0, 0]);
  assertEquals(work, { comparisons: 2, devicesTried: 1 });
});

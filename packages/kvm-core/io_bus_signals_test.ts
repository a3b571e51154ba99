/** That a bus, which adds to counters without asking their eventfds, still does all that an eventfd does. */
import { assertEquals } from "@std/assert";
import { EventfdContext, SharedEventfd } from "@ioeventfd/eventfd";
import { latestRelease } from "@ioeventfd/uapi";
import { IoBus } from "./io_bus.ts";
import { Ioeventfd } from "./ioeventfd.ts";

function busWith(context: EventfdContext, datamatch: number | null = null): IoBus {
  const bus = new IoBus(latestRelease.bus);
  const ioeventfd = new Ioeventfd({
    lo: 0x1000,
    hi: 0,
    len: 4,
    wildcard: datamatch === null,
    datamatchLo: datamatch ?? 0,
    datamatchHi: 0,
    context,
    busIndex: 0,
    sequence: 0,
  });
  bus.register(0x1000, 0, 4, ioeventfd);
  return bus;
}

function kick(bus: IoBus): number {
  return bus.write(0x1000, 0, 4, 7, 0);
}

Deno.test("IoBus.write() carries over 32 bits and stays at 2^64-1", () => {
  for (const datamatch of [null, 7]) {
    const context = new EventfdContext(0xffff_ffff);
    const bus = busWith(context, datamatch);
    assertEquals([kick(bus), context.count], [0, 0x1_0000_0000n]);
    context.write(0xffff_fffe_ffff_fffen);
    assertEquals([kick(bus), context.count], [0, 0xffff_ffff_ffff_ffffn]);
    assertEquals([kick(bus), context.count], [0, 0xffff_ffff_ffff_ffffn]);
  }
});

Deno.test("IoBus.write() wakes who waits, from the first signal after they came", () => {
  const context = new EventfdContext();
  const bus = busWith(context);
  kick(bus);
  let woken = 0;
  const entry = context.addWaiter({ wake: () => ++woken > 0 });
  kick(bus);
  kick(bus);
  context.removeWaiter(entry);
  kick(bus);
  assertEquals([woken, context.count], [2, 4n]);
});

Deno.test("IoBus.write() from within a wake is refused as a nested signal", () => {
  const [outer, inner] = [new EventfdContext(), new EventfdContext()];
  const bus = busWith(inner);
  outer.addWaiter({ wake: () => kick(bus) === 0 });
  outer.signal();
  assertEquals([inner.count, inner.refusedSignals], [0n, 1]);
  kick(bus);
  assertEquals(inner.count, 1n);
});

Deno.test("IoBus.write() calls the signal() of whoever has one of its own", () => {
  let signals = 0;
  class Watched extends EventfdContext {
    override signal(): void {
      signals++;
    }
  }
  const watched = new Watched();
  const shared = new SharedEventfd();
  kick(busWith(watched));
  kick(busWith(shared));
  assertEquals([signals, watched.count, shared.count], [1, 0n, 1n]);
});

Deno.test("IoBus.write() tells a thousand counters apart, whatever array they are in", () => {
  const bus = new IoBus(latestRelease.bus);
  const contexts = Array.from({ length: 1000 }, () => new EventfdContext());
  for (const [i, context] of contexts.entries()) {
    const [lo, len, wildcard] = [0x1000 + 8 * i, 4, true];
    const datamatch = { datamatchLo: 0, datamatchHi: 0 };
    const place = { lo, hi: 0, len, wildcard, ...datamatch };
    bus.register(lo, 0, len, new Ioeventfd({ ...place, context, busIndex: 0, sequence: i }));
  }
  for (let i = 0; i < 1000; i++) {
    for (let times = 0; times <= i % 3; times++) bus.write(0x1000 + 8 * i, 0, 4, 0, 0);
  }
  assertEquals(contexts.map(({ count }) => count), contexts.map((_, i) => BigInt(i % 3 + 1)));
});

Deno.test("IoBus.write() finds the right counter after registrations came and went, and their arrays with them", () => {
  const bus = new IoBus(latestRelease.bus);
  const make = (i: number): Ioeventfd => {
    const wildcard = i % 5 !== 0; // every fifth by its value
    const place = { lo: 0x1000 + 8 * i, hi: 0, len: 4, wildcard, datamatchLo: 0, datamatchHi: 0 };
    const ioeventfd = new Ioeventfd({
      ...place,
      context: new EventfdContext(),
      busIndex: 0,
      sequence: i,
    });
    bus.register(place.lo, 0, 4, ioeventfd);
    return ioeventfd;
  };
  const all = Array.from({ length: 900 }, (_, i) => make(i));
  for (let turn = 0; turn < 3; turn++) {
    // A whole array of counters is let go at once, and then some here and there.
    for (let i = 0; i < 900; i++) {
      if (i >= 600 && i % 3 !== turn) continue;
      bus.unregister(all[i]!);
      all[i] = make(i);
    }
    for (let i = 0; i < 900; i++) assertEquals(bus.write(0x1000 + 8 * i, 0, 4, 0, 0), 0);
    for (const { context } of all) assertEquals(context.tryRead(), 1n);
  }
});

// deno bench packages/kvm-core: one write on a bus of N doorbells at random addresses, 1,024 writes an iteration.
import { EventfdContext } from "@ioeventfd/eventfd";
import { latestRelease } from "@ioeventfd/uapi";
import { IoBus } from "./io_bus.ts";
import { Ioeventfd } from "./ioeventfd.ts";
import { ReferenceBus } from "./reference_bus.ts";

let state = 12345;
const random = (below: number): number => {
  state = (Math.imul(state, 1103515245) + 12345) | 0;
  return (state >>> 1) % below;
};

function doorbell(lo: number, len: number, datamatch: number | null, sequence: number): Ioeventfd {
  return new Ioeventfd({
    lo,
    hi: 0,
    len,
    wildcard: datamatch === null,
    datamatchLo: datamatch ?? 0,
    datamatchHi: 0,
    context: new EventfdContext(),
    busIndex: 0,
    sequence,
  });
}

for (const count of [1, 16, 1000, 10_000]) {
  const bus = new IoBus(latestRelease.bus);
  const reference = new ReferenceBus(latestRelease.bus);
  const all = Array.from(
    { length: count },
    (_, at) => doorbell(0xc0000000 + at * 64 + random(4) * 16, 4, null, at),
  );
  for (const each of all) {
    bus.register(each.lo, 0, 4, each);
    bus.countIoeventfd(1);
    reference.insert(each.lo, 0, 4, each);
  }
  const addresses = Int32Array.from({ length: 1024 }, () => all[random(count)]!.lo);
  const misses = addresses.map((lo) => lo + 4);
  const run = (target: Pick<IoBus, "write">, at: Int32Array) => (): void => {
    for (let index = 0; index < 1024; index++) target.write(at[index]!, 0, 4, index, 0);
  };
  const group = `${count} doorbells`;
  Deno.bench("IoBus, hit", { group, baseline: true }, run(bus, addresses));
  Deno.bench("IoBus, miss", { group }, run(bus, misses));
  Deno.bench("ReferenceBus, hit", { group }, run(reference, addresses));
}

const siblings = new IoBus(latestRelease.bus);
for (let value = 0; value < 256; value++) {
  siblings.register(0x1000, 0, 4, doorbell(0x1000, 4, value, value));
}
Deno.bench("IoBus, the last of 256 datamatches", () => {
  for (let index = 0; index < 1024; index++) siblings.write(0x1000, 0, 4, 255, 0);
});

Deno.bench("IoBus, 1,000 come and go", () => {
  const bus = new IoBus(latestRelease.bus);
  const all = Array.from({ length: 1000 }, (_, at) => doorbell(0xc0000000 + at * 16, 4, null, at));
  for (const each of all) bus.register(each.lo, 0, 4, each);
  for (const each of all) bus.unregister(each);
});

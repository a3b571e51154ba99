import { assert, assertEquals } from "@std/assert";
import { EventfdContext } from "@ioeventfd/eventfd";
import { EOPNOTSUPP, IoBus, Ioeventfd } from "@ioeventfd/kvm-core";
import { latestRelease } from "@ioeventfd/uapi";
import { CODE, makeGuest, MMIO } from "./testdata/guest.ts";

const KICKS = 1 << 18, SLICE = 1 << 13;
/** Half a byte a kick; the least object of V8 takes 16. */
const MOST_BYTES = KICKS / 2;

/**
 * Bytes that so many kicks left on the heap, looked at often enough that no collection hides them: the least of a few
 * tries, as the compiler allocates too, in its own time.
 */
function allocatedBy(kicks: (times: number) => void): number {
  let least = Infinity;
  for (let attempt = 0; attempt < 5 && least > MOST_BYTES; attempt++) {
    let allocated = 0;
    for (let done = 0; done < KICKS; done += SLICE) {
      const before = Deno.memoryUsage().heapUsed;
      kicks(SLICE);
      allocated += Math.max(Deno.memoryUsage().heapUsed - before, 0);
    }
    least = Math.min(least, allocated);
  }
  return least;
}

function ioeventfd(i: number, len: number, datamatch: number | null): Ioeventfd {
  return new Ioeventfd({
    lo: MMIO + 0x1000 * (datamatch === null ? i : 0),
    hi: 0,
    len,
    wildcard: datamatch === null,
    datamatchLo: datamatch ?? 0,
    datamatchHi: 0,
    context: new EventfdContext(),
    busIndex: 0,
    sequence: i,
  });
}

function busOf(ioeventfds: readonly Ioeventfd[]): IoBus {
  const bus = new IoBus(latestRelease.bus);
  for (const one of ioeventfds) bus.register(one.lo, one.hi, one.len, one);
  return bus;
}

Deno.test("the measurement sees one small object a kick", () => {
  let last: unknown;
  const allocated = allocatedBy((times) => {
    for (let i = 0; i < times; i++) last = { i };
  });
  assert(last !== undefined && allocated > 16 * KICKS, `${allocated} bytes`);
});

Deno.test("IoBus.write() allocates nothing: hits, misses, datamatches, what only the array can tell", () => {
  const wildcards = busOf(Array.from({ length: 256 }, (_, i) => ioeventfd(i, 4, null)));
  const matches = busOf(Array.from({ length: 256 }, (_, i) => ioeventfd(i, 4, i)));
  const tangled = busOf([0, 1, 2].map((i) => ioeventfd(i, 8, null)));
  const zone = { write: (): number => EOPNOTSUPP };
  tangled.register(MMIO, 0, 0x1000, zone);
  const base = MMIO | 0; // above 2^31 a number would be an object of its own
  const answers = new Set<number>();
  const allocated = allocatedBy((times) => {
    for (let i = 0; i < times; i++) {
      answers.add(wildcards.write(base + 0x1000 * (i & 511), 0, 4, i, 0));
      answers.add(matches.write(base, 0, 4, i & 511, 0));
      answers.add(tangled.write(base, 0, 8, i, 0));
    }
  });
  assertEquals([...answers].sort(), [EOPNOTSUPP, 0].sort());
  assert(allocated <= MOST_BYTES, `${allocated} bytes in ${KICKS} kicks`);
});

for (const [name, len] of [["fast", 0], ["slow", 4]] as const) {
  Deno.test(`a ${name} kick allocates nothing, from the guest's store to the guest resumed`, () => {
    // mov [rdi], eax; dec ecx; jnz back; hlt
    using guest = makeGuest({
      code: [0x89, 0x07, 0xff, 0xc9, 0x75, 0xfa, 0xf4],
      regs: { rdi: BigInt(MMIO) },
      counting: false,
    });
    const fd = guest.doorbell(MMIO, len);
    const regs = guest.vcpu.getRegs();
    let rung = 0;
    const allocated = allocatedBy((times) => {
      guest.vcpu.setRegs({ ...regs, rip: BigInt(CODE), rcx: BigInt(times) });
      guest.vcpu.run();
      rung += times;
    });
    assertEquals(guest.count(fd), rung);
    assert(allocated <= MOST_BYTES, `${allocated} bytes in ${KICKS} kicks`);
  });
}

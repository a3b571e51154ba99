// Stores of a guest: into memory, to the bus, and across a page to both.
import { assertEquals } from "@std/assert";
import { latestRelease } from "@ioeventfd/uapi";
import { type GuestStores, storeToGuest } from "./_guest_store.ts";
import { IoBus } from "./io_bus.ts";
import { EOPNOTSUPP, type IoDevice } from "./io_device.ts";
import type { IrqchipMode } from "./irqchip.ts";
import { Memslots } from "./memslots.ts";

const VALUE = 0x8877_6655_4433_22f1n;

interface Write {
  readonly at: bigint;
  readonly len: number;
  readonly value: bigint;
}

function words(value: bigint): [lo: number, hi: number] {
  return [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))];
}

/** A VM with the memory given, and a bus that says what it is offered and takes what is in its range. */
class Machine {
  readonly writes: Write[] = [];
  readonly vm: GuestStores;
  readonly #bus = new IoBus(latestRelease.bus);

  constructor(memory: ReadonlyMap<bigint, Uint8Array | null>, irqchipMode: IrqchipMode = "none") {
    const regions = [...memory];
    const slots = new Memslots(latestRelease.memslots, (hva) => regions[Number(hva >> 32n)]![1]);
    for (const [slot, [gpa, bytes]] of regions.entries()) {
      slots.set({ slot, gpa, size: BigInt(bytes?.length ?? 0x1000), hva: BigInt(slot) << 32n });
    }
    this.vm = { irqchipMode, slots };
  }

  takes(at: bigint, size: number, takes = true): this {
    const device: IoDevice = {
      write: (lo, hi, len, vlo, vhi) => {
        const join = (low: number, high: number): bigint =>
          BigInt(high >>> 0) << 32n | BigInt(low >>> 0);
        this.writes.push({ at: join(lo, hi), len, value: join(vlo, vhi) });
        return takes ? 0 : EOPNOTSUPP;
      },
    };
    this.#bus.register(...words(at), size, device);
    return this;
  }

  store(at: bigint, len: number, value = BigInt.asUintN(8 * len, VALUE)): boolean {
    return storeToGuest(this.vm, this.#bus, ...words(at), len, ...words(value));
  }
}

Deno.test("storeToGuest() puts the bytes written into memory, across pages too, and no others", () => {
  for (const gpa of [0n, 0x10_0000n, 1n << 32n, 0xf_ffff_f000_0000n & ~0x1fffn]) {
    for (const at of [0, 0x7f0, 0xff8, 0xff9, 0xffc, 0xffd, 0xffe, 0xfff, 0x1000, 0x1ff8]) {
      for (const len of [1, 2, 4, 8]) {
        if (at + len > 0x2000) continue;
        const bytes = new Uint8Array(0x2000).fill(0xee), expected = bytes.slice();
        for (let byte = 0; byte < len; byte++) {
          expected[at + byte] = Number(VALUE >> BigInt(8 * byte) & 0xffn);
        }
        assertEquals(new Machine(new Map([[gpa, bytes]])).store(gpa + BigInt(at), len), true);
        const changed = [...bytes.keys()].filter((place) => bytes[place] !== expected[place]);
        assertEquals(changed, [], `${gpa} ${at} ${len}`);
      }
    }
  }
});

Deno.test("storeToGuest() offers the bus both parts of what goes across a page, whoever takes them", () => {
  for (const boundary of [0x1000n, 0x8000_0000n, 1n << 32n, 3n << 32n, 0x8000_0000n << 32n]) {
    for (const len of [2, 4, 8]) {
      for (let room = 1; room < len; room++) {
        for (const [first, second] of [[true, true], [true, false], [false, true]] as const) {
          const at = boundary - BigInt(room), value = BigInt.asUintN(8 * len, VALUE);
          const machine = new Machine(new Map()).takes(boundary - 16n, 16, first)
            .takes(boundary, 16, second);
          assertEquals(machine.store(at, len), first && second);
          const [below, above] = machine.writes;
          assertEquals([below!.at, below!.len, BigInt.asUintN(8 * room, below!.value)], [
            ...[at, room, BigInt.asUintN(8 * room, value)],
          ]);
          assertEquals(above, { at: boundary, len: len - room, value: value >> BigInt(8 * room) });
        }
      }
    }
  }
  const machine = new Machine(new Map()).takes(0xff8n, 8);
  assertEquals(
    [machine.store(0xff8n, 8), machine.writes.length],
    [true, 1],
    "up to the page's end",
  );
});

Deno.test("storeToGuest() tells memory from what is 4 GiB away, and takes what no process has", () => {
  const low = new Uint8Array(0x1000);
  const machine = new Machine(new Map([[0n, low], [0x10_0000n, null]])).takes(1n << 32n, 16);
  assertEquals([machine.store(1n << 32n, 4), machine.writes.length, low[0]], [true, 1, 0]);
  assertEquals([machine.store(0x10_0000n, 4), machine.writes.length], [true, 1]);
  assertEquals(machine.store(0x20_0000n, 4), false);
});

Deno.test("storeToGuest() to the page of the local APICs is theirs where there are any", () => {
  const at = 0xfee0_0010n;
  const answers = (["none", "split", "full"] as const).map((mode) => {
    const machine = new Machine(new Map(), mode);
    return [machine.store(at, 4), machine.takes(at, 4).store(at, 4), machine.writes.length];
  });
  assertEquals(answers, [[false, true, 1], [true, true, 0], [true, true, 0]]);
});

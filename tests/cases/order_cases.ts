// A bus is an array that is searched by a comparison which is no order: registrations that match exactly and never fire.
import { assertEquals } from "@std/assert";
import { callCase, type Case } from "./case.ts";
import { DEASSIGN, PIO } from "./flags.ts";
import type { Rig } from "./rig.ts";

const A = 0xd000_0100;

/** Registers lengths at offsets from A, with an eventfd each. */
function make(rig: Rig, ...set: readonly (readonly [offset: number, len: number])[]): number[] {
  return set.map(([offset, len]) => {
    const fd = rig.efd();
    assertEquals(rig.io(A + offset, len, 0, 0, fd), 0);
    return fd;
  });
}

/** Every order of a list. */
function* orders<T>(list: readonly T[]): Generator<T[]> {
  if (list.length === 0) yield [];
  for (const [i, first] of list.entries()) {
    for (const rest of orders(list.toSpliced(i, 1))) yield [first, ...rest];
  }
}

function touching(len: 1 | 2 | 4 | 8): Case {
  return callCase(
    `length 0 at A+${len}, then length ${len} at A: stores at A+${len} exit`,
    (rig) => {
      const [zero, other] = make(rig, [len, 0], [0, len]);
      const exits = [1, 2, 4, 8].map((width) => rig.store(A + len, width));
      assertEquals(exits, [true, true, true, true]);
      assertEquals([rig.store(A, len), rig.count(zero!), rig.count(other!)], [false, 0n, 1n]);
    },
  );
}

/** Sets all of whose registrations fire in any order. */
const safe:
  readonly (readonly [name: string, ...set: (readonly [offset: number, len: number])[]])[] = [
    ["all of length 0, side by side", [0, 0], [1, 0], [2, 0], [4, 0]],
    ["one length, overlapping", [0, 4], [1, 4], [2, 4], [5, 4]],
    ["lengths above 0 that touch", [0, 4], [4, 2], [6, 1], [7, 8]],
    ["all lengths at one address", [0, 1], [0, 2], [0, 4], [0, 8]],
    ["length 0 a byte away from others", [0, 4], [5, 0], [6, 0], [7, 2]],
  ];

/** The array's order. */
export const orderCases: readonly Case[] = [
  touching(1),
  touching(2),
  touching(4),
  touching(8),

  callCase("the same pair in ascending order fires", (rig) => {
    const [low, zero] = make(rig, [0, 4], [4, 0]);
    assertEquals([rig.store(A, 4), rig.store(A + 4, 4)], [false, false]);
    assertEquals([rig.count(low!), rig.count(zero!)], [1n, 1n]);
  }),

  callCase("ports are searched alike", (rig) => {
    const zero = rig.efd();
    rig.io(0xc004, 0, PIO, 0, zero);
    rig.io(0xc000, 4, PIO, 0, rig.efd());
    assertEquals([rig.out(0xc004, 2), rig.out(0xc000, 4), rig.count(zero)], [true, false, 0n]);
  }),

  callCase(
    "length 1 at A+1, length 1 at A+2, then length 4 at A: the 4-byte store exits",
    (rig) => {
      const fds = make(rig, [1, 1], [2, 1], [0, 4]);
      const exits = [rig.store(A, 4), rig.store(A + 1, 1), rig.store(A + 2, 1)];
      assertEquals(exits, [true, false, false]);
      assertEquals(fds.map((fd) => rig.count(fd)), [1n, 1n, 0n]);
    },
  ),

  callCase(
    "lengths 1, 2, 4 at A, then 1, 2 at A+1, ascending: the 2-byte store at A+1 exits",
    (rig) => {
      const fds = make(rig, [0, 1], [0, 2], [0, 4], [1, 1], [1, 2]);
      assertEquals(rig.store(A + 1, 2), true);
      assertEquals(rig.count(fds[4]!), 0n);
      const others = [rig.store(A, 1), rig.store(A, 2), rig.store(A, 4), rig.store(A + 1, 1)];
      assertEquals(others, [false, false, false, false]);
    },
  ),

  callCase("one more below wakes a dead doorbell, one more above silences it again", (rig) => {
    const [zero] = make(rig, [4, 0], [0, 4]);
    assertEquals(rig.store(A + 4, 4), true);
    make(rig, [-0x40, 4]);
    assertEquals(rig.store(A + 4, 4), false);
    make(rig, [0x40, 4]);
    assertEquals(rig.store(A + 4, 4), true);
    assertEquals(rig.count(zero!), 1n);
  }),

  callCase("taking a dead doorbell away and registering it again mends it", (rig) => {
    const [zero] = make(rig, [4, 0], [0, 4]);
    assertEquals(rig.store(A + 4, 4), true);
    assertEquals(rig.io(A + 4, 0, DEASSIGN, 0, zero!), 0);
    assertEquals(rig.io(A + 4, 0, 0, 0, zero!), 0);
    assertEquals([rig.store(A + 4, 4), rig.count(zero!)], [false, 1n]);
  }),

  callCase("taking the other away mends it too", (rig) => {
    const [zero, other] = make(rig, [4, 0], [0, 4]);
    assertEquals(rig.io(A, 4, DEASSIGN, 0, other!), 0);
    assertEquals([rig.store(A + 4, 4), rig.count(zero!)], [false, 1n]);
  }),

  ...safe.map(([name, ...set]) =>
    callCase(`in any order of registration all fire: ${name}`, (rig) => {
      for (const order of orders(set)) {
        const one = rig.another(), fds = make(one, ...order);
        for (const [offset, len] of order) assertEquals(one.store(A + offset, len || 4), false);
        assertEquals(fds.map((fd) => one.count(fd)), order.map(() => 1n));
      }
    })
  ),
];

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "./seeded_random.ts";

function sequence(seed: number): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: 20 }, () => random.bits());
}

Deno.test("SeededRandom gives the same for the same seed, and other numbers for another", () => {
  assertEquals(sequence(7), sequence(7));
  assertNotEquals(sequence(7), sequence(8));
  assertThrows(() => new SeededRandom(0.5), TypeError, "not a whole number");
});

Deno.test("SeededRandom.below() reaches every number below the limit and no other", () => {
  const random = new SeededRandom(1);
  const seen = new Set(Array.from({ length: 500 }, () => random.below(8)));
  assertEquals([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert(random.below(2 ** 32) < 2 ** 32);
  for (const limit of [0, -1, 1.5, 2 ** 33]) assertThrows(() => random.below(limit), RangeError);
});

Deno.test("SeededRandom.shuffle() keeps every element, pick() takes one of them", () => {
  const random = new SeededRandom(3);
  const list = [1, 2, 3, 4, 5, 6, 7, 8];
  const shuffled = random.shuffle(list);
  assertNotEquals(shuffled, list);
  assertEquals(shuffled.toSorted((a, b) => a - b), list);
  assert(list.includes(random.pick(list)));
  assertThrows(() => random.pick([]), RangeError);
});

// Counters by place: which array, and where in it.
import { assertEquals } from "@std/assert";
import { SignalPlaces } from "./_signal_places.ts";

const WORDS = 1024;

/** An array of 256 counters, as eventfds share them. */
function counters(): Int32Array {
  return new Int32Array(WORDS);
}

Deno.test("SignalPlaces.signal() adds to the counter at a place, and to no other", () => {
  const places = new SignalPlaces(), arrays = Array.from({ length: 5 }, counters);
  const taken: [Int32Array, number, number][] = [];
  for (const at of [0, 4, 512, WORDS - 4]) {
    for (const cells of arrays) taken.push([cells, at, places.take({ cells, at })]);
  }
  assertEquals(new Set(taken.map(([, , place]) => place)).size, taken.length);
  for (const [i, [cells, at, place]] of taken.entries()) {
    assertEquals([places.take({ cells, at }), place < 5 * WORDS], [place, true], "one place each");
    for (let times = 0; times <= i; times++) assertEquals(places.signal(place), true);
  }
  for (const [i, [cells, at]] of taken.entries()) assertEquals(cells[at], i + 1);
});

Deno.test("SignalPlaces lets an array go with the last of its places, and gives its number to another", () => {
  const places = new SignalPlaces(), [first, second, third] = [counters(), counters(), counters()];
  const number = (place: number): number => Math.floor(place / WORDS);
  const one = places.take({ cells: first!, at: 0 }), two = places.take({ cells: first!, at: 4 });
  places.take({ cells: second!, at: 0 });
  places.giveBack(one);
  assertEquals(places.signal(two), true, "one place is left");
  places.giveBack(two);
  assertEquals([places.signal(one), places.signal(two), first![0]], [false, false, 0]);
  const next = places.take({ cells: third!, at: 0 });
  assertEquals(number(next), number(one));
  const again = places.take({ cells: first!, at: 0 });
  assertEquals([places.signal(again), first![0], third![0]], [true, 1, 0], "it comes as a new one");
});

Deno.test("SignalPlaces keeps the array of the last counter until another comes", () => {
  const places = new SignalPlaces(), [first, second] = [counters(), counters()];
  const place = places.take({ cells: first!, at: 8 });
  places.giveBack(place);
  assertEquals([places.take({ cells: first!, at: 8 }), places.signal(place)], [place, true]);
  places.giveBack(place);
  const other = places.take({ cells: second!, at: 8 });
  assertEquals(places.signal(place), false);
  assertEquals([places.signal(other), first![8], second![8]], [true, 1, 1]);
});

Deno.test("SignalPlaces hands out no more numbers than there are arrays in use, however many come and go", () => {
  const places = new SignalPlaces();
  const held = [places.take({ cells: counters(), at: 0 })];
  for (let times = 0; times < 1000; times++) {
    held.push(places.take({ cells: counters(), at: 0 }));
    places.giveBack(held.shift()!);
    assertEquals(Math.max(...held) < 3 * WORDS, true);
  }
});

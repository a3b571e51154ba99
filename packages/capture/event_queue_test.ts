import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { EventQueue } from "./event_queue.ts";
import { column, EventBatch, rowWords } from "./trace_event.ts";

/** Gives the lines of events in the order the queue gives them on. */
function order(times: readonly number[]): number[] {
  const seen: number[] = [];
  const queue = new EventQueue((words, row) => seen.push(words[row + column.line]!));
  const batch = new EventBatch(64);
  times.forEach((time, line) => {
    batch.words[batch.length * rowWords + column.line] = line;
    batch.times[batch.length++] = time;
    if (batch.length === batch.capacity) {
      queue.push(batch);
      batch.length = 0;
    }
  });
  queue.push(batch);
  queue.end();
  return seen;
}

Deno.test("EventQueue.push() puts late lines in their place and keeps equal times in order", () => {
  assertEquals(order([10, 30, 20, 30, 20, 40]), [0, 2, 4, 1, 3, 5]);
});

Deno.test("EventQueue.push() takes a step back of a second for a new recording", () => {
  assertEquals(order([5e9, 6e9, 1e9, 3e9, 2.5e9]), [0, 1, 2, 4, 3]);
});

Deno.test("EventQueue.push() sorts a recording longer than it holds, lines being late by less", () => {
  const times = Array.from({ length: 40_000 }, (_, i) => i * 10 + (i % 7 === 0 ? -5_000 : 0) + 1e6);
  const sorted = times.map((time, line) => ({ time, line }))
    .sort((a, b) => a.time - b.time || a.line - b.line).map(({ line }) => line);
  assertEquals(order(times), sorted);
});

Deno.test("EventQueue.push() is a stable sort", () => {
  fc.assert(fc.property(fc.array(fc.nat(50), { maxLength: 300 }), (times) => {
    const sorted = times.map((time, line) => ({ time, line }))
      .sort((a, b) => a.time - b.time || a.line - b.line).map(({ line }) => line);
    assertEquals(order(times), sorted);
  }));
});

Deno.test("EventQueue.release() gives on what is old enough, and nothing twice", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ time: fc.nat(400), release: fc.boolean() }), { maxLength: 200 }),
    (steps) => {
      const seen: number[] = [];
      const queue = new EventQueue((words, row) => seen.push(words[row + column.line]!));
      const batch = new EventBatch(1);
      let latest = 0;
      steps.forEach(({ time, release }, line) => {
        // Late by less than what is held back, so that the order is whole.
        const at = line * 10 + time % 50;
        latest = Math.max(latest, at);
        batch.words[column.line] = line;
        batch.times[0] = at;
        batch.length = 1;
        queue.push(batch);
        if (!release) return;
        queue.release(100);
        const old = steps.slice(0, line + 1).filter((step, i) =>
          i * 10 + step.time % 50 < latest - 100
        );
        assertEquals(seen.length, old.length);
      });
      queue.end();
      const sorted = steps.map((step, line) => ({ time: line * 10 + step.time % 50, line }))
        .sort((a, b) => a.time - b.time || a.line - b.line).map(({ line }) => line);
      assertEquals(seen, sorted);
    },
  ));
});

import { assertEquals } from "@std/assert";
import { POLLIN, WaitQueue } from "./mod.ts";
import type { Waiter } from "./mod.ts";

/** A waiter that puts its name down and takes the wake, or not. */
function named(log: string[], name: string, takes = true): Waiter {
  return {
    wake: (): boolean => {
      log.push(name);
      return takes;
    },
  };
}

Deno.test("WaitQueue.wake() goes from the head, newest first, to the tail, oldest first", () => {
  const log: string[] = [];
  const queue = new WaitQueue();
  queue.add(named(log, "tail 1"), { place: "tail" });
  queue.add(named(log, "head 1"));
  queue.add(named(log, "tail 2"), { place: "tail" });
  queue.add(named(log, "head 2"), { place: "head" });
  queue.wake(POLLIN);
  assertEquals(log, ["head 2", "head 1", "tail 1", "tail 2"]);
});

Deno.test("WaitQueue.add() puts priority waiters before all others, whoever comes later", () => {
  const log: string[] = [];
  const queue = new WaitQueue();
  assertEquals(queue.hasPriorityWaiter, false);
  queue.add(named(log, "head 1"));
  queue.add(named(log, "priority"), { place: "priority" });
  queue.add(named(log, "head 2"));
  assertEquals(queue.hasPriorityWaiter, true);
  queue.wake(POLLIN);
  assertEquals(log, ["priority", "head 2", "head 1"]);
});

Deno.test("WaitQueue.wake() ends after an exclusive waiter that took the wake, not after one that did not", () => {
  const log: string[] = [];
  const queue = new WaitQueue();
  queue.add(named(log, "refuses", false), { place: "tail", exclusive: true });
  queue.add(named(log, "takes"), { place: "tail", exclusive: true });
  queue.add(named(log, "behind"), { place: "tail" });
  queue.wake(POLLIN);
  assertEquals(log, ["refuses", "takes"]);
});

Deno.test("WaitQueue.wake() hands each waiter the mask", () => {
  const masks: number[] = [];
  const queue = new WaitQueue();
  queue.add({ wake: (mask) => masks.push(mask) > 0 });
  queue.wake(0x11);
  assertEquals(masks, [0x11]);
});

Deno.test("WaitQueue.remove() takes out head, middle and tail, each once", () => {
  const log: string[] = [];
  const queue = new WaitQueue();
  const entries = ["a", "b", "c", "d"].map((name) =>
    queue.add(named(log, name), { place: "tail" })
  );
  for (const index of [1, 0, 3]) assertEquals(queue.remove(entries[index]!), true);
  assertEquals([queue.remove(entries[1]!), entries[1]!.queued], [false, false]);
  queue.add(named(log, "e"), { place: "tail" });
  queue.wake(POLLIN);
  assertEquals([log, queue.empty], [["c", "e"], false]);
  queue.remove(entries[2]!);
  assertEquals(queue.empty, false);
});

Deno.test("WaitQueue.wake() survives waiters that take themselves or others out", () => {
  const log: string[] = [];
  const queue = new WaitQueue();
  const own = queue.add({
    wake: (): boolean => {
      log.push("own");
      queue.remove(own);
      queue.remove(next);
      return true;
    },
  }, { place: "tail" });
  const next = queue.add(named(log, "next"), { place: "tail" });
  queue.add(named(log, "last"), { place: "tail" });
  queue.wake(POLLIN);
  queue.wake(POLLIN);
  assertEquals(log, ["own", "last", "last"]);
});

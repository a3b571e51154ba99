import { assertEquals } from "@std/assert";
import { ForeignWakes } from "./_foreign_wakes.ts";
import { SharedCount } from "./_shared_count.ts";
import { READERS } from "./_sleepers.ts";
import { SharedEventfd } from "./mod.ts";
import { settle } from "./testdata/case_kit.ts";

/** A count that lets another thread act as soon as this one has said that it waits. */
class Interrupted extends SharedCount {
  then: () => void = () => {};

  override want(flag: number): void {
    super.want(flag);
    this.then();
  }
}

/** A sleeper, what it has read, and a write of another thread. */
function sleeper(): { count: Interrupted; wakes: ForeignWakes; write(): void; read(): number } {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const count = new Interrupted(words);
  const other = new SharedCount(words);
  const out = new Int32Array(2);
  let sum = 0;
  const wakes = new ForeignWakes(words, count, READERS, () => {
    if (count.take(out, false) >= 0) sum += out[0]!;
  });
  const write = (): void => {
    if (other.addOne() === 0) return;
    Atomics.add(words, READERS.sequence, 1);
    Atomics.notify(words, READERS.sequence);
  };
  return { count, wakes, write, read: () => sum };
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await settle();
}

Deno.test("ForeignWakes tells of every addition, also of those that come as it goes to sleep", async () => {
  const { count, wakes, write, read } = sleeper();
  wakes.start();
  for (const round of [1, 2, 3]) {
    count.then = (): void => {
      count.then = () => {};
      write();
    };
    write();
    await rest();
    write();
    await rest();
    assertEquals(read(), round * 3);
  }
  wakes.stop();
});

Deno.test("ForeignWakes returns to the event loop although another thread never stops adding", async () => {
  const { count, wakes, write } = sleeper();
  const most = 100_000;
  let writes = 0;
  count.then = () => {
    if (++writes < most) write();
  };
  wakes.start();
  await settle();
  assertEquals(writes < most, true);
  count.then = () => {};
  wakes.stop();
});

Deno.test("ForeignWakes goes on after a waiter that threw", async () => {
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  const caught: string[] = [];
  const onError = (event: ErrorEvent): void => {
    event.preventDefault();
    caught.push(event.message);
  };
  addEventListener("error", onError);
  const entry = eventfd.addWaiter({
    wake: () => {
      throw new Error(`at ${eventfd.count}`);
    },
  });
  for (const at of [1, 2]) {
    other.signal();
    await rest();
    assertEquals(caught.map((message) => message.includes(`at ${at}`)).at(-1), true);
  }
  eventfd.removeWaiter(entry);
  removeEventListener("error", onError);
  assertEquals([caught.length, eventfd.sleepingReaders], [2, 0]);
});

import { assertEquals, assertThrows } from "@std/assert";
import { KvmError, release } from "@ioeventfd/uapi";
import { EFD_SEMAPHORE, EventfdContext, FileTable, POLLIN, POLLOUT, SharedEventfd } from "./mod.ts";
import { blocked, FULL, MAX, outcome, read } from "./testdata/case_kit.ts";

const old = release("3.14").eventfd;
const middle = release("5.15").eventfd;
const latest = release("6.19").eventfd;

Deno.test("EventfdContext.signal() within a wake is refused since 5.15, and counted", () => {
  for (const rules of [middle, latest]) {
    const [first, second] = [new EventfdContext(0, { rules }), new EventfdContext(0, { rules })];
    first.addWaiter({
      wake: (): boolean => {
        second.signal();
        return true;
      },
    });
    first.signal();
    assertEquals([second.count, second.refusedSignals], [0n, 1]);
    second.signal();
    assertEquals(second.count, 1n, "the guard ends with the wake");
  }
});

Deno.test("EventfdContext.signal() within the wake of a read or a write is refused after 5.15", () => {
  for (const Context of [EventfdContext, SharedEventfd]) {
    for (const [rules, counted] of [[middle, 3n], [latest, 0n]] as const) {
      const [first, second] = [new Context(0, { rules }), new Context(0, { rules })];
      first.addWaiter({ wake: () => (second.signal(), true) });
      first.write(1n);
      assertEquals(first.read(), 1n);
      first.write(2n);
      assertEquals([second.count, second.refusedSignals], [counted, 3 - Number(counted)]);
    }
  }
});

Deno.test("EventfdContext.signal() within a wake counts before 5.15", () => {
  const [first, second] = [0, 0].map((value) => new EventfdContext(value, { rules: old }));
  first!.addWaiter({
    wake: (): boolean => {
      second!.signal();
      return true;
    },
  });
  first!.signal();
  assertEquals([second!.count, second!.refusedSignals], [1n, 0]);
});

Deno.test("a read returns what it took, whatever the waiters that it wakes read and write", () => {
  const other = new SharedEventfd(9);
  const wake = (mask: number): boolean => {
    if (mask === POLLOUT) other.write(other.read());
    return true;
  };
  for (const semaphore of [false, true]) {
    const shared = new SharedEventfd(3, { semaphore });
    const table = new FileTable();
    const fd = table.eventfd(3, semaphore ? EFD_SEMAPHORE : 0);
    const contexts = [shared, table.lookupEventfd(fd)];
    const entries = contexts.map((context) => context.addWaiter({ wake }));
    for (const context of contexts) assertEquals(context.read(), semaphore ? 1n : 3n);
    shared.write(2n);
    table.eventfdWrite(fd, 2n);
    const reads = [shared.readBlocking(), read(table, fd)];
    assertEquals(reads, semaphore ? [1n, 1n] : [2n, 2n]);
    for (const [at, context] of contexts.entries()) context.removeWaiter(entries[at]!);
  }
});

Deno.test("EventfdContext.signal() is open again after a waiter that threw", () => {
  const context = new EventfdContext();
  const entry = context.addWaiter({
    wake: (): boolean => {
      throw new RangeError("of the waiter's own");
    },
  });
  assertThrows(() => context.signal(), RangeError, "of the waiter's own");
  context.removeWaiter(entry);
  context.signal();
  assertEquals(context.count, 2n);
});

Deno.test("EventfdContext.signal() carries over 32 bits", () => {
  const context = new EventfdContext(0xffff_ffff);
  context.signal();
  assertEquals(context.count, 0x1_0000_0000n);
});

Deno.test("EventfdContext wakes with POLLIN on signal and write, with POLLOUT on read", () => {
  const masks: number[] = [];
  const context = new EventfdContext();
  context.addWaiter({ wake: (mask) => masks.push(mask) > 0 });
  context.signal();
  context.write(0n);
  context.read();
  assertEquals(outcome(() => context.read()), "EAGAIN");
  assertEquals(masks, [POLLIN, POLLIN, POLLOUT]);
});

Deno.test("EventfdContext priority waiter that drains hides the signal from all others", async () => {
  const context = new EventfdContext();
  const reader = context.readAsync();
  const seen: number[] = [];
  context.addWaiter({ wake: (mask) => seen.push(mask) > 0 });
  const drained: bigint[] = [];
  const irqfd = context.addWaiter({
    wake: () => drained.push(context.drain()) > 0,
  }, { place: "priority", exclusive: true });
  assertEquals(context.hasPriorityWaiter, true);
  context.write(3n);
  assertEquals([drained, seen, context.count], [[3n], [], 0n]);
  assertEquals(await blocked(reader), true);
  assertEquals(context.removeWaiter(irqfd), true);
  context.write(2n);
  assertEquals(await reader, 2n);
});

Deno.test("EventfdContext.drain() takes one unit of a semaphore and wakes no writer", async () => {
  const context = new EventfdContext(0, { semaphore: true });
  context.write(FULL);
  const writer = context.writeAsync(1n);
  assertEquals([context.drain(), await blocked(writer)], [1n, true]);
  context.read();
  await writer;
  assertEquals(context.count, FULL - 1n);
});

Deno.test("EventfdContext.removeWaiterAndRead() reads, unlinks and wakes writers", async () => {
  const context = new EventfdContext();
  context.write(FULL);
  const irqfd = context.addWaiter({ wake: () => true }, { place: "priority", exclusive: true });
  const writer = context.writeAsync(7n);
  assertEquals(context.removeWaiterAndRead(irqfd), FULL);
  await writer;
  assertEquals([context.count, context.hasPriorityWaiter, irqfd.queued], [7n, false, false]);
});

Deno.test("EventfdContext.signal() is not refused within the wake of a removal or of the last close", () => {
  const table = new FileTable();
  const [first, second] = [0, 0].map((value) => table.lookupEventfd(table.eventfd(value, 0)));
  const entry = first!.addWaiter({ wake: () => true });
  first!.addWaiter({ wake: () => (second!.signal(), true) });
  first!.write(1n);
  assertEquals([second!.count, second!.refusedSignals], [0n, 1]);
  first!.removeWaiterAndRead(entry);
  assertEquals([second!.count, second!.refusedSignals], [1n, 1]);
  table.close(3);
  assertEquals([second!.count, second!.refusedSignals], [2n, 1]);
});

Deno.test("EventfdContext.removeWaiterAndRead() of 0 is 0, but underflows an old semaphore", () => {
  for (const rules of [old, middle, latest]) {
    for (const semaphore of [false, true]) {
      const context = new EventfdContext(0, { rules, semaphore });
      const entry = context.addWaiter({ wake: () => true });
      const underflows = semaphore && rules.semaphoreUnderflow;
      assertEquals(context.removeWaiterAndRead(entry), underflows ? 1n : 0n);
      assertEquals(context.count, underflows ? MAX : 0n);
      assertEquals(context.removeWaiter(entry), false);
    }
  }
});

Deno.test("EventfdContext.id is freed with the last reference and used again", () => {
  const first = new EventfdContext();
  const second = new EventfdContext();
  assertEquals(first.id === second.id, false);
  first.acquire();
  first.release();
  assertEquals(first.references, 1);
  first.release();
  assertEquals(new EventfdContext().id, first.id);
  assertThrows(() => first.release(), TypeError);
});

Deno.test("EventfdContext.readWords() and writeWords() pass both words", () => {
  const context = new EventfdContext();
  const out = new Int32Array([7, 7]);
  assertEquals([context.readWords(out), ...out], [false, 7, 7]);
  assertEquals(context.writeWords(-2, 5), true);
  assertEquals([context.readWords(out), ...out], [true, -2, 5]);
  assertEquals(context.writeWords(-2, -1), true);
  assertEquals([context.writeWords(1, 0), context.writeWords(0, 0)], [false, true]);
  assertEquals(context.count, FULL);
});

Deno.test("EventfdContext refuses what is no u64, no u32 or no legal value", async () => {
  const context = new EventfdContext();
  for (const value of [-1n, MAX + 1n]) assertThrows(() => context.write(value), RangeError);
  for (const value of [-1, 1.5, 2 ** 32]) assertThrows(() => new EventfdContext(value), RangeError);
  const error = assertThrows(() => context.write(MAX), KvmError, "0xffffffffffffffff");
  assertEquals(error.reason.check, "value");
  let refused: unknown;
  await context.writeAsync(MAX).catch((reason) => refused = reason);
  assertEquals((refused as KvmError).code, "EINVAL");
  assertEquals(context.count, 0n);
});

import { assertEquals, assertThrows } from "@std/assert";
import { release } from "@ioeventfd/uapi";
import {
  EFD_NONBLOCK,
  EPOLLET,
  EpollSet,
  FileTable,
  pollAsync,
  POLLERR,
  POLLIN,
  POLLOUT,
  SharedEventfd,
} from "./mod.ts";
import { blocked, FULL, MAX, outcome, read, settle, write } from "./testdata/case_kit.ts";

const MAX32 = 0xffff_ffffn;
/** Where the count moves to 64 bits, where words turn negative, and where they end. */
const seams = [0x1fff_ffffn, 0x2000_0000n, 0x4000_0000n, 0x8000_0000n, MAX32];

Deno.test("SharedEventfd.attach() is the same eventfd", () => {
  const first = new SharedEventfd(5, { semaphore: true });
  const second = SharedEventfd.attach(first.buffer, release("3.14").eventfd);
  assertEquals([second.semaphore, second.id, second.count], [true, first.id, 5n]);
  assertEquals([second.read(), first.count], [1n, 4n]);
  assertEquals(second.rules, release("3.14").eventfd);
});

Deno.test("SharedEventfd.attach() refuses other memory", () => {
  assertThrows(() => SharedEventfd.attach(new SharedArrayBuffer(64)), TypeError);
  assertThrows(() => SharedEventfd.attach(new SharedArrayBuffer(8)), TypeError);
  const plain = new ArrayBuffer(64) as unknown as SharedArrayBuffer;
  assertThrows(() => SharedEventfd.attach(plain), TypeError);
});

Deno.test("SharedEventfd.signal() carries over 32 bits and saturates", () => {
  const eventfd = new SharedEventfd(0xffff_ffff);
  eventfd.signal();
  assertEquals(eventfd.read(), 0x1_0000_0000n);
  eventfd.write(FULL);
  for (let i = 0; i < 3; i++) eventfd.signal();
  assertEquals([eventfd.count, eventfd.pollMask()], [MAX, POLLIN | POLLERR]);
});

Deno.test("SharedEventfd.read() takes what was written, at every seam of its words", () => {
  for (const semaphore of [false, true]) {
    for (const value of seams.flatMap((seam) => [seam - 1n, seam, seam + 1n])) {
      const eventfd = new SharedEventfd(0, { semaphore });
      eventfd.write(value);
      assertEquals([eventfd.read(), eventfd.count], semaphore ? [1n, value - 1n] : [value, 0n]);
      eventfd.write(2n);
      assertEquals(eventfd.count, semaphore ? value + 1n : 2n);
    }
  }
});

Deno.test("SharedEventfd.write() fits up to 2^64-2, at every seam of its words", () => {
  for (
    const start of [
      0n,
      1n,
      ...seams.flatMap((seam) => [seam - 1n, seam, seam + 1n]),
      FULL - MAX32,
      FULL,
    ]
  ) {
    for (
      const add of [0n, 1n, 2n, ...seams.flatMap((seam) => [seam - 1n, seam, seam + 1n]), FULL]
    ) {
      const eventfd = new SharedEventfd();
      eventfd.write(start);
      const fits = start + add <= FULL;
      assertEquals(eventfd.tryWrite(add), fits, `${start} + ${add}`);
      assertEquals(eventfd.count, fits ? start + add : start);
    }
  }
});

Deno.test("SharedEventfd.pollMask() at 0, 1, 2^64-3 and 2^64-2", () => {
  const eventfd = new SharedEventfd();
  const masks = [eventfd.pollMask()];
  for (const add of [1n, FULL - 2n, 1n]) {
    eventfd.write(add);
    masks.push(eventfd.pollMask());
  }
  assertEquals(masks, [POLLOUT, POLLIN | POLLOUT, POLLIN | POLLOUT, POLLIN]);
});

for (const sleepsAtOnce of [false, true]) {
  const how = sleepsAtOnce ? "asleep at once" : "after looking";
  Deno.test(`SharedEventfd.readBlocking() and writeBlocking() end with EINTR on their alarm, ${how}`, () => {
    const eventfd = new SharedEventfd();
    const options = { interruptAfterMs: 1, sleepsAtOnce };
    assertEquals(outcome(() => eventfd.readBlocking(options)), "EINTR");
    eventfd.write(FULL);
    assertEquals(outcome(() => eventfd.writeBlocking(1n, options)), "EINTR");
    assertEquals(outcome(() => eventfd.writeBlocking(MAX, options)), "EINVAL");
    assertEquals([eventfd.sleepingReaders, eventfd.sleepingWriters, eventfd.count], [0, 0, FULL]);
    assertEquals(eventfd.readBlocking(options), FULL);
  });
}

Deno.test("SharedEventfd.readAsync() is woken by an attachment, and sleeps no more afterwards", async () => {
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  for (let round = 0; round < 3; round++) {
    const reader = eventfd.readAsync();
    assertEquals([await blocked(reader), eventfd.sleepingReaders], [true, 1]);
    other.write(9n);
    assertEquals([await reader, eventfd.sleepingReaders], [9n, 0]);
  }
});

Deno.test("SharedEventfd.writeAsync() is woken by a read of an attachment", async () => {
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  eventfd.write(FULL);
  const writer = eventfd.writeAsync(2n);
  assertEquals(await blocked(writer), true);
  assertEquals(other.read(), FULL);
  await writer;
  assertEquals([eventfd.count, eventfd.sleepingWriters], [2n, 0]);
});

Deno.test("SharedEventfd.wakeWaiters() reaches the waiters of an attachment, a change or not", async () => {
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  const seen: number[] = [];
  const entry = eventfd.addWaiter({ wake: (mask) => seen.push(mask) > 0 });
  for (const mask of [POLLIN, POLLOUT, POLLERR]) {
    other.wakeWaiters(mask);
    for (let turn = 0; turn < 5; turn++) await settle();
  }
  eventfd.removeWaiter(entry);
  other.wakeWaiters(POLLIN);
  for (let turn = 0; turn < 5; turn++) await settle();
  assertEquals(seen, [POLLIN, POLLOUT]);
});

Deno.test("SharedEventfd tells a waiter of an attachment's write right after one from here", async () => {
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  const counts: bigint[] = [];
  const entry = eventfd.addWaiter({ wake: () => counts.push(eventfd.drain()) > 0 });
  eventfd.write(1n);
  other.write(2n);
  for (let turn = 0; turn < 5; turn++) await settle();
  eventfd.removeWaiter(entry);
  assertEquals(counts, [1n, 2n]);
});

Deno.test("SharedEventfd tells a waiter of an attachment's write during its wake", async () => {
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  const counts: bigint[] = [];
  const entry = eventfd.addWaiter({
    wake: () => {
      counts.push(eventfd.drain());
      if (counts.length < 3) other.write(BigInt(counts.length + 1));
      return true;
    },
  });
  other.write(1n);
  for (let turn = 0; turn < 15; turn++) await settle();
  eventfd.removeWaiter(entry);
  assertEquals(counts, [1n, 2n, 3n]);
});

Deno.test("SharedEventfd.removeWaiterAndRead() and drain() follow the release", () => {
  for (const { eventfd: rules } of [release("5.15"), release("6.19")]) {
    const eventfd = new SharedEventfd(0, { semaphore: true, rules });
    const entry = eventfd.addWaiter({ wake: () => true });
    const taken = eventfd.removeWaiterAndRead(entry);
    assertEquals([taken, eventfd.count], rules.semaphoreUnderflow ? [1n, MAX] : [0n, 0n]);
    const plain = new SharedEventfd(3, { rules });
    assertEquals([plain.drain(), plain.drain()], [3n, 0n]);
  }
});

Deno.test("FileTable.installEventfd() gives a shared eventfd a descriptor that polls and selects", async () => {
  const table = new FileTable();
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  const fd = table.installEventfd(eventfd, EFD_NONBLOCK);
  assertEquals(read(table, fd), "EAGAIN");
  const poll = pollAsync(table, [{ fd, events: POLLIN }]);
  assertEquals(await blocked(poll), true);
  other.signal();
  assertEquals([await poll, read(table, fd)], [[POLLIN], 1n]);
  assertEquals([write(table, fd, FULL), write(table, fd, 1n)], [8, "EAGAIN"]);
  table.close(fd);
  assertEquals(eventfd.references, 1);
});

Deno.test("EpollSet sees each write to a shared eventfd as one edge, from here and from elsewhere", async () => {
  const table = new FileTable();
  const eventfd = new SharedEventfd();
  const other = SharedEventfd.attach(eventfd.buffer);
  const epoll = new EpollSet(table);
  epoll.add(table.installEventfd(eventfd), POLLIN | EPOLLET, 1);
  const more = async (): Promise<number> => {
    for (let turn = 0; turn < 5; turn++) await settle();
    return epoll.wait().length;
  };
  assertEquals(await more(), 0);
  eventfd.signal();
  assertEquals([epoll.wait().length, await more()], [1, 0], "a signal from here");
  other.signal();
  assertEquals([(await epoll.waitAsync()).length, await more()], [1, 0], "one from elsewhere");
  other.read();
  assertEquals(await more(), 0, "a read from elsewhere");
  epoll.close();
  assertEquals([eventfd.sleepingReaders, eventfd.sleepingWriters], [0, 0]);
});

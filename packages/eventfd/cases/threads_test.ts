/** The cases that need threads, on workers and an eventfd in shared memory. */
import { assertEquals } from "@std/assert";
import { SharedEventfd } from "../mod.ts";
import { FULL } from "../testdata/case_kit.ts";
import { Thread, untilAsleep } from "../testdata/thread.ts";

Deno.test("RD_21 a thread's writes of 1, 3, 6, 11 and 5000 read as 5021", async () => {
  await using thread = new Thread();
  const eventfd = new SharedEventfd();
  for (const value of [1n, 3n, 6n, 11n, 5000n]) await thread.call(eventfd, "write", { value });
  assertEquals(eventfd.read(), 5021n);
});

Deno.test("BK_10 the sum of 16 writers' primes arrives exactly", async () => {
  await using first = new Thread();
  await using second = new Thread();
  const eventfd = new SharedEventfd();
  const writeAll = async (thread: Thread, primes: bigint[]): Promise<void> => {
    for (const value of primes) await thread.call(eventfd, "write", { times: 1000, value });
  };
  const writers = [
    writeAll(first, [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n]),
    writeAll(second, [23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n]),
  ];
  let sum = 0n;
  while (sum < 381_000n) sum += await eventfd.readAsync();
  await Promise.all(writers);
  assertEquals([sum, eventfd.count], [381_000n, 0n]);
});

Deno.test("BK_16 writes minus reads are the counter left", async () => {
  await using writer = new Thread();
  await using reader = new Thread();
  const eventfd = new SharedEventfd(0, { semaphore: true });
  const writes = writer.call(eventfd, "write", { times: 50_000 });
  const reads = reader.call(eventfd, "tryRead", { times: 50_000 });
  await writes;
  const { sum } = await reads;
  assertEquals(eventfd.count, 50_000n - sum);
});

Deno.test("SharedEventfd loses nothing while threads take it over 2^29 and back", async () => {
  await using first = new Thread();
  await using second = new Thread();
  const eventfd = new SharedEventfd();
  const times = 20_000, value = 0x1000_0001n;
  const writes = [
    first.call(eventfd, "write", { times, value }),
    second.call(eventfd, "write", { times, value }),
  ];
  const total = 2n * BigInt(times) * value;
  let sum = 0n;
  while (sum < total) sum += eventfd.tryRead() ?? await eventfd.readAsync();
  await Promise.all(writes);
  assertEquals([sum, eventfd.count], [total, 0n]);
});

Deno.test("SharedEventfd counts a semaphore exactly around 2^29-1, 2^32-1 and above", async () => {
  await using writer = new Thread();
  await using reader = new Thread();
  for (const start of [0x1fff_fffen, 0xffff_fffen, 0x2_0000_0000n]) {
    const eventfd = new SharedEventfd(0, { semaphore: true });
    eventfd.write(start);
    const times = 30_000;
    const writes = writer.call(eventfd, "signal", { times });
    const reads = reader.call(eventfd, "tryRead", { times });
    await writes;
    assertEquals([(await reads).sum, eventfd.count], [BigInt(times), start]);
  }
});

Deno.test("BK_18 what was stored before the write is seen after the read", async () => {
  await using thread = new Thread();
  const eventfd = new SharedEventfd();
  const flag = new SharedArrayBuffer(4);
  const reader = thread.call(eventfd, "read", { flag });
  await untilAsleep(eventfd, "readers", 1);
  new Int32Array(flag)[0] = 4711;
  eventfd.write(1n);
  assertEquals(await reader, { sum: 1n, seen: 4711 });
});

Deno.test("SharedEventfd.readBlocking() of a worker returns with what is written later", async () => {
  await using thread = new Thread();
  const eventfd = new SharedEventfd();
  for (const value of [42n, 0xcafe_baben, FULL]) {
    const reader = thread.call(eventfd, "read");
    await untilAsleep(eventfd, "readers", 1);
    eventfd.write(value);
    assertEquals((await reader).sum, value);
  }
  assertEquals([eventfd.count, eventfd.sleepingReaders], [0n, 0]);
});

Deno.test("SharedEventfd.writeBlocking() of a worker returns once there is room", async () => {
  await using thread = new Thread();
  const eventfd = new SharedEventfd();
  eventfd.write(FULL);
  const writer = thread.call(eventfd, "write", { value: FULL });
  await untilAsleep(eventfd, "writers", 1);
  assertEquals(eventfd.read(), FULL);
  await writer;
  assertEquals(eventfd.read(), FULL);
});

Deno.test("SharedEventfd.drain() wakes no blocked worker, and leaves it to the next read", async () => {
  await using thread = new Thread();
  const eventfd = new SharedEventfd();
  eventfd.write(FULL);
  const writer = thread.call(eventfd, "write", { value: 2n });
  await untilAsleep(eventfd, "writers", 1);
  await new Promise((resolve) => setTimeout(resolve, 5)); // counted as asleep a moment before it is
  assertEquals([eventfd.drain(), eventfd.sleepingWriters], [FULL, 1]);
  eventfd.write(1n);
  assertEquals(eventfd.read(), 1n);
  await writer;
  assertEquals([eventfd.count, eventfd.sleepingWriters], [2n, 0]);
});

Deno.test("SharedEventfd.signal() releases one of two blocked workers, another the other", async () => {
  await using first = new Thread();
  await using second = new Thread();
  const eventfd = new SharedEventfd();
  const readers = [first.call(eventfd, "read"), second.call(eventfd, "read")];
  await untilAsleep(eventfd, "readers", 2);
  eventfd.signal();
  assertEquals((await Promise.race(readers)).sum, 1n);
  await untilAsleep(eventfd, "readers", 1);
  eventfd.signal();
  assertEquals((await Promise.all(readers)).map(({ sum }) => sum), [1n, 1n]);
});

Deno.test("SharedEventfd.write() of 2 to a semaphore releases two blocked workers", async () => {
  await using first = new Thread();
  await using second = new Thread();
  const eventfd = new SharedEventfd(0, { semaphore: true });
  const readers = [first.call(eventfd, "read"), second.call(eventfd, "read")];
  await untilAsleep(eventfd, "readers", 2);
  eventfd.write(2n);
  assertEquals((await Promise.all(readers)).map(({ sum }) => sum), [1n, 1n]);
  assertEquals(eventfd.count, 0n);
});

Deno.test("SharedEventfd.signal() of a worker wakes this event loop, and one here wakes the worker's", async () => {
  await using thread = new Thread();
  const eventfd = new SharedEventfd();
  const here = eventfd.readAsync();
  await thread.call(eventfd, "signal");
  assertEquals(await here, 1n);
  const there = thread.call(eventfd, "readAsync");
  await untilAsleep(eventfd, "readers", 1);
  eventfd.signal();
  assertEquals((await there).sum, 1n);
});

Deno.test("SharedEventfd loses no wake between a blocked worker and this event loop", async () => {
  await using thread = new Thread();
  const [request, reply] = [new SharedEventfd(), new SharedEventfd()];
  const rounds = 1000;
  const echo = thread.call(request, "echo", { times: rounds, reply: reply.buffer });
  for (let round = 1; round <= rounds; round++) {
    request.write(BigInt(round));
    assertEquals(await reply.readAsync(), BigInt(round));
  }
  assertEquals((await echo).sum, 500_500n);
});

Deno.test("SharedEventfd loses no wake between two blocked threads", async () => {
  await using first = new Thread();
  await using second = new Thread();
  const [there, back] = [new SharedEventfd(), new SharedEventfd(1)];
  const rounds = 2000;
  const echoes = [
    first.call(there, "echo", { times: rounds, reply: back.buffer }),
    second.call(back, "echo", { times: rounds, reply: there.buffer }),
  ];
  const sums = (await Promise.all(echoes)).map(({ sum }) => sum);
  assertEquals(sums, [2000n, 2000n]);
  assertEquals([there.count, back.count], [0n, 1n], "the token is where it started");
});

Deno.test("SharedEventfd.readAsync() sleeps through no write, here and on a worker", async () => {
  await using thread = new Thread();
  const eventfd = new SharedEventfd();
  const interrupt = AbortSignal.timeout(20_000);
  const times = 20_000;
  const writes = thread.call(eventfd, "write", { times });
  let sum = 0n, own = 0n;
  while (sum < BigInt(times) + own) {
    sum += await eventfd.readAsync({ interrupt });
    if (own < 1000n) {
      eventfd.signal();
      own++;
    }
  }
  await writes;
  assertEquals([sum, eventfd.count], [BigInt(times) + own, 0n]);
});

Deno.test("SharedEventfd wakes a blocked worker although a waiter here is woken too", async () => {
  await using reader = new Thread();
  await using writer = new Thread();
  const eventfd = new SharedEventfd(0, { semaphore: true });
  const entry = eventfd.addWaiter({ wake: () => true });
  const times = 3000;
  const reads = reader.call(eventfd, "read", { times });
  const writes = writer.call(eventfd, "write", { times: times - 1000 });
  for (let i = 0; i < 1000; i++) {
    eventfd.signal();
    if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  await writes;
  assertEquals((await reads).sum, BigInt(times));
  eventfd.removeWaiter(entry);
  assertEquals([eventfd.count, eventfd.sleepingReaders], [0n, 0]);
});

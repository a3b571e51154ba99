import { assertEquals } from "@std/assert";
import { EFD_SEMAPHORE, F_GETFL, F_SETFL, O_NONBLOCK, UnmappedBuffer } from "../mod.ts";
import {
  blocked,
  bytesOf,
  count,
  FULL,
  onEveryRelease,
  onEveryReleaseAsync,
  outcome,
  outcomeAsync,
  read,
  readLater,
  settle,
  valueOf,
  write,
  writeLater,
} from "../testdata/case_kit.ts";

Deno.test("BK_01 a blocked reader returns with the 42 written later", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const reader = readLater(table, fd);
    assertEquals(await blocked(reader), true);
    write(table, fd, 42n);
    assertEquals([await reader, count(table, fd)], [42n, 0n]);
  });
});

Deno.test("BK_02 the value arrives whole", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    for (const value of [0xcafe_baben, 0xdead_beefn, 0xfedc_ba98_7654_3210n]) {
      const reader = readLater(table, fd);
      write(table, fd, value);
      assertEquals(await reader, value);
    }
  });
});

Deno.test("BK_03 a writer blocked on a full counter returns after a read", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    write(table, fd, FULL);
    const writer = writeLater(table, fd, FULL);
    assertEquals(await blocked(writer), true);
    assertEquals(read(table, fd), FULL);
    assertEquals([await writer, read(table, fd)], [8, FULL]);
  });
});

Deno.test("BK_04 one write releases exactly one of two blocked readers", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const readers = [readLater(table, fd), readLater(table, fd)];
    write(table, fd, 1n);
    const waiting = await Promise.all(readers.map(blocked));
    assertEquals(waiting.filter((still) => still).length, 1);
    write(table, fd, 1n);
    assertEquals(await Promise.all(readers), [1n, 1n]);
  });
});

Deno.test("FileTable.writeAsync() of two blocked writers: each read lets through what fits", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    write(table, fd, FULL);
    const writers = [writeLater(table, fd, FULL), writeLater(table, fd, FULL)];
    assertEquals(await blocked(Promise.any(writers)), true);
    read(table, fd);
    const waiting = await Promise.all(writers.map(blocked));
    assertEquals(waiting.filter((still) => still).length, 1);
    assertEquals(read(table, fd), FULL);
    assertEquals(await Promise.all(writers), [8, 8]);
    assertEquals(count(table, fd), FULL);
  });
});

Deno.test("FileTable.readAsync() releases blocked readers in the release's order", async () => {
  await onEveryReleaseAsync(async (table, rules) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    const order: number[] = [];
    const readers = [1, 2, 3].map(async (name) => {
      await readLater(table, fd);
      order.push(name);
    });
    for (let i = 0; i < 3; i++) {
      write(table, fd, 1n);
      await settle();
    }
    await Promise.all(readers);
    assertEquals(order, rules.blockedWaiterQueuesAt === "tail" ? [1, 2, 3] : [3, 2, 1]);
  });
});

Deno.test("BK_06 close does not wake a blocked reader; a write through a dup does", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const twin = table.dup(fd);
    const reader = readLater(table, fd);
    table.close(fd);
    assertEquals(await blocked(reader), true);
    write(table, twin, 3n);
    assertEquals(await reader, 3n);
  });
});

Deno.test("FileTable.close() of the only descriptor leaves the file to the reader blocked in it", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const context = table.lookupEventfd(fd).acquire();
    const reader = readLater(table, fd);
    table.close(fd);
    assertEquals(await blocked(reader), true);
    assertEquals(context.references, 2);
    context.signal();
    assertEquals(await reader, 1n);
    assertEquals(context.references, 1, "the file went with the call");
  });
});

Deno.test("BK_07 a read that a signal interrupts returns 5 when it is restarted", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const signal = new AbortController();
    const restarted = readLater(table, fd, signal.signal).then((result) =>
      result === "EINTR" ? readLater(table, fd) : result
    );
    signal.abort();
    assertEquals(await blocked(restarted), true);
    write(table, fd, 5n);
    assertEquals(await restarted, 5n);
  });
});

Deno.test("BK_08 a signal ends a blocked read with EINTR", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const signal = new AbortController();
    const reader = readLater(table, fd, signal.signal);
    assertEquals(await blocked(reader), true);
    signal.abort();
    assertEquals(await reader, "EINTR");
    write(table, fd, 1n);
    await settle();
    assertEquals(count(table, fd), 1n, "who was interrupted takes nothing");
  });
});

Deno.test("BK_09 a signal ends a blocked write with EINTR and the counter stays", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    write(table, fd, FULL);
    const signal = new AbortController();
    const writer = writeLater(table, fd, 1n, signal.signal);
    assertEquals(await blocked(writer), true);
    signal.abort();
    assertEquals([await writer, count(table, fd)], ["EINTR", FULL]);
  });
});

Deno.test("FileTable.readAsync() with data at hand returns it although a signal is pending", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(4, 0);
    assertEquals(await readLater(table, fd, AbortSignal.abort()), 4n);
    assertEquals(await readLater(table, fd, AbortSignal.abort()), "EINTR");
  });
});

Deno.test("BK_12 O_NONBLOCK can be set and cleared later", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    table.fcntl(fd, F_SETFL, O_NONBLOCK);
    assertEquals([await readLater(table, fd), table.fcntl(fd, F_GETFL)], ["EAGAIN", 0x802]);
    table.fcntl(fd, F_SETFL, 0);
    const reader = readLater(table, fd);
    assertEquals(await blocked(reader), true);
    write(table, fd, 10n);
    assertEquals(await reader, 10n);
  });
});

Deno.test("BK_13 setting O_NONBLOCK does not wake a blocked reader", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const reader = readLater(table, fd);
    table.fcntl(fd, F_SETFL, O_NONBLOCK);
    assertEquals(await blocked(reader), true);
    write(table, fd, 1n);
    assertEquals(await reader, 1n);
  });
});

Deno.test("BK_14 two blocked readers consume each of 2000 events exactly once", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    let consumed = 0;
    const reader = async (): Promise<void> => {
      for (;;) {
        if (await readLater(table, fd) === 42n) consumed++;
        else return;
      }
    };
    const readers = [reader(), reader()];
    for (let event = 1; event <= 2000; event++) {
      assertEquals(await writeLater(table, fd, 42n), 8);
      while (consumed < event) await Promise.resolve();
      assertEquals(consumed, event);
    }
    for (const _ of readers) {
      write(table, fd, 1n);
      await settle();
    }
    await Promise.all(readers);
    assertEquals(count(table, fd), 0n);
  });
});

Deno.test("BK_15 RWF_NOWAIT is EAGAIN on an empty blocking eventfd and reads 6; before 5.8 EOPNOTSUPP", () => {
  onEveryRelease((table, rules) => {
    const fd = table.eventfd(0, 0);
    const buffer = bytesOf(0n);
    const nowait = (): number | string =>
      outcome(() => table.readv(fd, [buffer], { nowait: true }));
    assertEquals(nowait(), rules.readIter ? "EAGAIN" : "EOPNOTSUPP");
    write(table, fd, 6n);
    assertEquals(nowait(), rules.readIter ? 8 : "EOPNOTSUPP");
    assertEquals(valueOf(buffer), rules.readIter ? 6n : 0n);
  });
});

Deno.test("BK_17 write(0) wakes no blocked reader", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const reader = readLater(table, fd);
    assertEquals(write(table, fd, 0n), 8);
    assertEquals(await blocked(reader), true);
    write(table, fd, 7n);
    assertEquals(await reader, 7n);
  });
});

Deno.test("FileTable.readAsync() that faults has eaten the counter", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const reader = outcomeAsync(table.readAsync(fd, new UnmappedBuffer(8)));
    write(table, fd, 7n);
    assertEquals([await reader, count(table, fd)], ["EFAULT", 0n]);
  });
});

Deno.test("FileTable.read() overtakes a reader that was woken and has not run yet", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const reader = readLater(table, fd);
    write(table, fd, 1n);
    assertEquals(read(table, fd), 1n);
    assertEquals(await blocked(reader), true);
    write(table, fd, 2n);
    assertEquals(await reader, 2n);
  });
});

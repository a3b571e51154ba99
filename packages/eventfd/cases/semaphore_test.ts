import { assertEquals } from "@std/assert";
import { EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE, POLLIN, POLLOUT } from "../mod.ts";
import {
  blocked,
  bytesOf,
  count,
  FULL,
  MAX,
  onEveryRelease,
  onEveryReleaseAsync,
  outcome,
  read,
  readLater,
  write,
  writeLater,
} from "../testdata/case_kit.ts";

Deno.test("SM_01 an initial value of 3 reads as 1, 1, 1, then EAGAIN", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK);
    const reads = [1, 2, 3, 4].map(() => read(table, fd));
    assertEquals(reads, [1n, 1n, 1n, "EAGAIN"]);
  });
});

Deno.test("SM_03 3 and 2 written leave 4 after one read", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    write(table, fd, 3n);
    write(table, fd, 2n);
    assertEquals([read(table, fd), count(table, fd)], [1n, 4n]);
  });
});

Deno.test("SM_04 100000 writes of 1 give 100000 reads of 1", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
    const buffer = bytesOf(1n);
    for (let i = 0; i < 100_000; i++) table.write(fd, buffer);
    let ones = 0;
    for (let i = 0; i < 100_000; i++) ones += table.read(fd, buffer) === 8 ? buffer[0]! : 0;
    assertEquals([ones, read(table, fd)], [100_000, "EAGAIN"]);
  });
});

Deno.test("SM_05 after 3 reads of a write of 3 poll reports POLLOUT alone", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    write(table, fd, 3n);
    for (let i = 0; i < 3; i++) read(table, fd);
    assertEquals(table.poll(fd, POLLIN | POLLOUT), POLLOUT);
  });
});

Deno.test("SM_06 EAGAIN; after a write of 1, 1; EAGAIN", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
    assertEquals(read(table, fd), "EAGAIN");
    write(table, fd, 1n);
    assertEquals([read(table, fd), read(table, fd)], [1n, "EAGAIN"]);
  });
});

Deno.test("SM_07 a reader reads three times as single writes come", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    for (let i = 0; i < 3; i++) {
      const reader = readLater(table, fd);
      assertEquals(await blocked(reader), true);
      write(table, fd, 1n);
      assertEquals(await reader, 1n);
    }
    assertEquals(count(table, fd), 0n);
  });
});

Deno.test("SM_09 drain 2, drain 5, and 2^64-1 is EINVAL through libc", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
    const drain = (): number => {
      let ones = 0;
      while (read(table, fd) === 1n) ones++;
      return ones;
    };
    assertEquals(drain(), 2);
    write(table, fd, 2n);
    write(table, fd, 3n);
    assertEquals(drain(), 5);
    assertEquals(outcome(() => table.eventfdWrite(fd, MAX)), "EINVAL");
  });
});

Deno.test("SM_10 8 and 16 written give 24 reads of 1", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    write(table, fd, 8n);
    write(table, fd, 16n);
    for (let i = 0; i < 24; i++) assertEquals(read(table, fd), 1n);
    assertEquals(count(table, fd), 0n);
  });
});

Deno.test("SM_11 a writer blocked on a full semaphore gets the room of one read", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    write(table, fd, FULL);
    const writer = writeLater(table, fd, 1n);
    assertEquals(await blocked(writer), true);
    assertEquals(read(table, fd), 1n);
    assertEquals([await writer, count(table, fd)], [8, FULL]);
  });
});

Deno.test("SM_12 an initial value of 16 gives exactly 16 reads", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(16, EFD_SEMAPHORE | EFD_NONBLOCK);
    let reads = 0;
    while (read(table, fd) === 1n) reads++;
    assertEquals(reads, 16);
  });
});

Deno.test("SM_13 one write of 3 releases three blocked readers with 1 each", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    const readers = [1, 2, 3].map(() => readLater(table, fd));
    assertEquals(await blocked(Promise.any(readers)), true);
    write(table, fd, 3n);
    assertEquals(await Promise.all(readers), [1n, 1n, 1n]);
    assertEquals(count(table, fd), 0n);
  });
});

Deno.test("FileTable.write() of 2 to a semaphore releases two of three blocked readers", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    const readers = [1, 2, 3].map(() => readLater(table, fd));
    write(table, fd, 2n);
    const waiting = await Promise.all(readers.map(blocked));
    assertEquals(waiting.filter((still) => still).length, 1);
    write(table, fd, 1n);
    assertEquals(await Promise.all(readers), [1n, 1n, 1n]);
  });
});

Deno.test("FileTable.read() of a semaphore borrows from the high word", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE);
    write(table, fd, 0x1_0000_0000n);
    assertEquals([read(table, fd), count(table, fd)], [1n, 0xffff_ffffn]);
  });
});

Deno.test("SM_15 128 bytes are refused by 6.19 as observed, and the read is EAGAIN; before it 8 and 1", () => {
  onEveryRelease((table, rules) => {
    const fd = table.eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK);
    const expected = rules.writeExactly8 ? ["EINVAL", "EAGAIN"] : [8, 8];
    const outcomes = [
      write(table, fd, 16n, 128),
      outcome(() => table.read(fd, new Uint8Array(128))),
    ];
    assertEquals(outcomes, expected);
    assertEquals(count(table, fd), rules.writeExactly8 ? 0n : 15n);
  });
});

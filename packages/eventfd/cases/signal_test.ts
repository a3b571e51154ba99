import { assertEquals } from "@std/assert";
import {
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  POLLERR,
  POLLIN,
  POLLOUT,
  selectDescriptors,
} from "../mod.ts";
import type { FileTable } from "../mod.ts";
import {
  count,
  FULL,
  MAX,
  onEveryRelease,
  onEveryReleaseAsync,
  read,
  readLater,
  write,
} from "../testdata/case_kit.ts";

/** An eventfd at 2^64-1. */
function overflown(table: FileTable, flags: number): number {
  const fd = table.eventfd(0, flags);
  write(table, fd, FULL);
  table.lookupEventfd(fd).signal();
  return fd;
}

Deno.test("KS_01 each completion adds 1", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    for (const completion of ["pwrite", "pread"]) {
      table.lookupEventfd(fd).signal();
      assertEquals(read(table, fd), 1n, completion);
    }
  });
});

Deno.test("KS_02 a completion at 2^64-2: POLLERR with POLLIN, and 2^64-1 to read", () => {
  onEveryRelease((table) => {
    const fd = overflown(table, 0);
    assertEquals(table.poll(fd, POLLIN | POLLOUT), POLLIN | POLLERR);
    assertEquals(read(table, fd), MAX);
  });
});

Deno.test("KS_03 the overflow: readable and writable for select, POLLERR unasked for poll", () => {
  onEveryRelease((table) => {
    const fd = overflown(table, 0);
    const answer = selectDescriptors(table, { read: [fd], write: [fd], except: [fd] });
    assertEquals(answer, { read: [fd], write: [fd], except: [], count: 2 });
    assertEquals(table.poll(fd, POLLIN | POLLOUT), POLLIN | POLLERR);
    assertEquals(table.poll(fd, 0), POLLERR);
  });
});

Deno.test("KS_04 at the overflow not even 0 fits", () => {
  onEveryRelease((table) => {
    const fd = overflown(table, EFD_NONBLOCK);
    assertEquals([write(table, fd, 0n), write(table, fd, 1n)], ["EAGAIN", "EAGAIN"]);
  });
});

Deno.test("KS_05 three completions at 2^64-2 saturate at 2^64-1", () => {
  onEveryRelease((table) => {
    const fd = overflown(table, EFD_NONBLOCK);
    for (let i = 0; i < 2; i++) table.lookupEventfd(fd).signal();
    assertEquals([read(table, fd), read(table, fd)], [MAX, "EAGAIN"]);
  });
});

Deno.test("EventfdContext.signal() on a saturated counter still wakes", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = overflown(table, 0);
    const context = table.lookupEventfd(fd);
    const masks: number[] = [];
    context.addWaiter({ wake: (mask) => masks.push(mask) > 0 });
    context.signal();
    assertEquals([masks, count(table, fd)], [[POLLIN], MAX]);
    assertEquals(await readLater(table, fd), MAX);
  });
});

Deno.test("KS_07 a semaphore at the overflow reads 1, and POLLERR goes", () => {
  onEveryRelease((table) => {
    const fd = overflown(table, EFD_SEMAPHORE);
    assertEquals([read(table, fd), count(table, fd)], [1n, FULL]);
    assertEquals(table.poll(fd), POLLIN);
  });
});

Deno.test("EventfdContext.signal() never waits on a full blocking eventfd", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    write(table, fd, FULL);
    for (let i = 0; i < 3; i++) table.lookupEventfd(fd).signal();
    assertEquals([count(table, fd), table.poll(fd)], [MAX, POLLIN | POLLERR]);
  });
});

import { assertEquals } from "@std/assert";
import {
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  pollAsync,
  pollDescriptors,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
  selectAsync,
  selectDescriptors,
} from "../mod.ts";
import type { FileTable } from "../mod.ts";
import {
  blocked,
  FULL,
  onEveryRelease,
  onEveryReleaseAsync,
  outcome,
  outcomeAsync,
  read,
  write,
} from "../testdata/case_kit.ts";

const NORM = POLLRDNORM | POLLWRNORM;
const ALL = POLLIN | POLLOUT | NORM;

/** select(2) of one descriptor in all three sets, as r, w, x. */
function select(table: FileTable, fd: number): string {
  const { read, write, except } = selectDescriptors(table, {
    read: [fd],
    write: [fd],
    except: [fd],
  });
  return `r${read.length} w${write.length} x${except.length}`;
}

Deno.test("PL_01 an empty eventfd is not readable", () => {
  onEveryRelease((table) => {
    assertEquals(table.poll(table.eventfd(0, 0), POLLIN), 0);
  });
});

Deno.test("PL_02 a semaphore of 1 is readable", () => {
  onEveryRelease((table) => {
    assertEquals(table.poll(table.eventfd(1, EFD_SEMAPHORE), POLLIN), POLLIN);
  });
});

Deno.test("PL_03 0 and 1 are writable", () => {
  onEveryRelease((table) => {
    assertEquals(table.poll(table.eventfd(0, 0), POLLOUT), POLLOUT);
    assertEquals(table.poll(table.eventfd(1, 0), POLLOUT), POLLOUT);
  });
});

Deno.test("PL_04 UINT_MAX and 2^64-3 are writable, 2^64-2 is not", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0xffff_ffff, EFD_NONBLOCK);
    assertEquals(table.poll(fd, POLLOUT), POLLOUT);
    write(table, fd, FULL - 1n - 0xffff_ffffn);
    assertEquals(table.poll(fd, POLLOUT), POLLOUT);
    write(table, fd, 1n);
    assertEquals([table.poll(fd, POLLOUT), write(table, fd, 1n)], [0, "EAGAIN"]);
  });
});

Deno.test("selectDescriptors() finds an eventfd readable from 1 on", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(selectDescriptors(table, { read: [fd] }).count, 0);
    write(table, fd, 1n);
    assertEquals(selectDescriptors(table, { read: [fd] }).read, [fd]);
  });
});

Deno.test("PL_06 select finds 10 writable, 2^64-2 not", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(10, 0);
    assertEquals(selectDescriptors(table, { write: [fd] }).write, [fd]);
    write(table, fd, FULL - 10n);
    assertEquals(selectDescriptors(table, { write: [fd] }).write, []);
  });
});

Deno.test("PL_07 select over all sets: w; r and w; r; never exceptional", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(select(table, fd), "r0 w1 x0");
    write(table, fd, 23n);
    assertEquals(select(table, fd), "r1 w1 x0");
    write(table, fd, FULL - 23n);
    assertEquals(select(table, fd), "r1 w0 x0");
  });
});

Deno.test("PL_08 of all bits asked for an empty eventfd answers POLLOUT alone, as observed", () => {
  onEveryRelease((table) => {
    assertEquals(table.poll(table.eventfd(0, 0), ALL), POLLOUT);
  });
});

Deno.test("PL_09 of all bits asked for a full eventfd answers POLLIN alone, as observed", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    write(table, fd, FULL);
    assertEquals(table.poll(fd, ALL), POLLIN);
  });
});

Deno.test("PL_10 the NORM bits are never reported", () => {
  onEveryRelease((table) => {
    const everything = ALL | POLLPRI | POLLRDBAND | POLLWRBAND;
    assertEquals(table.poll(table.eventfd(0, 0), everything), POLLOUT);
    assertEquals(table.poll(table.eventfd(1, 0), everything), POLLIN | POLLOUT);
    assertEquals(table.poll(table.eventfd(1, 0), NORM), 0);
  });
});

Deno.test("PL_12 poll of an empty eventfd ends with 0 when time is up", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(await pollAsync(table, [{ fd, events: POLLIN }], { timeoutMs: 3 }), [0]);
    assertEquals(await pollAsync(table, [{ fd, events: POLLIN }], { timeoutMs: 0 }), [0]);
  });
});

Deno.test("PL_13 a write wakes who polls for POLLIN", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const poll = pollAsync(table, [{ fd, events: POLLIN }]);
    assertEquals(await blocked(poll), true);
    write(table, fd, 71n);
    assertEquals([await poll, read(table, fd)], [[POLLIN], 71n]);
  });
});

Deno.test("PL_14 a read wakes who polls a full eventfd for POLLOUT", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    write(table, fd, FULL);
    const poll = pollAsync(table, [{ fd, events: POLLOUT }]);
    assertEquals(await blocked(poll), true);
    read(table, fd);
    assertEquals(await poll, [POLLOUT]);
  });
});

Deno.test("PL_15 a write wakes a select for reading, a read one for writing", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const reading = selectAsync(table, { read: [fd] });
    assertEquals(await blocked(reading), true);
    write(table, fd, FULL);
    assertEquals((await reading).count, 1);
    const writing = selectAsync(table, { write: [fd] });
    assertEquals(await blocked(writing), true);
    read(table, fd);
    assertEquals((await writing).count, 1);
  });
});

Deno.test("PL_16 readiness is a level", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(1, 0);
    for (let i = 0; i < 5; i++) {
      assertEquals([select(table, fd), table.poll(fd, POLLIN)], ["r1 w1 x0", POLLIN]);
    }
  });
});

Deno.test("pollDescriptors() answers each request, and passes over a negative descriptor", () => {
  onEveryRelease((table) => {
    const [empty, ready] = [table.eventfd(0, 0), table.eventfd(1, 0)];
    const events = POLLIN;
    const requests = [empty, -1, ready, 99].map((fd) => ({ fd, events }));
    assertEquals(pollDescriptors(table, requests), [0, 0, POLLIN, POLLNVAL]);
  });
});

Deno.test("PL_18 nothing asked is 0, a closed descriptor POLLNVAL", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(1, 0);
    assertEquals(pollDescriptors(table, [{ fd, events: 0 }]), [0]);
    table.close(fd);
    assertEquals(pollDescriptors(table, [{ fd, events: 0 }]), [POLLNVAL]);
    assertEquals(outcome(() => selectDescriptors(table, { read: [fd] })), "EBADF");
  });
});

Deno.test("selectDescriptors() finds O_PATH ready in every set since 6.13, and in none before", () => {
  onEveryRelease((table, { selectReportsPaths }) => {
    const fd = table.openOther("o_path");
    const { count } = selectDescriptors(table, { read: [fd], write: [fd], except: [fd] });
    assertEquals(count, selectReportsPaths ? 3 : 0);
  });
});

Deno.test("PL_19 an empty eventfd is writable at once for pselect and ppoll", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    assertEquals((await selectAsync(table, { write: [fd] })).count, 1);
    assertEquals(await pollAsync(table, [{ fd, events: POLLIN | POLLOUT }]), [POLLOUT]);
  });
});

Deno.test("pollAsync() ends with EINTR on a signal", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const signal = new AbortController();
    const poll = pollAsync(table, [{ fd, events: POLLIN }], { interrupt: signal.signal });
    assertEquals(await blocked(poll), true);
    signal.abort();
    assertEquals(await outcomeAsync(poll), "EINTR");
  });
});

Deno.test("pollAsync() wakes when any of several descriptors is ready", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fds = [table.eventfd(0, 0), table.eventfd(0, 0), table.eventfd(0, 0)];
    const poll = pollAsync(table, fds.map((fd) => ({ fd, events: POLLIN })));
    assertEquals(await blocked(poll), true);
    write(table, fds[1]!, 1n);
    assertEquals(await poll, [0, POLLIN, 0]);
  });
});

Deno.test("pollAsync() keeps the file open: close does not wake it, and it finds POLLNVAL when it looks again", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const context = table.lookupEventfd(fd).acquire();
    const hangUps: number[] = [];
    context.addWaiter({ wake: (mask) => (mask & POLLHUP) !== 0 && hangUps.push(mask) > 0 });
    const poll = pollAsync(table, [{ fd, events: POLLIN }], { timeoutMs: 5 });
    table.close(fd);
    assertEquals(await blocked(poll), true);
    assertEquals([await poll, hangUps], [[POLLNVAL], [POLLHUP]]);
  });
});

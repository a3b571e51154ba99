import { assertEquals } from "@std/assert";
import { EPOLLET, EPOLLONESHOT, EpollSet, POLLERR, POLLIN, POLLOUT } from "../mod.ts";
import type { EpollEvent, FileTable } from "../mod.ts";
import {
  blocked,
  count,
  FULL,
  onEveryRelease,
  onEveryReleaseAsync,
  outcomeAsync,
  read,
  write,
} from "../testdata/case_kit.ts";

const ET = EPOLLET;
const BOTH = POLLIN | POLLOUT;

/** The masks of what is ready now. */
function masks(epoll: EpollSet): number[] {
  return epoll.wait().map(({ events }) => events);
}

/** A set that watches new eventfds, each with its descriptor as data. */
function watching(table: FileTable, events: number, ...initial: number[]): [EpollSet, number[]] {
  const epoll = new EpollSet(table);
  const fds = initial.map((value) => table.eventfd(value, 0));
  for (const fd of fds) epoll.add(fd, events, fd);
  return [epoll, fds];
}

/** Fills the eventfd and reads it empty again. */
function fillAndDrain(table: FileTable, fd: number): void {
  write(table, fd, FULL);
  read(table, fd);
}

Deno.test("EP_01 ET IN: nothing; after a write one event; nothing, nor after the read", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLIN, 0);
    assertEquals(masks(epoll), []);
    write(table, fd!, 3n);
    assertEquals([masks(epoll), masks(epoll)], [[POLLIN], []]);
    read(table, fd!);
    assertEquals(masks(epoll), []);
  });
});

Deno.test("EP_02 ET, MOD to OUT: an event at 0 and 2^64-3, none at 2^64-2", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLIN, 0);
    const modified = (): number[] => {
      epoll.modify(fd!, ET | POLLOUT, fd!);
      return masks(epoll);
    };
    assertEquals(modified(), [POLLOUT]);
    write(table, fd!, FULL - 1n);
    assertEquals(modified(), [POLLOUT]);
    write(table, fd!, 1n);
    assertEquals(modified(), []);
  });
});

Deno.test("EP_03 three empty eventfds are each OUT", () => {
  onEveryRelease((table) => {
    const [epoll] = watching(table, BOTH, 0, 0, 0);
    assertEquals(masks(epoll), [POLLOUT, POLLOUT, POLLOUT]);
  });
});

Deno.test("EpollSet.wait() reports a written one of three as IN and OUT", () => {
  onEveryRelease((table) => {
    const [epoll, fds] = watching(table, BOTH, 0, 0, 0);
    write(table, fds[1]!, 1n);
    assertEquals(masks(epoll), [POLLOUT, BOTH, POLLOUT]);
  });
});

Deno.test("EP_05 a full one is IN alone, and OUT again once read", () => {
  onEveryRelease((table) => {
    const [epoll, fds] = watching(table, BOTH, 0, 0, 0);
    write(table, fds[2]!, FULL);
    assertEquals(masks(epoll), [POLLOUT, POLLOUT, POLLIN]);
    read(table, fds[2]!);
    assertEquals(masks(epoll), [POLLOUT, POLLOUT, POLLOUT]);
  });
});

Deno.test("EP_06 three empty eventfds watched for IN: 0 when time is up", async () => {
  await onEveryReleaseAsync(async (table) => {
    const [epoll] = watching(table, POLLIN, 0, 0, 0);
    assertEquals(await epoll.waitAsync({ timeoutMs: 3 }), []);
  });
});

Deno.test("EP_07 a write wakes who waits", async () => {
  await onEveryReleaseAsync(async (table) => {
    const [epoll, [fd]] = watching(table, POLLIN, 0);
    const waiting = epoll.waitAsync();
    assertEquals(await blocked(waiting), true);
    write(table, fd!, 1n);
    assertEquals(await waiting, [{ events: POLLIN, data: fd! }]);
  });
});

Deno.test("EP_08 a signal ends the wait with EINTR", async () => {
  await onEveryReleaseAsync(async (table) => {
    const [epoll] = watching(table, POLLIN, 0);
    const signal = new AbortController();
    const waiting = epoll.waitAsync({ interrupt: signal.signal });
    assertEquals(await blocked(waiting), true);
    signal.abort();
    assertEquals(await outcomeAsync(waiting), "EINTR");
  });
});

Deno.test("EP_09 adding a writable eventfd wakes who waits on an empty set, data preserved", async () => {
  await onEveryReleaseAsync(async (table) => {
    const epoll = new EpollSet<bigint>(table);
    const waiting = epoll.waitAsync();
    assertEquals(await blocked(waiting), true);
    epoll.add(table.eventfd(0, 0), POLLOUT, 0xdeadbeefn);
    assertEquals(await waiting, [{ events: POLLOUT, data: 0xdeadbeefn }]);
  });
});

Deno.test("EpollSet.modify() to a mask in force wakes who waits", async () => {
  await onEveryReleaseAsync(async (table) => {
    const [epoll, [fd]] = watching(table, POLLIN, 0);
    const waiting = epoll.waitAsync();
    assertEquals(await blocked(waiting), true);
    epoll.modify(fd!, POLLOUT, 7);
    assertEquals(await waiting, [{ events: POLLOUT, data: 7 }]);
  });
});

Deno.test("EP_11 ET OUT: one event, and one more after fill and drain", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLOUT, 0);
    assertEquals([masks(epoll), masks(epoll)], [[POLLOUT], []]);
    fillAndDrain(table, fd!);
    assertEquals([masks(epoll), masks(epoll)], [[POLLOUT], []]);
  });
});

Deno.test("EP_12 ET ONESHOT OUT: one event, and none after fill and drain", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | EPOLLONESHOT | POLLOUT, 0);
    assertEquals([masks(epoll), masks(epoll)], [[POLLOUT], []]);
    fillAndDrain(table, fd!);
    assertEquals(masks(epoll), []);
    epoll.modify(fd!, ET | EPOLLONESHOT | POLLOUT, fd!);
    assertEquals(masks(epoll), [POLLOUT], "MOD ends the silence");
  });
});

Deno.test("EP_13 close takes the eventfd out of the set", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, POLLOUT, 0);
    assertEquals(masks(epoll), [POLLOUT]);
    table.close(fd!);
    assertEquals([masks(epoll), epoll.size], [[], 0]);
  });
});

Deno.test("EP_14 with a dup alive the event still comes, with the old data", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | BOTH, 0);
    const twin = table.dup(fd!);
    table.close(fd!);
    assertEquals(epoll.wait(), [{ events: POLLOUT, data: fd! }]);
    table.close(twin);
    assertEquals([masks(epoll), epoll.size], [[], 0]);
  });
});

Deno.test("EP_15 ET IN: unread data and a new write are a new event", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLIN, 0);
    write(table, fd!, 4n);
    write(table, fd!, 4n);
    assertEquals([masks(epoll), masks(epoll)], [[POLLIN], []]);
    write(table, fd!, 5n);
    assertEquals([masks(epoll), masks(epoll)], [[POLLIN], []]);
    assertEquals([read(table, fd!), masks(epoll)], [13n, []]);
  });
});

Deno.test("EpollSet.wait() level-triggered reports until the counter is read", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, POLLIN, 0);
    write(table, fd!, 1n);
    assertEquals([masks(epoll), masks(epoll), masks(epoll)], [[POLLIN], [POLLIN], [POLLIN]]);
    read(table, fd!);
    assertEquals(masks(epoll), []);
  });
});

Deno.test("EP_17 ET IN: three writes are one event", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLIN, 0);
    for (let i = 0; i < 3; i++) write(table, fd!, 1n);
    assertEquals([masks(epoll), masks(epoll)], [[POLLIN], []]);
  });
});

Deno.test("EP_18 ET IN: nobody need read between two wakes", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLIN, 0);
    write(table, fd!, 1n);
    assertEquals(masks(epoll), [POLLIN]);
    write(table, fd!, 1n);
    assertEquals([masks(epoll), masks(epoll), count(table, fd!)], [[POLLIN], [], 2n]);
  });
});

Deno.test("EP_19 ET IN and OUT at 1: one event with both", () => {
  onEveryRelease((table) => {
    const [epoll] = watching(table, ET | BOTH, 1);
    assertEquals(masks(epoll), [BOTH]);
  });
});

Deno.test("EP_20 ET IN and OUT at 0: OUT, then nothing", () => {
  onEveryRelease((table) => {
    const [epoll] = watching(table, ET | BOTH, 0);
    assertEquals([masks(epoll), masks(epoll)], [[POLLOUT], []]);
  });
});

Deno.test("EP_21 the state is that of the wait, not of the wake", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | BOTH, 1);
    read(table, fd!);
    assertEquals(masks(epoll), [POLLOUT]);
  });
});

Deno.test("EP_23 MOD of data and mask, MOD of the mask to 0, DEL", () => {
  onEveryRelease((table) => {
    const [epoll, fds] = watching(table, POLLIN | POLLOUT, 1, 1, 1);
    assertEquals(masks(epoll).length, 3);
    epoll.modify(fds[0]!, POLLOUT, 1000);
    const changed = epoll.wait().find(({ data }) => data === 1000);
    assertEquals(changed?.events, POLLOUT);
    epoll.modify(fds[1]!, 0, fds[1]!);
    assertEquals(masks(epoll).length, 2);
    epoll.delete(fds[2]!);
    assertEquals(epoll.wait(), [{ events: POLLOUT, data: 1000 }]);
  });
});

Deno.test("EP_24 one eventfd in two sets, ET, is an event in each", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const sets = [new EpollSet(table), new EpollSet(table)];
    for (const epoll of sets) epoll.add(fd, ET | POLLIN, fd);
    write(table, fd, 1n);
    assertEquals(sets.map(masks), [[POLLIN], [POLLIN]]);
  });
});

Deno.test("EP_25 a descriptor and its dup are two entries", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLIN, 0);
    const twin = table.dup(fd!);
    epoll.add(twin, ET | POLLIN, twin);
    write(table, fd!, 1n);
    // The newest waiter is first in the eventfd's queue.
    assertEquals(epoll.wait().map(({ data }) => data), [twin, fd!]);
  });
});

Deno.test("EP_26 an eventfd can be added", () => {
  onEveryRelease((table) => {
    const [epoll] = watching(table, POLLIN, 0);
    assertEquals(epoll.size, 1);
  });
});

Deno.test("EP_27 ET IN and OUT: a read is an event too", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | BOTH, 1);
    assertEquals(masks(epoll), [BOTH]);
    read(table, fd!);
    assertEquals([masks(epoll), masks(epoll)], [[POLLOUT], []]);
  });
});

Deno.test("EpollSet.wait() reports POLLERR of the overflow unasked", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, POLLOUT, 0);
    write(table, fd!, FULL);
    assertEquals(masks(epoll), []);
    table.lookupEventfd(fd!).signal();
    assertEquals(
      masks(epoll),
      [],
      "a kernel-side signal wakes with POLLIN, which is not asked for",
    );
    epoll.modify(fd!, POLLOUT, fd!);
    assertEquals(masks(epoll), [POLLERR]);
  });
});

Deno.test("EP_29 ET IN: a write of 0 is no event when empty, and one when 1 is unread", () => {
  onEveryRelease((table) => {
    const [epoll, [fd]] = watching(table, ET | POLLIN, 0);
    write(table, fd!, 0n);
    assertEquals(masks(epoll), []);
    write(table, fd!, 1n);
    assertEquals(masks(epoll), [POLLIN]);
    write(table, fd!, 0n);
    assertEquals([masks(epoll), masks(epoll)], [[POLLIN], []]);
  });
});

Deno.test("EpollSet.waitAsync() of two waiters: one edge wakes one, a level both", async () => {
  await onEveryReleaseAsync(async (table) => {
    const event = (fd: number): EpollEvent<number>[] => [{ events: POLLIN, data: fd }];
    const [edge, [first]] = watching(table, ET | POLLIN, 0);
    const waiting = [edge.waitAsync(), edge.waitAsync()];
    write(table, first!, 1n);
    assertEquals(await waiting[1], event(first!), "the newest first");
    assertEquals(await blocked(waiting[0]!), true);
    write(table, first!, 1n);
    assertEquals(await waiting[0], event(first!));
    const [level, [second]] = watching(table, POLLIN, 0);
    const both = [level.waitAsync(), level.waitAsync()];
    write(table, second!, 1n);
    assertEquals(await Promise.all(both), [event(second!), event(second!)]);
  });
});

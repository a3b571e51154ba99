import { assertEquals } from "@std/assert";
import { EPOLLET, EPOLLEXCLUSIVE, EpollSet, FileTable, POLLIN, POLLOUT } from "./mod.ts";
import { blocked, outcome, write } from "./testdata/case_kit.ts";

Deno.test("EpollSet.add() refuses a closed descriptor, a plain file and a second time", () => {
  const table = new FileTable();
  const epoll = new EpollSet(table);
  const fd = table.eventfd(0, 0);
  epoll.add(fd, POLLIN, 0);
  assertEquals(outcome(() => epoll.add(fd, POLLIN, 0)), "EEXIST");
  assertEquals(outcome(() => epoll.add(99, POLLIN, 0)), "EBADF");
  assertEquals(outcome(() => epoll.add(table.openOther("o_path"), POLLIN, 0)), "EBADF");
  assertEquals(outcome(() => epoll.add(table.openOther("file"), POLLIN, 0)), "EPERM");
  const other = table.openOther("epoll");
  assertEquals(outcome(() => epoll.add(other, POLLIN | EPOLLEXCLUSIVE, 0)), "EINVAL");
  assertEquals(outcome(() => epoll.add(other, POLLIN, 0)), undefined);
});

Deno.test("EpollSet.modify() and delete() refuse what is not in the set", () => {
  const table = new FileTable();
  const epoll = new EpollSet(table);
  const fd = table.eventfd(0, 0);
  assertEquals(outcome(() => epoll.modify(fd, POLLIN, 0)), "ENOENT");
  assertEquals(outcome(() => epoll.delete(fd)), "ENOENT");
  epoll.add(fd, POLLIN, 0);
  epoll.delete(fd);
  assertEquals(outcome(() => epoll.delete(fd)), "ENOENT");
  assertEquals(outcome(() => epoll.delete(99)), "EBADF");
});

Deno.test("EpollSet.wait() hands out no more than asked for, and goes round", () => {
  const table = new FileTable();
  const epoll = new EpollSet(table);
  const fds = [1, 1, 1].map((value) => table.eventfd(value, 0));
  for (const fd of fds) epoll.add(fd, POLLIN, fd);
  const taken = [1, 2, 3, 4].map(() => epoll.wait(1)[0]?.data);
  assertEquals(taken, [...fds, fds[0]]);
  assertEquals(epoll.wait(2).length, 2);
  assertEquals(outcome(() => epoll.wait(0)), "EINVAL");
  assertEquals(outcome(() => epoll.wait(178_956_971)), "EINVAL");
  assertEquals(epoll.wait(178_956_970).length, 3);
});

Deno.test("EpollSet EPOLLEXCLUSIVE wakes one set of several that are waited on", async () => {
  const table = new FileTable();
  const fd = table.eventfd(0, 0);
  const sets = [new EpollSet(table), new EpollSet(table)];
  for (const epoll of sets) epoll.add(fd, POLLIN | EPOLLET | EPOLLEXCLUSIVE, fd);
  const waiting = sets.map((epoll) => epoll.waitAsync());
  write(table, fd, 1n);
  assertEquals(await Promise.all(waiting.map(blocked)), [false, true]);
  write(table, fd, 1n);
  assertEquals(await blocked(waiting[1]!), false);
});

Deno.test("EpollSet EPOLLEXCLUSIVE goes neither with ONESHOT nor with MOD", () => {
  const table = new FileTable();
  const epoll = new EpollSet(table);
  const fd = table.eventfd(0, 0);
  assertEquals(outcome(() => epoll.add(fd, EPOLLEXCLUSIVE | 0x4000_0000, 0)), "EINVAL");
  epoll.add(fd, EPOLLEXCLUSIVE | POLLOUT, 0);
  assertEquals(outcome(() => epoll.modify(fd, POLLOUT, 0)), "EINVAL");
  assertEquals(outcome(() => epoll.modify(fd, POLLOUT | EPOLLEXCLUSIVE, 0)), "EINVAL");
  epoll.delete(fd);
});

Deno.test("EpollSet.add() again after the descriptor's number was reused is another entry", () => {
  const table = new FileTable();
  const epoll = new EpollSet<string>(table);
  const fd = table.eventfd(1, 0);
  const twin = table.dup(fd);
  epoll.add(fd, POLLIN, "old");
  table.close(fd);
  assertEquals(table.eventfd(1, 0), fd);
  epoll.add(fd, POLLIN, "new");
  assertEquals(epoll.wait().map(({ data }) => data), ["old", "new"]);
  table.close(twin);
  assertEquals(epoll.wait().map(({ data }) => data), ["new"]);
});

Deno.test("EpollSet.close() takes its waiters from the eventfds", () => {
  const table = new FileTable();
  const epoll = new EpollSet(table);
  const fd = table.eventfd(0, 0);
  epoll.add(fd, POLLIN | EPOLLET, fd);
  epoll.close();
  write(table, fd, 1n);
  assertEquals([epoll.size, epoll.wait()], [0, []]);
});

import { assertEquals, assertThrows } from "@std/assert";
import { KvmError, latestRelease, release } from "@ioeventfd/uapi";
import type { OtherFile } from "@ioeventfd/uapi";
import { DescriptorTable, EFD_CLOEXEC, EventfdContext, F_GETFD, FileTable } from "./mod.ts";
import { POLLHUP, POLLIN, POLLNVAL, POLLOUT, UnmappedBuffer } from "./mod.ts";
import { bytesOf, count, outcome, outcomeAsync, read, write } from "./testdata/case_kit.ts";

const others: OtherFile[] = ["pipe", "file", "socket", "timerfd", "epoll", "dev_kvm", "vm_fd"];

Deno.test("FileTable starts with 0, 1 and 2 taken, or empty, on the latest release", () => {
  assertEquals(new FileTable().descriptors, [0, 1, 2]);
  assertEquals(new FileTable(undefined, { stdio: false }).descriptors, []);
  assertEquals(new FileTable().rules, latestRelease.eventfd);
  assertEquals(new FileTable(release("3.14").eventfd).rules.writeExactly8, false);
  assertThrows(() => new DescriptorTable(0), RangeError);
});

Deno.test("FileTable.lookupEventfd() is EBADF for what is not open, EINVAL for what is no eventfd", () => {
  const table = new FileTable();
  for (const fd of [-1, 9999, 0x7fff_ffff, -0x8000_0000]) {
    assertEquals(outcome(() => table.lookupEventfd(fd)), "EBADF");
  }
  assertEquals(outcome(() => table.lookupEventfd(table.openOther("o_path"))), "EBADF");
  for (const kind of others) {
    assertEquals(outcome(() => table.lookupEventfd(table.openOther(kind))), "EINVAL", kind);
  }
  const error = assertThrows(() => table.lookupEventfd(table.openOther("pipe")), KvmError);
  assertEquals(error.reason.check, "fd");
  assertEquals(error.reason.detail.includes("pipe"), true);
});

Deno.test("FileTable.lookupEventfd() gives a dup the same context, a reopened number another", () => {
  const table = new FileTable();
  const fd = table.eventfd(0, 0);
  const context = table.lookupEventfd(fd).acquire();
  assertEquals(table.lookupEventfd(table.dup(fd)) === context, true);
  table.closeAll();
  assertEquals([context.references, table.descriptors.length], [1, 0]);
  context.signal();
  assertEquals(context.count, 1n, "who holds a reference still counts");
});

Deno.test("FileTable.close() tells waiters POLLHUP with the last descriptor, not before", () => {
  const table = new FileTable();
  const fd = table.eventfd(0, 0);
  const twin = table.dup(fd);
  const masks: number[] = [];
  table.lookupEventfd(fd).addWaiter({ wake: (mask) => masks.push(mask) > 0 });
  table.close(fd);
  assertEquals(masks, []);
  table.close(twin);
  assertEquals(masks, [POLLHUP]);
});

Deno.test("FileTable.installEventfdAt() puts a context where a recording had it", () => {
  const table = new FileTable();
  const [first, second] = [new EventfdContext(1), new EventfdContext(2)];
  table.installEventfdAt(40, first, EFD_CLOEXEC);
  assertEquals([read(table, 40), table.fcntl(40, F_GETFD), table.eventfd(0, 0)], [1n, 1, 3]);
  table.installEventfdAt(40, second);
  assertEquals([read(table, 40), table.fcntl(40, F_GETFD), first.references], [2n, 0, 1]);
  table.close(40);
  assertEquals(second.references, 1);
  assertEquals(outcome(() => table.installEventfdAt(-1, second)), "EBADF");
  assertEquals(second.references, 1, "a refused installation keeps nothing");
});

Deno.test("FileTable.dup2() replaces what was there and leaves a descriptor on itself alone", () => {
  const table = new FileTable();
  const [fd, target] = [table.eventfd(6, 0), table.eventfd(7, 0)];
  const gone = table.lookupEventfd(target).acquire();
  assertEquals([table.dup2(fd, target), count(table, target), gone.references], [target, 6n, 1]);
  assertEquals(table.dup2(fd, fd), fd);
  assertEquals(outcome(() => table.dup2(99, 5)), "EBADF");
  assertEquals(outcome(() => table.dup2(fd, -1)), "EBADF");
  table.close(fd);
  assertEquals(read(table, target), 6n, "a refused dup2 took no reference and gave none");
});

Deno.test("FileTable.fork() copies close-on-exec and numbers, and parts ways afterwards", () => {
  const table = new FileTable();
  const fd = table.eventfd(0, EFD_CLOEXEC);
  const child = table.fork();
  assertEquals([child.descriptors, child.fcntl(fd, F_GETFD)], [table.descriptors, 1]);
  assertEquals([child.eventfd(0, 0), table.eventfd(0, 0)], [4, 4]);
  child.exec();
  assertEquals([child.descriptors, table.descriptors], [[0, 1, 2, 4], [0, 1, 2, 3, 4]]);
});

Deno.test("FileTable answers for other files as they are right after they were opened", async () => {
  const table = new FileTable();
  const buffer = new Uint8Array(8);
  for (const kind of others) {
    const fd = table.openOther(kind);
    const refused = { pipe: "EAGAIN", timerfd: "EAGAIN", file: "EBADF" }[kind as string] ??
      "EINVAL";
    assertEquals(outcome(() => table.read(fd, buffer)), refused, kind);
    assertEquals(outcome(() => table.readv(fd, [buffer])), refused);
    assertEquals(await outcomeAsync(table.readAsync(fd, buffer)), refused);
    assertEquals(table.fdinfo(fd), "");
    if (kind === "file") continue;
    assertEquals(write(table, fd, 1n), kind === "pipe" ? "EBADF" : "EINVAL", kind);
  }
  const file = table.openOther("file");
  assertEquals(table.writev(file, [buffer, bytesOf(1n, 3)]), 11);
  assertEquals(await table.writeAsync(file, buffer), 8);
  assertEquals([table.fstat(file).size, table.poll(file, POLLIN | POLLOUT)], [19, 5]);
  assertEquals(outcome(() => table.write(file, new UnmappedBuffer(1))), "EFAULT");
});

Deno.test("FileTable takes O_PATH for dup, close and flags alone", () => {
  const table = new FileTable();
  const fd = table.openOther("o_path");
  assertEquals(table.poll(fd), POLLNVAL);
  assertEquals(write(table, fd, 1n), "EBADF");
  assertEquals(outcome(() => table.fcntl(fd, 4, 0)), "EBADF");
  assertEquals([table.fcntl(fd, F_GETFD), table.fcntl(fd, 3), table.dup(fd)], [0, 0x20_0000, 4]);
  table.close(fd);
});

Deno.test("FileTable finds the lowest free number among thousands", () => {
  const table = new FileTable();
  for (let i = 0; i < 5000; i++) table.eventfd(0, 0);
  for (const fd of [4999, 77, 3001, 78]) table.close(fd);
  const taken = [1, 2, 3, 4, 5].map(() => table.eventfd(0, 0));
  assertEquals(taken, [77, 78, 3001, 4999, 5003]);
});

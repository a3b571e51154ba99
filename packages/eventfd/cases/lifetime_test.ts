import { assertEquals, assertNotEquals } from "@std/assert";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  F_DUPFD,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  F_SETOWN,
  FIOASYNC,
  FIOCLEX,
  FIONBIO,
  FIONCLEX,
  FIONREAD,
  O_APPEND,
  O_ASYNC,
  O_DIRECT,
  POLLIN,
  refusedCalls,
} from "../mod.ts";
import type { FileTable, RefusedCall } from "../mod.ts";
import {
  blocked,
  count,
  FULL,
  onEveryRelease,
  onEveryReleaseAsync,
  outcome,
  read,
  readLater,
  write,
} from "../testdata/case_kit.ts";

/** A call that every eventfd refuses: its errno on each release, and the counter it leaves. */
function refused(call: RefusedCall, errno: string): void {
  onEveryRelease((table) => {
    const fd = table.eventfd(1, 0);
    assertEquals([outcome(() => table.refuse(call, fd)), count(table, fd)], [errno, 1n]);
  });
}

/** The fdinfo line of that name, or undefined where the release has none. */
function infoLine(table: FileTable, fd: number, name: string): string | undefined {
  const line = table.fdinfo(fd).split("\n").find((text) => text.startsWith(`eventfd-${name}:`));
  return line?.slice(`eventfd-${name}:`.length);
}

Deno.test("LF_01 a forked child's write is the parent's to read", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    write(table.fork(), fd, 0xdead_beefn);
    assertEquals(read(table, fd), 0xdead_beefn);
  });
});

Deno.test("LF_02 the child's close does not matter", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const child = table.fork();
    write(child, fd, 5n);
    child.close(fd);
    assertEquals(read(table, fd), 5n);
  });
});

Deno.test("LF_03 what is written by one is read by the dup", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const twin = table.dup(fd);
    write(table, fd, 923n);
    assertEquals(read(table, twin), 923n);
  });
});

Deno.test("LF_04 F_DUPFD_CLOEXEC sets close-on-exec, dup clears it", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_CLOEXEC);
    const flags = [table.fcntl(fd, F_DUPFD_CLOEXEC), table.dup(fd)].map((twin) =>
      table.fcntl(twin, F_GETFD)
    );
    assertEquals(flags, [1, 0]);
  });
});

Deno.test("FileTable.dup() shares O_NONBLOCK with its twin", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const twin = table.dup(fd);
    table.fcntl(fd, F_SETFL, EFD_NONBLOCK);
    assertEquals(table.fcntl(twin, F_GETFL), 0x802);
  });
});

Deno.test("LF_06 exec keeps the plain one with its value and closes the other", () => {
  onEveryRelease((table) => {
    const plain = table.eventfd(7, 0);
    const cloexec = table.eventfd(7, EFD_CLOEXEC);
    table.exec();
    assertEquals([read(table, plain), read(table, cloexec)], [7n, "EBADF"]);
  });
});

Deno.test("LF_07 libc's calls on a closed descriptor are EBADF", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    table.close(fd);
    assertEquals(outcome(() => table.eventfdWrite(fd, 1n)), "EBADF");
    assertEquals(outcome(() => table.eventfdRead(fd)), "EBADF");
    assertEquals(outcome(() => table.close(fd)), "EBADF");
    assertEquals(outcome(() => table.dup(fd)), "EBADF");
  });
});

Deno.test("LF_08 libc's calls on a creat()ed file: an 8-byte write, and EBADF", () => {
  onEveryRelease((table) => {
    const fd = table.openOther("file");
    table.eventfdWrite(fd, 1n);
    assertEquals(table.fstat(fd).size, 8);
    assertEquals(outcome(() => table.eventfdRead(fd)), "EBADF");
  });
});

Deno.test("LF_09 fstat: size 0, mode 0600, nlink 1", () => {
  onEveryRelease((table) => {
    const stat = table.fstat(table.eventfd(5, EFD_SEMAPHORE));
    assertEquals(stat, { size: 0, mode: 0o600, nlink: 1 });
  });
});

Deno.test("LF_10 fdinfo has count, and by release id and semaphore, in this form", () => {
  onEveryRelease((table, rules) => {
    const fd = table.eventfd(0, 0);
    assertEquals(infoLine(table, fd, "count"), "                0");
    const names = table.fdinfo(fd).split("\n").filter((line) => line !== "")
      .map((line) => line.replace(/^eventfd-(\w+): .*$/, "$1"));
    assertEquals(names, [...rules.fdinfo]);
    if (rules.fdinfo.includes("id")) assertEquals(/^ \d+$/.test(infoLine(table, fd, "id")!), true);
    if (rules.fdinfo.includes("semaphore")) assertEquals(infoLine(table, fd, "semaphore"), " 0");
  });
});

Deno.test("FileTable.fdinfo() shows the counter in hexadecimal and does not consume it", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(42, 0);
    assertEquals(infoLine(table, fd, "count"), "               2a");
    write(table, fd, FULL - 42n);
    assertEquals(infoLine(table, fd, "count"), " fffffffffffffffe");
    assertEquals(read(table, fd), FULL);
  });
});

Deno.test("LF_12 eventfd-id differs for each eventfd and is the dup's too", () => {
  onEveryRelease((table, rules) => {
    const [first, second] = [table.eventfd(0, 0), table.eventfd(0, 0)];
    const twin = table.dup(first);
    if (!rules.fdinfo.includes("id")) {
      assertEquals(infoLine(table, first, "id"), undefined);
      return;
    }
    assertNotEquals(infoLine(table, first, "id"), infoLine(table, second, "id"));
    assertEquals(infoLine(table, first, "id"), infoLine(table, twin, "id"));
    table.closeAll();
  });
});

Deno.test("LF_13 /proc/self/fd/N is anon_inode:[eventfd]", () => {
  onEveryRelease((table) => {
    assertEquals(table.readlink(table.eventfd(0, 0)), "anon_inode:[eventfd]");
  });
});

Deno.test("LF_14 opening /proc/self/fd/N is ENXIO", () => {
  refused("open", "ENXIO");
});

Deno.test("LF_15 fallocate is ENODEV", () => {
  refused("fallocate", "ENODEV");
});

Deno.test("LF_16 splice from an eventfd is EINVAL as observed", () => {
  refused("splice", "EINVAL");
});

Deno.test("LF_18 splice to an eventfd is EINVAL, with an offset and without", () => {
  refused("splice", "EINVAL");
});

Deno.test("LF_19 mmap is ENODEV", () => {
  refused("mmap", "ENODEV");
});

Deno.test("LF_20 ftruncate is EINVAL", () => {
  refused("ftruncate", "EINVAL");
});

Deno.test("LF_21 FIONREAD is ENOTTY; FIONBIO sets O_NONBLOCK", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(outcome(() => table.ioctl(fd, FIONREAD)), "ENOTTY");
    assertEquals([table.ioctl(fd, FIONBIO, 1), table.fcntl(fd, F_GETFL)], [0, 0x802]);
    assertEquals([table.ioctl(fd, FIONBIO, 0), table.fcntl(fd, F_GETFL)], [0, 0x2]);
  });
});

Deno.test("FileTable.ioctl() sets and clears close-on-exec, and refuses O_ASYNC", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    table.ioctl(fd, FIOCLEX);
    assertEquals(table.fcntl(fd, F_GETFD), 1);
    table.ioctl(fd, FIONCLEX);
    assertEquals(table.fcntl(fd, F_GETFD), 0);
    assertEquals(outcome(() => table.ioctl(fd, FIOASYNC, 1)), "ENOTTY");
    assertEquals(table.ioctl(fd, FIOASYNC, 0), 0);
    assertEquals(outcome(() => table.ioctl(99, FIONBIO, 1)), "EBADF");
  });
});

Deno.test("LF_22 F_GETFL of a fresh eventfd is 0x2 as observed", () => {
  onEveryRelease((table) => {
    assertEquals(table.fcntl(table.eventfd(0, 0), F_GETFL), 0x2);
  });
});

Deno.test("LF_23 F_SETFL of bit 0x1 returns 0 as observed, and makes no semaphore", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    write(table, fd, 97n);
    assertEquals(table.fcntl(fd, F_SETFL, 0x1), 0);
    assertEquals([table.fcntl(fd, F_GETFL), read(table, fd)], [0x2, 97n]);
  });
});

Deno.test("LF_24 O_ASYNC is accepted and dropped", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(table.fcntl(fd, F_SETOWN, 1), 0);
    assertEquals([table.fcntl(fd, F_SETFL, O_ASYNC), table.fcntl(fd, F_GETFL)], [0, 0x2]);
    write(table, fd, 1n);
    assertEquals(table.poll(fd, POLLIN), POLLIN);
  });
});

Deno.test("FileTable.fcntl() keeps O_APPEND, refuses O_DIRECT and unknown commands", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    table.fcntl(fd, F_SETFL, O_APPEND);
    assertEquals(table.fcntl(fd, F_GETFL), 0x402);
    assertEquals(outcome(() => table.fcntl(fd, F_SETFL, O_DIRECT)), "EINVAL");
    assertEquals(outcome(() => table.fcntl(fd, 12345)), "EINVAL");
  });
});

Deno.test("FileTable.fcntl() F_DUPFD takes the lowest free number from its argument on", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    assertEquals([table.fcntl(fd, F_DUPFD, 70), table.fcntl(fd, F_DUPFD, 70)], [70, 71]);
    assertEquals([table.fcntl(fd, F_DUPFD, 0), table.fcntl(fd, F_DUPFD, 65)], [4, 65]);
    assertEquals(outcome(() => table.fcntl(fd, F_DUPFD, -1)), "EINVAL");
    assertEquals(outcome(() => table.fcntl(fd, F_DUPFD, table.limit)), "EINVAL");
    table.fcntl(fd, F_SETFD, 1);
    table.exec();
    assertEquals(table.descriptors, [0, 1, 2, 4, 65, 70, 71]);
  });
});

Deno.test("LF_25 what the child has read the parent does not find", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(4, EFD_NONBLOCK);
    const child = table.fork();
    assertEquals([read(child, fd), read(table, fd)], [4n, "EAGAIN"]);
  });
});

Deno.test("LF_26 the parent's write releases the child blocked in a read", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    const reader = readLater(table.fork(), fd);
    assertEquals(await blocked(reader), true);
    write(table, fd, 9n);
    assertEquals(await reader, 9n);
  });
});

Deno.test("LF_27 fsync is EINVAL", () => {
  refused("fsync", "EINVAL");
});

Deno.test("FileTable.refuse() is EBADF on a closed descriptor, whatever the call", () => {
  onEveryRelease((table) => {
    for (const call of Object.keys(refusedCalls) as RefusedCall[]) {
      assertEquals(outcome(() => table.refuse(call, 99)), "EBADF");
    }
  });
});

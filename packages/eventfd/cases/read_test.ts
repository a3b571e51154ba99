import { assertEquals } from "@std/assert";
import { EFD_NONBLOCK, POLLIN, POLLOUT, UnmappedBuffer } from "../mod.ts";
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
  valueOf,
  write,
} from "../testdata/case_kit.ts";

Deno.test("RD_01 a read returns 8 and the counter, and leaves 0", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    const buffer = new Uint8Array(8);
    write(table, fd, 12n);
    assertEquals(table.read(fd, buffer), 8);
    assertEquals(valueOf(buffer), 12n);
    assertEquals(count(table, fd), 0n);
  });
});

Deno.test("RD_02 the read after a read is EAGAIN", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    write(table, fd, 12n);
    assertEquals([read(table, fd), read(table, fd)], [12n, "EAGAIN"]);
  });
});

Deno.test("RD_03 a read of 4 bytes is EINVAL and leaves the counter", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(1, 0);
    assertEquals(outcome(() => table.read(fd, new Uint8Array(4))), "EINVAL");
    assertEquals(read(table, fd), 1n);
  });
});

Deno.test("RD_04 a read of 7 bytes is EINVAL, as of every size below 8", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(1, 0);
    for (let size = 7; size >= 0; size--) {
      assertEquals(outcome(() => table.read(fd, new Uint8Array(size))), "EINVAL", `${size}`);
    }
    assertEquals(count(table, fd), 1n);
  });
});

Deno.test("RD_05 the size is checked before emptiness", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    assertEquals(outcome(() => table.read(fd, new Uint8Array(2))), "EINVAL");
  });
});

Deno.test("RD_06 a read of 0 bytes on an empty blocking eventfd is EINVAL", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(await outcomeAsync(table.readAsync(fd, new Uint8Array(0))), "EINVAL");
  });
});

Deno.test("RD_08 a read into 128, 9 or 1024 bytes returns 8 and touches no more", () => {
  onEveryRelease((table) => {
    for (const size of [128, 9, 1024]) {
      const fd = table.eventfd(1, 0);
      const buffer = new Uint8Array(size).fill(0xaa);
      assertEquals(table.read(fd, buffer), 8);
      assertEquals(valueOf(buffer), 1n);
      assertEquals(buffer.subarray(8).every((byte) => byte === 0xaa), true);
    }
  });
});

Deno.test("RD_09 a read of 4 bytes on an empty blocking eventfd is EINVAL at once", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(await outcomeAsync(table.readAsync(fd, new Uint8Array(4))), "EINVAL");
  });
});

Deno.test("RD_10 a read into an unmapped page is EFAULT", () => {
  onEveryRelease((table) => {
    assertEquals(outcome(() => table.read(table.eventfd(1, 0), new UnmappedBuffer(8))), "EFAULT");
  });
});

Deno.test("RD_11 the read that faults has eaten the counter", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(7, EFD_NONBLOCK);
    assertEquals(outcome(() => table.read(fd, new UnmappedBuffer(8))), "EFAULT");
    assertEquals(read(table, fd), "EAGAIN");
  });
});

Deno.test("RD_12 size, then emptiness, then address", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    assertEquals(outcome(() => table.read(fd, new UnmappedBuffer(8))), "EAGAIN");
    assertEquals(outcome(() => table.read(fd, new UnmappedBuffer(4))), "EINVAL");
  });
});

Deno.test("RD_14 the bytes read are in host order", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const buffer = new Uint8Array(8);
    write(table, fd, 0x0102030405060708n);
    table.read(fd, buffer);
    assertEquals([...buffer], [8, 7, 6, 5, 4, 3, 2, 1]);
  });
});

Deno.test("RD_15 readv with one segment of 8 bytes", () => {
  onEveryRelease((table) => {
    const segment = new Uint8Array(8);
    assertEquals(table.readv(table.eventfd(9, 0), [segment]), 8);
    assertEquals(valueOf(segment), 9n);
  });
});

Deno.test("RD_16 readv scatters 4 + 4 bytes since 5.8, and refuses it before; 4 bytes never do", () => {
  onEveryRelease((table, rules) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    write(table, fd, 0x1111111122222222n);
    const [low, high] = [new Uint8Array(4), new Uint8Array(4)];
    const moved = outcome(() => table.readv(fd, [low, high]));
    if (rules.readIter) {
      assertEquals(moved, 8);
      assertEquals([valueOf(low), valueOf(high)], [0x22222222n, 0x11111111n]);
      assertEquals(count(table, fd), 0n);
    } else {
      assertEquals(moved, "EINVAL");
      assertEquals(count(table, fd), 0x1111111122222222n);
    }
    assertEquals(outcome(() => table.readv(fd, [low])), "EINVAL");
  });
});

Deno.test("FileTable.readv() of 8 + 8 bytes is one read since 5.8, before it a read for each", () => {
  onEveryRelease((table, rules) => {
    const fd = table.eventfd(3, EFD_NONBLOCK | 1);
    const [first, second] = [new Uint8Array(8), new Uint8Array(8)];
    assertEquals(table.readv(fd, [first, second]), rules.readIter ? 8 : 16);
    assertEquals(count(table, fd), rules.readIter ? 2n : 1n);
  });
});

Deno.test("FileTable.readv() stops with what it has when a later segment fails", () => {
  onEveryRelease((table, rules) => {
    const fd = table.eventfd(3, EFD_NONBLOCK);
    assertEquals(table.readv(fd, [new Uint8Array(8), new Uint8Array(8)]), 8);
    const faulting = table.eventfd(3, EFD_NONBLOCK | 1);
    const segments = [new Uint8Array(8), new UnmappedBuffer(8)];
    assertEquals(table.readv(faulting, segments), 8);
    assertEquals(count(table, faulting), rules.readIter ? 2n : 1n);
  });
});

Deno.test("FileTable.readv() of no bytes at all returns 0", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(3, 0);
    assertEquals(table.readv(fd, []), 0);
    assertEquals(table.readv(fd, [new Uint8Array(0), new Uint8Array(0)]), 0);
    assertEquals(count(table, fd), 3n);
  });
});

Deno.test("RD_17 pread is ESPIPE", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(1, 0);
    assertEquals(outcome(() => table.refuse("pread", fd)), "ESPIPE");
    assertEquals(outcome(() => table.refuse("pwrite", fd)), "ESPIPE");
    assertEquals(count(table, fd), 1n);
  });
});

Deno.test("RD_18 lseek returns 0 wherever it is told to go", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(1, 0);
    assertEquals([table.lseek(fd, 100, 0), table.lseek(fd, 5, 2)], [0, 0]);
    assertEquals(outcome(() => table.lseek(fd, 0, 9)), "EINVAL");
  });
});

Deno.test("RD_20 100000 writes of 1 read as 100000, then EAGAIN", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    const one = bytesOf(1n);
    for (let i = 0; i < 100_000; i++) table.write(fd, one);
    assertEquals([read(table, fd), read(table, fd)], [100_000n, "EAGAIN"]);
  });
});

Deno.test("RD_22 a forked child's writes of 1, 2, 4, 7 and 14 read as 28", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const child = table.fork();
    for (const value of [1n, 2n, 4n, 7n, 14n]) write(child, fd, value);
    assertEquals(read(table, fd), 28n);
  });
});

Deno.test("RD_23 30 and twice 30 read as 90", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(30, 0);
    write(table, fd, 30n);
    write(table, fd, 30n);
    assertEquals(read(table, fd), 90n);
  });
});

Deno.test("RD_24 42; 23; then 20 and 3 through libc's eventfd_read", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(42, 0);
    assertEquals(read(table, fd), 42n);
    write(table, fd, 23n);
    assertEquals(read(table, fd), 23n);
    write(table, fd, 20n);
    write(table, fd, 3n);
    assertEquals(table.eventfdRead(fd), 23n);
  });
});

Deno.test("RD_26 poll does not consume, and values round-trip", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    for (const value of [1n, 2n, 10n, 0xffff_ffffn, FULL]) {
      assertEquals(table.poll(fd, POLLIN), 0);
      write(table, fd, value);
      assertEquals([table.poll(fd, POLLIN), table.poll(fd, POLLIN)], [POLLIN, POLLIN]);
      assertEquals(read(table, fd), value);
    }
    assertEquals(table.poll(fd), POLLOUT);
  });
});

Deno.test("RD_27 an event notifier's sets coalesce", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    const testAndClear = (): number | string => outcome(() => table.read(fd, new Uint8Array(8)));
    assertEquals(testAndClear(), "EAGAIN");
    write(table, fd, 1n);
    write(table, fd, 1n);
    assertEquals([testAndClear(), testAndClear()], [8, "EAGAIN"]);
  });
});

Deno.test("FileTable.read() of an empty blocking eventfd is EAGAIN and names the call that waits", async () => {
  await onEveryReleaseAsync(async (table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(read(table, fd), "EAGAIN");
    const later = readLater(table, fd);
    assertEquals(await blocked(later), true);
    write(table, fd, 6n);
    assertEquals(await later, 6n);
  });
});

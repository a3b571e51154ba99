import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  F_GETFD,
  F_GETFL,
  FD_CLOEXEC,
  FileTable,
  O_NONBLOCK,
  O_RDWR,
} from "../mod.ts";
import { count, onEveryRelease, outcome, read } from "../testdata/case_kit.ts";

Deno.test("CR_01 eventfd2(0, 0) is O_RDWR alone", () => {
  onEveryRelease((table) => {
    assertEquals(table.fcntl(table.eventfd(0, 0), F_GETFL), 0x2);
  });
});

Deno.test("CR_02 EFD_CLOEXEC sets FD_CLOEXEC", () => {
  onEveryRelease((table) => {
    assertEquals(table.fcntl(table.eventfd(1, EFD_CLOEXEC), F_GETFD), FD_CLOEXEC);
  });
});

Deno.test("CR_03 without EFD_CLOEXEC the descriptor is not close-on-exec", () => {
  onEveryRelease((table) => {
    assertEquals(table.fcntl(table.eventfd(1, 0), F_GETFD), 0);
  });
});

Deno.test("CR_04 EFD_NONBLOCK sets O_NONBLOCK", () => {
  onEveryRelease((table) => {
    assertEquals(table.fcntl(table.eventfd(1, EFD_NONBLOCK), F_GETFL), 0x802);
  });
});

Deno.test("CR_05 without EFD_NONBLOCK O_NONBLOCK is not set", () => {
  onEveryRelease((table) => {
    assertEquals(table.fcntl(table.eventfd(1, 0), F_GETFL) & O_NONBLOCK, 0);
  });
});

Deno.test("CR_07 EFD_SEMAPHORE shows in fdinfo where the release shows it, not in F_GETFL", () => {
  onEveryRelease((table, rules) => {
    const semaphore = table.eventfd(0, EFD_SEMAPHORE);
    const plain = table.eventfd(0, 0);
    assertEquals(table.fcntl(semaphore, F_GETFL), O_RDWR);
    const shown = rules.fdinfo.includes("semaphore");
    assertEquals(table.fdinfo(semaphore).includes("eventfd-semaphore: 1\n"), shown);
    assertEquals(table.fdinfo(plain).includes("eventfd-semaphore: 0\n"), shown);
  });
});

Deno.test("CR_08 the constants are those of x86-64", () => {
  assertEquals([EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE], [0o2000000, 0o4000, 1]);
});

Deno.test("CR_09 the three legal flags plus 42 are EINVAL", () => {
  onEveryRelease((table) => {
    const legal = EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE;
    assertEquals(outcome(() => table.eventfd(1, legal + 42)), "EINVAL");
  });
});

Deno.test("CR_10 flags of -1 are EINVAL", () => {
  onEveryRelease((table) => {
    assertEquals(outcome(() => table.eventfd(1, -1)), "EINVAL");
  });
});

Deno.test("CR_11 every bit except the legal ones is EINVAL, together and alone", () => {
  onEveryRelease((table) => {
    const legal = EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE;
    assertEquals(outcome(() => table.eventfd(0, ~legal)), "EINVAL");
    for (let bit = 0; bit < 32; bit++) {
      if (((1 << bit) & legal) !== 0) continue;
      assertEquals(outcome(() => table.eventfd(0, 1 << bit)), "EINVAL", `bit ${bit}`);
    }
    assertEquals(table.descriptors, [0, 1, 2], "a refused call takes no descriptor");
  });
});

Deno.test("CR_13 initial values UINT_MAX and -1 both read as 4294967295", () => {
  onEveryRelease((table) => {
    assertEquals(read(table, table.eventfd(0xffff_ffff, 0)), 4294967295n);
    assertEquals(read(table, table.eventfd(-1, 0)), 4294967295n);
  });
});

Deno.test("CR_14 an initial value of 0x100000001 is truncated to 1", () => {
  onEveryRelease((table) => {
    assertEquals(read(table, table.eventfd(0x1_0000_0001, 0)), 1n);
  });
});

Deno.test("CR_15 a new non-blocking eventfd of 0 reads EAGAIN", () => {
  onEveryRelease((table) => {
    assertEquals(read(table, table.eventfd(0, EFD_NONBLOCK)), "EAGAIN");
  });
});

Deno.test("CR_16 an initial value of 0xdeadbeef is not sign-extended", () => {
  onEveryRelease((table) => {
    assertEquals(read(table, table.eventfd(0xdead_beef, 0)), 0xdead_beefn);
  });
});

Deno.test("CR_17 all 8 combinations of the three flags succeed", () => {
  onEveryRelease((table) => {
    for (let set = 0; set < 8; set++) {
      const flags = (set & 1 ? EFD_CLOEXEC : 0) | (set & 2 ? EFD_NONBLOCK : 0) |
        (set & 4 ? EFD_SEMAPHORE : 0);
      const fd = table.eventfd(3, flags);
      assertEquals(table.fcntl(fd, F_GETFD), set & 1 ? FD_CLOEXEC : 0);
      assertEquals(table.fcntl(fd, F_GETFL), set & 2 ? 0x802 : 0x2);
      assertEquals(read(table, fd), set & 4 ? 1n : 3n);
    }
  });
});

Deno.test("CR_19 the lowest free descriptor is used again", () => {
  onEveryRelease((table) => {
    const [first, second] = [table.eventfd(0, 0), table.eventfd(0, 0)];
    assertEquals([first, second], [3, 4]);
    table.close(first);
    assertEquals(table.eventfd(0, 0), first);
    assertEquals(table.eventfd(0, 0), 5);
  });
});

Deno.test("FileTable.eventfd() refuses with EMFILE at the limit and works again after a close", () => {
  const table = new FileTable(undefined, { limit: 5 });
  const fds = [table.eventfd(0, 0), table.eventfd(0, 0)];
  assertEquals(outcome(() => table.eventfd(0, 0)), "EMFILE");
  assertEquals(outcome(() => table.dup(fds[0]!)), "EMFILE");
  table.close(fds[0]!);
  assertEquals(table.eventfd(0, 0), fds[0]);
});

Deno.test("FileTable.eventfd() checks the flags before it looks for a descriptor", () => {
  const table = new FileTable(undefined, { limit: 3 });
  assertEquals(outcome(() => table.eventfd(0, 2)), "EINVAL");
  assertEquals(outcome(() => table.eventfd(0, 0)), "EMFILE");
});

Deno.test("FileTable.eventfd() refuses numbers that are no integers as misuse", () => {
  const table = new FileTable();
  assertThrows(() => table.eventfd(1.5, 0), TypeError);
  assertThrows(() => table.eventfd(0, NaN), TypeError);
});

Deno.test("FileTable.eventfd() starts from the initial value in both modes", () => {
  const table = new FileTable();
  assertEquals(count(table, table.eventfd(7, 0)), 7n);
  assertEquals(count(table, table.eventfd(7, EFD_SEMAPHORE)), 7n);
  assertNotEquals(count(table, table.eventfd(8, 0)), 7n);
});

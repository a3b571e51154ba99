import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { KvmError } from "@ioeventfd/uapi";
import { EFD_NONBLOCK, F_GETFD } from "../mod.ts";
import { FULL, MAX, onEveryRelease, outcome, read, write } from "../testdata/case_kit.ts";

Deno.test("GL_01 eventfd_write of 10, eventfd_read of 10, then EAGAIN", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    table.eventfdWrite(fd, 10n);
    assertEquals(table.eventfdRead(fd), 10n);
    assertEquals(outcome(() => table.eventfdRead(fd)), "EAGAIN");
  });
});

Deno.test("GL_02 eventfd_write of 2^64-1 is EINVAL, 2^64-2 the largest legal value", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    assertEquals(outcome(() => table.eventfdWrite(fd, MAX)), "EINVAL");
    table.eventfdWrite(fd, FULL);
    assertEquals(table.eventfdRead(fd), FULL);
  });
});

Deno.test("GL_03 an initial value of 2, then EAGAIN, then three posts", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(2, EFD_NONBLOCK);
    assertEquals([read(table, fd), read(table, fd)], [2n, "EAGAIN"]);
    for (let i = 0; i < 3; i++) table.eventfdWrite(fd, 1n);
    assertEquals(read(table, fd), 3n);
  });
});

Deno.test("GL_05 an eventfd made with flags 0 is inheritable", () => {
  onEveryRelease((table) => {
    assertEquals(table.fcntl(table.eventfd(0, 0), F_GETFD), 0);
  });
});

Deno.test("GL_06 an empty non-blocking read is errno 11", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, EFD_NONBLOCK);
    const error = assertThrows(() => table.eventfdRead(fd));
    assertInstanceOf(error, KvmError);
    assertEquals([error.errno, error.code], [11, "EAGAIN"]);
  });
});

Deno.test("GL_07 writing 2^64-1 is EINVAL", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const error = assertThrows(() => table.eventfdWrite(fd, MAX));
    assertInstanceOf(error, KvmError);
    assertEquals(error.errno, 22);
  });
});

Deno.test("GL_08 poll masks 4, 5 and 1 at 0, 23 and 2^64-2", () => {
  onEveryRelease((table) => {
    const fd = table.eventfd(0, 0);
    const masks = [table.poll(fd)];
    write(table, fd, 23n);
    masks.push(table.poll(fd));
    write(table, fd, FULL - 23n);
    masks.push(table.poll(fd));
    assertEquals(masks, [4, 5, 1]);
  });
});

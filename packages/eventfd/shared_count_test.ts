import { assertEquals } from "@std/assert";
import { SharedCount } from "./_shared_count.ts";
import { READERS, WRITERS } from "./_sleepers.ts";

const { flag } = WRITERS;

Deno.test("SharedCount.take() takes the flag down, or never touches it", () => {
  for (const one of [false, true]) {
    for (const hi of [0, 1]) {
      const words = new Int32Array(new SharedArrayBuffer(64));
      const count = new SharedCount(words);
      const out = new Int32Array(2);
      count.want(flag | READERS.flag);
      count.add(2, hi);
      assertEquals(count.take(out, one, 0), 0, "nobody is told");
      count.add(2, hi);
      assertEquals([count.take(out, one), count.value > 0n], [flag, one], "the next read tells");
      count.add(2, hi);
      assertEquals(count.take(out, one), 0, "once");
    }
  }
});

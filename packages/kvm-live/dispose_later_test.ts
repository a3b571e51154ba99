import { assertEquals, assertThrows } from "@std/assert";
import { DisposeLater } from "./dispose_later.ts";

function resource(name: string, log: string[], fails = false): Disposable {
  return {
    [Symbol.dispose]: () => {
      log.push(name);
      if (fails) throw new Error(name);
    },
  };
}

Deno.test("DisposeLater.push() disposes the oldest when too many wait", () => {
  const log: string[] = [];
  const later = new DisposeLater(1);
  later.push(resource("a", log));
  assertEquals(log, []);
  later.push(resource("b", log));
  later.push(resource("c", log));
  assertEquals(log, ["a", "b"]);
});

Deno.test("DisposeLater[Symbol.dispose]() disposes the rest in order, whatever throws", () => {
  const log: string[] = [];
  const later = new DisposeLater(3);
  for (const name of ["a", "b", "c"]) later.push(resource(name, log, name === "b"));
  assertThrows(() => later[Symbol.dispose](), Error, "b");
  assertEquals(log, ["a", "b", "c"]);
});

Deno.test("DisposeLater() refuses a number of resources that is none", () => {
  assertThrows(() => new DisposeLater(-1), RangeError, "-1");
});

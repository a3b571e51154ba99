import { assertEquals, assertThrows } from "@std/assert";
import { mmioDoorbell, pioDoorbell, showDoorbell } from "./doorbell.ts";

Deno.test("mmioDoorbell() and pioDoorbell() are of any length unless told otherwise", () => {
  assertEquals(mmioDoorbell(0xfebfb000n), { bus: "mmio", addr: 0xfebfb000n, match: { len: 0 } });
  assertEquals(pioDoorbell(0xc010n, 2), { bus: "pio", addr: 0xc010n, match: { len: 2 } });
  assertEquals(pioDoorbell(0xc010n, 2, 1n).match, { len: 2, datamatch: 1n });
  assertThrows(() => mmioDoorbell(0n, 0, 1n), TypeError, "any length has no datamatch");
});

Deno.test("showDoorbell() says bus, address, length and value", () => {
  assertEquals(showDoorbell(mmioDoorbell(0xfebfb000n)), "mmio 0xfebfb000 any length");
  assertEquals(showDoorbell(pioDoorbell(0xc010n, 2)), "pio 0xc010 len 2");
  assertEquals(showDoorbell(pioDoorbell(0xc010n, 2, 255n)), "pio 0xc010 len 2 datamatch 0xff");
});

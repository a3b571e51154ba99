import { assertEquals } from "@std/assert";
import { type IoeventfdRules, kernelReleases, release } from "@ioeventfd/uapi";
import { collides, type CollisionShape } from "./collides.ts";

const now = release("6.19").ioeventfd;

/** A registration at 0x1000 on MMIO. */
function at(len: number, datamatch: bigint | null = null): CollisionShape {
  return { bus: "mmio", addr: 0x1000n, len, datamatch };
}

Deno.test("collides() lets zero length have its address alone, and names the older first", () => {
  for (const len of [1, 2, 4, 8]) {
    assertEquals(collides(now, at(0), at(len)), "existing-zero-length");
    assertEquals(collides(now, at(0), at(len, 7n)), "existing-zero-length");
    assertEquals(collides(now, at(len), at(0)), "new-zero-length");
    assertEquals(collides(now, at(len, 7n), at(0)), "new-zero-length");
  }
  assertEquals(collides(now, at(0), at(0)), "existing-zero-length");
});

Deno.test("collides() forbids two of one length, unless both compare, and different values", () => {
  for (const len of [1, 2, 4, 8]) {
    assertEquals(collides(now, at(len), at(len)), "wildcard");
    assertEquals(collides(now, at(len, 7n), at(len)), "wildcard");
    assertEquals(collides(now, at(len), at(len, 7n)), "wildcard");
    assertEquals(collides(now, at(len, 7n), at(len, 7n)), "datamatch");
    assertEquals(collides(now, at(len, 7n), at(len, 8n)), null);
  }
});

Deno.test("collides() lets different lengths stand at one address, whatever they compare", () => {
  for (const one of [1, 2, 4, 8]) {
    for (const other of [1, 2, 4, 8].filter((len) => len !== one)) {
      assertEquals(collides(now, at(one), at(other)), null);
      assertEquals(collides(now, at(one, 7n), at(other, 7n)), null);
    }
  }
});

Deno.test("collides() looks at one bus and one address: what only overlaps does not collide", () => {
  assertEquals(collides(now, at(4), { ...at(4), bus: "pio" }), null);
  assertEquals(collides(now, at(4), { ...at(4), addr: 0x1002n }), null);
  assertEquals(collides(now, at(0), { ...at(0), addr: 0x1_0000_1000n }), null);
});

Deno.test("collides() knows zero length in releases that have it, on either bus", () => {
  const nowhere: IoeventfdRules = { ...now, zeroLengthMmio: false, zeroLengthPio: false };
  assertEquals(collides(nowhere, at(0), at(4)), null);
  assertEquals(collides(nowhere, at(0), at(0)), "wildcard");
  for (const rules of [{ ...nowhere, zeroLengthMmio: true }, { ...nowhere, zeroLengthPio: true }]) {
    assertEquals(collides(rules, at(0), at(4)), "existing-zero-length");
  }
  const [first, ...others] = kernelReleases;
  assertEquals(collides(first!.ioeventfd, at(0), at(4)), null);
  for (const { ioeventfd } of others) {
    assertEquals(collides(ioeventfd, at(0), at(4)), "existing-zero-length");
  }
});

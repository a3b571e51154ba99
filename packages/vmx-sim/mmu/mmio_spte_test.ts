import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { kernelReleases, release } from "@ioeventfd/uapi";
import {
  isMmioSpte,
  mmioGeneration,
  mmioSpte,
  mmioSpteGeneration,
  mmioSpteLayout,
} from "./mmio_spte.ts";

const worked = [
  ["3.16", 0, 0x7ff69, 0xfff0_0000_febd_0b4en],
  ["3.16", 151, 0, 0xc000_0000_febd_0006n],
  ["4.4", -150, 0xfff6a, 0xfff0_0000_febd_0daen],
  ["6.19", 0, 0, 0xfebd_0006n],
  ["6.19", 2, 2, 0xfebd_0016n],
] as const;

for (const [name, memslotGeneration, generation, spte] of worked) {
  Deno.test(`mmioSpte() of ${name} at memslot generation ${memslotGeneration}`, () => {
    const layout = mmioSpteLayout(release(name).x86, "ept");
    assertEquals(mmioGeneration(layout, memslotGeneration), generation);
    assertEquals(mmioSpte(layout, 0xfebd_0000, 0, generation), spte);
  });
}

Deno.test("mmioSpteGeneration() reads back what mmioSpte() stored, in every release and paging mode", () => {
  fc.assert(fc.property(
    fc.constantFrom(...kernelReleases),
    fc.constantFrom("ept" as const, "shadow" as const),
    fc.integer({ min: -150, max: 0x20_0000 }),
    fc.integer({ min: 0, max: 0x7_ffff }),
    fc.nat(0xffff_ffff),
    (kernel, paging, memslotGeneration, gpaHi, gpaLo) => {
      const layout = mmioSpteLayout(kernel.x86, paging);
      const generation = mmioGeneration(layout, memslotGeneration);
      const spte = mmioSpte(layout, gpaLo, gpaHi, generation);
      const lo = Number(spte & 0xffff_ffffn) | 0;
      const hi = Number(spte >> 32n) | 0;
      assertEquals(mmioSpteGeneration(layout, lo, hi), generation);
      assert(isMmioSpte(layout, lo, hi));
    },
  ));
});

Deno.test("isMmioSpte() refuses empty and RAM entries", () => {
  for (const kernel of kernelReleases) {
    const layout = mmioSpteLayout(kernel.x86, "ept");
    assert(!isMmioSpte(layout, 0, 0));
    assert(!isMmioSpte(layout, 0x1000 | 0x37, 0));
  }
});

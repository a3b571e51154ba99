import { assertEquals } from "@std/assert";
import { parseVector, runVector } from "@ioeventfd/conform";
import { VmxBackend } from "./mod.ts";

const text = await Deno.readTextFile(new URL("./testdata/guest.jsonl", import.meta.url));
const vectors = text.trim().split("\n").map((line) => parseVector(line));

for (const paging of ["shadow", "ept"] as const) {
  Deno.test(`the sample of recorded guests runs as on the live kernel with ${paging}`, () => {
    const backend = new VmxBackend({ paging });
    const wrong = vectors.flatMap((vector) => {
      const { outcome, differences } = runVector(backend, vector);
      // The recording host has no EPT, and so no fast path: a REP store at a zero length differs.
      const isFastRep = paging === "ept" && vector.kind === "guest" &&
        vector.tag.startsWith("rep-") && vector.registrations.some(({ len }) => len === 0);
      return outcome === "passed" || isFastRep ? [] : [{ id: vector.id, outcome, differences }];
    });
    assertEquals(wrong, []);
  });
}

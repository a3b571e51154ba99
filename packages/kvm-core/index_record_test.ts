// What a record of the index can say in two words, up to the limits of its bits.
import { assertEquals } from "@std/assert";
import {
  COVERED,
  DATAMATCH,
  DIRTY,
  LEN,
  OWN,
  PLACE,
  SEVERAL,
  SLOW,
  tagOf,
} from "./_index_record.ts";
import { interfere, lengthCode } from "./_lengths.ts";

const MOST_PLACE = 2 ** 26 - 1, MOST_REF = 2 ** 19 - 1;

Deno.test("tagOf() holds place and length of a plain doorbell, whatever they are", () => {
  for (const place of [0, 1, 0x1234567, MOST_PLACE]) {
    for (const len of [0, 1, 2, 4, 8]) {
      const tag = tagOf(len, 5, place);
      assertEquals([tag > 0, tag >>> PLACE, tag & LEN], [true, place, len]);
    }
  }
});

Deno.test("tagOf() is the complement of the number where it is not plain, or a number does not fit", () => {
  for (const ref of [0, 1, 77, MOST_REF, MOST_REF + 1]) {
    for (const flag of [SEVERAL, DATAMATCH, COVERED, 0x100, 0x1000, SLOW]) {
      assertEquals(tagOf(4 | flag, ref, 3), ~ref);
    }
    assertEquals(tagOf(4, ref, MOST_PLACE + 1), ~ref);
    assertEquals(tagOf(4, ref, 0) > 0, ref <= MOST_REF);
  }
});

Deno.test("META keeps the number of every plain doorbell beside its flags", () => {
  assertEquals((MOST_REF << OWN) >>> OWN, MOST_REF);
  assertEquals((LEN | SEVERAL | DATAMATCH | DIRTY) >>> OWN, 0);
  // The most that interfere: 7 below, 7 above, and a zero length at its end.
  assertEquals((DIRTY & ~COVERED) >= 15 << 8, true);
});

Deno.test("interfere() is an overlap of half-open ranges, or a zero length in a closed one", () => {
  for (const lower of [-1, 0, 1, 2, 4, 8]) {
    for (const upper of [-1, 0, 1, 2, 4, 8]) {
      for (let distance = 1; distance <= 9; distance++) {
        const isThere = lower >= 0 && upper >= 0;
        const meet = upper === 0 ? distance <= lower : distance < lower;
        assertEquals(interfere(lower, upper, distance), isThere && meet, `${lower} ${upper}`);
      }
    }
  }
  assertEquals([1, 2, 4, 8].map(lengthCode), [0, 1, 2, 3]);
});

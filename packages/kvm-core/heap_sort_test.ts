import { assertEquals } from "@std/assert";
import { heapSort } from "./_heap_sort.ts";

/** Sorts names by their first letter. */
function sorted(names: readonly string[]): string[] {
  const items = [...names];
  heapSort(items, (a, b) => Math.sign(a.charCodeAt(0) - b.charCodeAt(0)));
  return items;
}

Deno.test("heapSort() leaves equal ones where the heap of the kernel does", () => {
  // Of two equal children the left one rises: b1 above a, then a above b2 again.
  assertEquals(sorted(["a", "b1", "b2"]), ["a", "b2", "b1"]);
  assertEquals(sorted(["b1", "a", "b2"]), ["a", "b2", "b1"]);
  assertEquals(sorted(["b1", "b2", "a"]), ["a", "b2", "b1"]);
  assertEquals(sorted(["a1", "b", "a2"]), ["a1", "a2", "b"]);
});

Deno.test("heapSort() sorts, whatever the number of items", () => {
  for (let count = 0; count < 20; count++) {
    const letters = Array.from(
      { length: count },
      (_, i) => String.fromCharCode(97 + i * 7 % count),
    );
    assertEquals(sorted(letters), letters.toSorted());
  }
});
